"""Traffic that a declarative mapping describes; see :class:`driftline.payload_mapping.PayloadMapping`.

A body without rows is one inference. With ``request_rows`` or ``response_rows`` there is one for each row: a
path that starts with ``@`` is looked up in the row; one that starts with ``$`` and can lead to several values
has to lead to one a row, in their order; any other belongs to all rows alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.codec import Body, Glance, Route
from collector.codecs.decoded import Inference, Tensor, clean_text
from collector.codecs.json_body import read_value
from collector.codecs.json_column import json_column
from collector.codecs.json_paths import PathReader
from collector.codecs.shapes import ElementRoom
from collector.reasons import Undecodable
from driftline.payload_mapping import PayloadMapping, path_pattern

SEARCHED_BYTES = 256 * 1024
"""Largest body whose fields are found by filters, slices or descendants."""


class Mapped:
    """The codec of one mapping; see :class:`collector.codecs.codec.Codec`."""

    def __init__(self, mapping: PayloadMapping) -> None:
        self._method = mapping.method.upper()
        self._pattern = path_pattern(mapping.path)
        self._model = _Name(mapping.model)
        self._version = _Name(mapping.version)
        self._asked = _Half.of(mapping.request, mapping.request_rows)
        self._answered = _Half.of(mapping.response, mapping.response_rows)

    def route(self, method: str, path: str) -> Route | None:
        """The route of a request by its path without the query, if it is one of this mapping."""
        match = self._pattern.fullmatch(path) if method == self._method else None
        return Route(self, self._model.in_path(match), self._version.in_path(match)) if match else None

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows, and what the bodies tell of model and version; they are parsed only if that is needed."""
        try:
            request, response = self._bodies(asked, answered, fields=False)
            rows = [half.rows_of(value) for half, value in self._halves(request, response)]
        except Undecodable:
            # An error's page is no JSON, and the request tells the model all the same.
            return self.glance(asked, None) if answered is not None else Glance(1)
        count = next((len(found) for found in rows if found is not None), 1)
        return Glance(
            max(1, count), self._model.in_body(response, request), self._version.in_body(response, request)
        )

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        Raises
        ------
        Undecodable
            ``malformed_body`` when a body that is needed is no JSON or has no rows where they should be;
            ``body_too_large``.
        """
        request, response = self._bodies(asked, answered, fields=True)
        asked_rows, answered_rows = (half.rows_of(value) for half, value in self._halves(request, response))
        rows = asked_rows if asked_rows is not None else answered_rows
        count = 1 if rows is None else len(rows)
        faults: dict[str, str] = {}
        room = ElementRoom()
        inputs = self._asked.tensors(request, asked_rows, count, faults, room)
        outputs = self._answered.tensors(response, answered_rows, count, faults, room)
        return Inference(
            request_id="",
            version=self._version.in_body(response, request),
            rows=max(1, count),
            batched=True,
            inputs=inputs,
            outputs=outputs,
            faults=faults,
            model=self._model.in_body(response, request),
        )

    def _halves(self, request: Any, response: Any) -> Iterable[tuple[_Half, Any]]:
        return (self._asked, request), (self._answered, response)

    def _bodies(self, asked: Body | None, answered: Body | None, *, fields: bool) -> tuple[Any, Any]:
        """The parsed bodies; a body that nothing is read from need not be JSON and is ``ABSENT``."""
        names = [name.reader for name in (self._model, self._version) if name.reader is not None]
        found = []
        for body, half in ((asked, self._asked), (answered, self._answered)):
            readers = [*names, *half.readers(fields=fields)]
            if body is None or not readers:
                found.append(ABSENT)
                continue
            if len(body.data) > SEARCHED_BYTES and any(reader.searches for reader in readers):
                raise Undecodable(
                    "body_too_large", f"more than {SEARCHED_BYTES} bytes to search by JSON path"
                )
            found.append(read_value(body.data))
        return found[0], found[1]


class _Absent:
    """In place of a body that is not there, since null is a body too."""


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    reader: PathReader
    of_row: bool


@dataclass(frozen=True, slots=True)
class _Half:
    """What is read from requests or from responses."""

    fields: tuple[_Field, ...]
    rows: PathReader | None

    @classmethod
    def of(cls, fields: Mapping[str, str], rows: str) -> _Half:
        return cls(
            tuple(
                _Field(name, PathReader(f"${path[1:]}"), of_row=path.startswith("@"))
                for name, path in fields.items()
            ),
            PathReader(rows) if rows else None,
        )

    def readers(self, *, fields: bool) -> list[PathReader]:
        """What looks at a body, with or without the fields."""
        found = [field.reader for field in self.fields] if fields else []
        return found if self.rows is None else [*found, self.rows]

    def rows_of(self, body: Any) -> list[Any] | None:
        """The rows of a body; ``None`` when it is absent or the mapping does not say where they are."""
        if self.rows is None or body is ABSENT:
            return None
        found = self.rows.first(body)
        if type(found) is not list:
            raise Undecodable("malformed_body", "no list of rows where the mapping says")
        return found

    def tensors(
        self, body: Any, rows: list[Any] | None, count: int, faults: dict[str, str], room: ElementRoom
    ) -> dict[str, Tensor]:
        if body is ABSENT:
            return {}
        found: dict[str, Tensor] = {}
        for field in self.fields:
            try:
                found[field.name] = json_column(field.name, _values(field, body, rows, count), room)
            except BadTensor as error:
                faults[field.name] = error.fault
        return found


def _values(field: _Field, body: Any, rows: list[Any] | None, count: int) -> list[Any]:
    """One value a row."""
    if field.of_row:
        values = [field.reader.first(row) for row in rows or ()]
    elif field.reader.single or rows is None:
        values = [field.reader.first(body)] * count
    else:
        values = field.reader.find(body)
    if len(values) != count:
        raise BadTensor("rows_differ")
    return values


class _Name:
    """A model or version: literal, from parts of the path, or from a body."""

    def __init__(self, declared: str) -> None:
        self.reader = PathReader(declared) if declared.startswith("$") else None
        self._template = "" if self.reader else declared
        self._literal = self._template if "{" not in self._template else ""

    def in_path(self, match: re.Match[str]) -> str:
        """As far as the path tells."""
        if self._literal or not self._template:
            return self._literal
        parts = {name: unquote(value or "") for name, value in match.groupdict().items()}
        return clean_text(re.sub(r"\{(\w+)\}", lambda part: parts[part[1]], self._template))

    def in_body(self, *bodies: Any) -> str:
        """From the first body that tells."""
        for body in bodies:
            value = self.reader.first(body) if self.reader is not None and body is not ABSENT else None
            if type(value) is str or type(value) is int:
                return clean_text(str(value))
        return ""
