"""Which labelled events are asked for, and in which portions they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from driftline.store import Store, load_sql

ROWS_A_PORTION: Final = 3_000_000
"""Numbers (events, times scores an event) that one query brings at most: it bounds memory, here and there."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Labelled events of one model and one kind of label.

    Attributes
    ----------
    name
        Kind of label: empty for truths, else a business figure.
    since, until
        Half-open; ``since`` on a window border.
    window
        Length of a window.
    versions
        Those that count; all when empty.
    merged
        All versions as one, under the version ``""``.
    excluded, excluded_seconds
        Numbers since 1970 of windows of that length to leave out.
    modulus
        One of so many events takes part where events are needed one by one.
    """

    model: str
    recipe: int
    name: str
    since: datetime
    until: datetime
    window: timedelta
    versions: tuple[str, ...] = ()
    merged: bool = False
    excluded: tuple[int, ...] = ()
    excluded_seconds: int = 3600
    modulus: int = 1

    def params(self) -> dict[str, Any]:
        """Parameters that all statements share."""
        return {
            "model": self.model,
            "recipe": self.recipe,
            "name": self.name,
            "since": self.since,
            "until": self.until,
            "window_ms": round(self.window.total_seconds() * 1000),
            "versions": list(self.versions),
            "merged": int(self.merged),
            "excluded": list(self.excluded),
            "excluded_ms": self.excluded_seconds * 1000,
        }

    def start(self, number: int) -> datetime:
        """Start of a window by its number."""
        return self.since + number * self.window

    def end(self, number: int) -> datetime:
        """End of a window by its number; the last one ends with the scope."""
        return min(self.start(number) + self.window, self.until)


def portions(
    store: Store,
    scope: Scope,
    *,
    most: int,
    starts: Collection[datetime] | None = None,
    by_characters: bool = False,
) -> Iterator[Scope]:
    """Cut a scope into stretches of windows that hold at most so many rows, or characters, each.

    A window that holds more comes alone, with a modulus that makes up for it. Windows without labelled
    events are in no stretch unless they lie within one.

    Parameters
    ----------
    most
        Rows, or characters when ``by_characters``.
    starts
        Only windows that begin at these moments.
    """
    found = store.query_columns(load_sql(__file__, "plan"), scope.params() | {"texts": int(by_characters)})
    sizes: dict[int, int] = {}
    wanted = None if starts is None else set(starts)
    counted = found["characters"] if by_characters else found["rows"]
    for number, size in zip(found["window"], counted, strict=True):
        if wanted is None or scope.start(number) in wanted:
            sizes[number] = sizes.get(number, 0) + size
    stretch: list[int] = []
    held = 0
    for number in sorted(sizes):
        skips = wanted is not None and stretch and number != stretch[-1] + 1
        if stretch and (skips or held + sizes[number] > most):
            yield _stretch(scope, stretch, held, most)
            stretch, held = [], 0
        stretch.append(number)
        held += sizes[number]
    if stretch:
        yield _stretch(scope, stretch, held, most)


def _stretch(scope: Scope, windows: list[int], held: int, most: int) -> Scope:
    return replace(
        scope,
        since=scope.start(windows[0]),
        until=scope.end(windows[-1]),
        modulus=max(1, -(-held // most)),
    )


def unpacked(packed: bytes) -> NDArray[np.float64]:
    """Numbers of ``formatRow('RowBinary', array)``: a varint that counts them, then float64 each.

    >>> unpacked(bytes([1]) + np.array([0.5]).tobytes()).tolist()
    [0.5]
    """
    first = next(index for index, byte in enumerate(packed) if byte < 128) + 1
    return np.frombuffer(packed, dtype="<f8", offset=first).astype(np.float64)


def sampling_note(modulus: int) -> str:
    """What to say of curves drawn from a part of the events."""
    return f"curve drawn from 1 of {modulus} events" if modulus > 1 else ""
