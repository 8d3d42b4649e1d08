"""Declarative mappings: how to read the traffic of a server that speaks none of the known protocols.

A mapping names the requests it is for by their path, and says by JSON paths (RFC 9535) where the fields are
in the JSON bodies. Everything is checked when the settings are loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from driftline.contracts import FIELD_NAME, MODEL_NAME

if TYPE_CHECKING:
    from jsonpath import JSONPath, JSONPathEnvironment

_GROUP = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_GLOB_PART = re.compile(r"\*\*|\*|\{[A-Za-z_][A-Za-z0-9_]*\}")


class PayloadMapping(BaseModel):
    """How the requests of one path are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        description="Path of the requests without their query: a glob (`*` is one part, `**` any number, "
        "`{name}` one part under a name), or a regular expression when it starts with `^`.",
    )
    method: str = Field(default="POST", description="HTTP method of the requests.")
    model: str = Field(
        description="Name of the model, `{name}` for that part of the path, or a JSON path that is looked up "
        "in the response, then in the request."
    )
    version: str = Field(default="", description="Version of the model, given as `model` is.")
    request_rows: str = Field(
        default="", description="JSON path of the list that holds a row per inference in a request."
    )
    response_rows: str = Field(
        default="", description="JSON path of the list that holds a row per inference in a response."
    )
    request: dict[str, str] = Field(
        default_factory=dict,
        description="Input field to its JSON path: `$` is the body, `@` the row of `request_rows`.",
    )
    response: dict[str, str] = Field(
        default_factory=dict,
        description="Output field to its JSON path: `$` is the body, `@` the row of `response_rows`.",
    )

    def __hash__(self) -> int:
        return hash(self.path)  # cheap, since every request is looked up by the mappings

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if not value.startswith(("/", "^")):
            raise ValueError("a path starts with / (a glob) or ^ (a regular expression)")
        path_pattern(value)
        return value

    @field_validator("request_rows", "response_rows")
    @classmethod
    def _rows(cls, value: str) -> str:
        if value:
            json_path(value)
        return value

    @field_validator("request", "response")
    @classmethod
    def _fields(cls, value: dict[str, str]) -> dict[str, str]:
        for name, path in value.items():
            if not FIELD_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no field name: 1-200 characters, no control character, no `")
            try:
                json_path(f"${path[1:]}" if path.startswith("@") else path)
            except ValueError as error:
                raise ValueError(f"field {name!r}: {error}") from error
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.request and not self.response:
            raise ValueError("map at least one field of request or response")
        groups = path_pattern(self.path).groupindex
        for setting, value in (("model", self.model), ("version", self.version)):
            for group in _GROUP.findall(value):
                if group not in groups:
                    raise ValueError(f"{setting} takes {{{group}}} from the path, which has no such part")
            if value.startswith("$"):
                try:
                    json_path(value)
                except ValueError as error:
                    raise ValueError(f"{setting}: {error}") from error
        if not self.model.startswith("$") and not MODEL_NAME.fullmatch(_GROUP.sub("x", self.model)):
            raise ValueError(f"model {self.model!r} is no model's name, no part of the path and no JSON path")
        self._check_rows("request", self.request, self.request_rows)
        self._check_rows("response", self.response, self.response_rows)
        return self

    def _check_rows(self, side: str, fields: Mapping[str, str], rows: str) -> None:
        for name, path in fields.items():
            if path.startswith("@") and not rows:
                raise ValueError(f"field {name!r} starts with @, the row, but {side}_rows is not set")


def path_pattern(path: str) -> re.Pattern[str]:
    """The expression that a path without its query has to match in full.

    Raises
    ------
    ValueError
        It is no regular expression, or a part is named twice.

    >>> path_pattern("/rank/{model}/*").fullmatch("/rank/films/v2")["model"]
    'films'
    """
    try:
        return re.compile(path if path.startswith("^") else _glob(path))
    except re.error as error:
        raise ValueError(f"not a path: {error}") from error


def _glob(path: str) -> str:
    expression, at = "", 0
    for match in _GLOB_PART.finditer(path):
        expression += re.escape(path[at : match.start()])
        at = match.end()
        if match[0] == "**":
            expression += ".*"
        else:
            expression += "[^/]+" if match[0] == "*" else f"(?P<{match[0][1:-1]}>[^/]+)"
    return expression + re.escape(path[at:])


def json_path(path: str) -> JSONPath:
    """A compiled JSON path.

    Raises
    ------
    ValueError
        It is none by RFC 9535; the text says what is wrong and where.
    """
    from jsonpath.exceptions import JSONPathError  # 8 MB that only a program with mappings pays

    if not path.startswith("$"):
        raise ValueError(f"{path!r} is no JSON path: it has to start with $")
    try:
        return _environment().compile(path)  # type: ignore[return-value]  # strict: never a compound path
    except JSONPathError as error:
        token = getattr(error, "token", None)
        place = f" at character {token.index + 1}" if token is not None and token.index >= 0 else ""
        raise ValueError(f"{path!r} is no JSON path: {error.args[0]}{place}") from error


@cache
def _environment() -> JSONPathEnvironment:
    from jsonpath import JSONPathEnvironment

    return JSONPathEnvironment(strict=True)
