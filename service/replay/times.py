"""When the rows of a file came: ISO texts, numbers since 1970 or Arrow timestamps, as milliseconds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

EARLIEST_MS = 0
LATEST_MS = 3_976_214_400_000
"""From 1970 to 2096: times that the store can hold."""

SMALLEST_EPOCH = 1e8
"""Smaller numbers (before March 1973 in seconds) are row numbers or durations rather than times."""

BAD = np.int64(-1)

_UNITS = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (math.inf, 1e-6))
"""Limit of size and factor to milliseconds: of seconds, milliseconds, microseconds and nanoseconds."""

_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
"""Names of UTC that Python does not read."""


def milliseconds_of_numbers(values: Sequence[object], *, seconds: bool = False) -> NDArray[np.int64]:
    """Unix milliseconds of numbers; -1 where a number is no time.

    Parameters
    ----------
    values
        Numbers, ``None`` or NaN where missing.
    seconds
        They are known to be seconds since 1970 (an Arrow timestamp); otherwise the unit is told by their
        size: seconds, milliseconds, microseconds or nanoseconds.

    Examples
    --------
    >>> milliseconds_of_numbers([1.7e9, 1.7e12, 1.7e15, 12.0, None]).tolist()
    [1700000000000, 1700000000000, 1700000000000, -1, -1]
    """
    numbers = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        if seconds:
            found = numbers * 1e3
        else:
            found = np.full(numbers.size, math.nan)
            for limit, factor in reversed(_UNITS):
                found = np.where(np.abs(numbers) < limit, numbers * factor, found)
            found[~(numbers >= SMALLEST_EPOCH)] = math.nan
        good = (found >= EARLIEST_MS) & (found < LATEST_MS)
    return np.where(good, np.rint(np.where(good, found, 0)), BAD).astype(np.int64)


def milliseconds_of_texts(values: Sequence[object]) -> NDArray[np.int64]:
    """Unix milliseconds of texts: ISO 8601 (UTC without a zone) or numbers; -1 where a text is no time.

    Examples
    --------
    >>> milliseconds_of_texts(["2026-11-23T14:00:00+02:00", "2026-11-23 12:00 UTC", "soon", None]).tolist()
    [1795435200000, 1795435200000, -1, -1]
    """
    found = np.full(len(values), BAD, dtype=np.int64)
    for at, value in enumerate(values):
        if value is not None:
            found[at] = _of_text(str(value))
    return found


def _of_text(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(_ZONE.sub("+00:00", text.strip()))
        except ValueError:
            return _of_number(text)
    try:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError:
        return int(BAD)
    ms = round(seconds * 1000)
    return ms if EARLIEST_MS <= ms < LATEST_MS else int(BAD)


def _of_number(text: str) -> int:
    try:
        return int(milliseconds_of_numbers([float(text)])[0])
    except ValueError:
        return int(BAD)
