"""What is hidden of a field before it leaves the process that reads it: the rule, as its owner declares it.

The rule is part of the contract; ``collector/redaction.py`` carries it out.
"""

from __future__ import annotations

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

LONGEST_PATTERN = 500
MOST_REPLACEMENTS = 20
WIDE_REPEAT = 100


class Replacement(BaseModel):
    """One regular expression and what its matches become."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)

    pattern: str = Field(
        min_length=1,
        max_length=LONGEST_PATTERN,
        description="Regular expression in Python's syntax; an open repeat within one is refused.",
    )
    with_: str = Field(default="", alias="with", description="What a match becomes; \\1 is its first group.")

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from error
        if repeats_within_a_repeat(value):
            raise ValueError(
                f"{value!r} repeats a group that holds a repeat, which can take exponential time; "
                "write it without the outer or the inner one"
            )
        return value

    @model_validator(mode="after")
    def _replaces(self) -> Self:
        try:
            re.compile(self.pattern).sub(self.with_, "")
        except (re.error, IndexError) as error:
            raise ValueError(f"{self.with_!r} is no replacement for {self.pattern!r}: {error}") from error
        return self


class Redaction(BaseModel):
    """What is hidden of a field: all of it, or in this order replaced, truncated and hashed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drop: bool = Field(default=False, description="Keep nothing: the field is missing. Numbers too.")
    replace: tuple[Replacement, ...] = Field(
        default=(),
        max_length=MOST_REPLACEMENTS,
        description="Replace the matches of regular expressions, one after the other.",
    )
    truncate: int | None = Field(default=None, ge=1, description="Keep so many characters at the start.")
    hash: bool = Field(
        default=False,
        description="Keep a keyed hash only: equal values stay equal, so that they can still be counted.",
    )

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        alters = bool(self.replace) or self.truncate is not None or self.hash
        if self.drop and alters:
            raise ValueError("drop leaves nothing to replace, truncate or hash; declare it alone")
        if not self.drop and not alters:
            raise ValueError("a redaction says one of drop, replace, truncate and hash")
        return self


def repeats_within_a_repeat(pattern: str) -> bool:
    """Whether a group that holds an open repeat is itself repeated openly, as in ``(a+)*``.

    Such a pattern can try exponentially many ways to fail on a short text, and Python's engine cannot be
    stopped while it does. Open means without an upper limit, or one above 100. Not found: alternatives
    that match the same text, as in ``(a|a)*``, and open repeats side by side, whose time grows with a
    power of the length.

    >>> [repeats_within_a_repeat(pattern) for pattern in (r"(a+)*b", r"((x\\d{2,})y)+", r"(?:\\d{4} ?){3,4}")]
    [True, True, False]
    """
    holds = [False]  # of each group that is open here, whether it holds an open repeat
    group = False  # whether what a repeat would repeat is such a group
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        text = token.group() if token else pattern[at]
        at += len(text)
        if text.startswith("("):
            holds.append(False)
            group = False
        elif text == ")":
            group = holds.pop() if len(holds) > 1 else False
            holds[-1] |= group
        elif _is_open(text):
            if group:
                return True
            holds[-1] = True
        elif text != "?" and not text.startswith("{"):
            group = False
    return False


# An escape, a set, the start of a group with its flags, a counted repeat; else one character.
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P<\w+>|\(\?[:=!>]|\(\?<[=!]|\{\d*,?\d*\}", re.DOTALL)


def _is_open(text: str) -> bool:
    if text in ("*", "+"):
        return True
    if not text.startswith("{") or text in ("{", "{}"):
        return False
    least, comma, most = text[1:-1].partition(",")
    upper = most if comma else least
    return not upper or int(upper) > WIDE_REPEAT
