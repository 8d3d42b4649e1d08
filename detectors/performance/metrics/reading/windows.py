"""Which window, version and segment a row of sums belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class WindowKey(NamedTuple):
    """Version, number of the window in its portion, and value of the segment column."""

    version: str
    number: int
    segment: str


def window_keys(found: Mapping[str, Sequence[Any]]) -> list[WindowKey]:
    """Keys of the rows of a result that was read with strings as bytes."""
    return [
        WindowKey(text(version), number, text(segment))
        for version, number, segment in zip(found["version"], found["window"], found["segment"], strict=True)
    ]


def text(value: bytes) -> str:
    """A stored string; what is no UTF-8 in it is replaced."""
    return value.decode("utf-8", "replace")
