"""Lengths of time as rules write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def parse_duration(text: object) -> timedelta:
    """A length of time; ``ValueError`` says what one looks like.

    >>> parse_duration("1h30m"), parse_duration("2d"), parse_duration(0)
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=2), datetime.timedelta(0))
    """
    if isinstance(text, timedelta):
        return text
    if text in (0, "0"):
        return timedelta(0)
    compact = text.replace(" ", "").lower() if isinstance(text, str) else ""
    if not compact or _PART.sub("", compact):
        raise ValueError(f"{text!r} is no length of time: write it as 30s, 15m, 1h30m, 2d or 1w")
    return timedelta(seconds=sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(compact)))


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A field of a rule that holds a length of time."""
