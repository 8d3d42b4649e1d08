"""Times and lengths of time as a command line takes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from driftline.errors import InvalidInput

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_moment(text: str, name: str) -> datetime:
    """A moment from ISO 8601; UTC when it names no zone.

    Raises
    ------
    InvalidInput
        The text is no such moment; ``name`` says where it came from.

    Examples
    --------
    >>> parse_moment("2026-11-23T14:00+02:00", "--window").isoformat()
    '2026-11-23T12:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"{name} takes a time like 2026-11-23T14:00, got {text!r}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def parse_length(text: str, name: str) -> timedelta:
    """A length of time from a number and s, m, h, d or w.

    Raises
    ------
    InvalidInput
        The text is no such length, or it is zero.

    Examples
    --------
    >>> parse_length("15m", "--window"), parse_length("1d", "--window")
    (datetime.timedelta(seconds=900), datetime.timedelta(days=1))
    """
    found = _LENGTH.fullmatch(text.strip().lower())
    length = float(found[1]) * _UNITS[found[2]] if found else timedelta(0)
    if not length:
        raise InvalidInput(f"{name} takes a length like 15m, 1h or 14d, got {text!r}")
    return length
