"""Stretches of event time with a bounded number of events: what one statement may hold in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


def slices(minutes: Iterable[tuple[datetime, int]], most: int) -> Iterator[tuple[datetime, datetime]]:
    """Half-open stretches of at most ``most`` events, newest first; a minute is never cut.

    Parameters
    ----------
    minutes
        Start of each minute that has events with their number, newest first.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> found = slices([(noon + 5 * MINUTE, 3), (noon + MINUTE, 2), (noon, 9)], most=5)
    >>> [(since.minute, until.minute) for since, until in found]
    [(1, 6), (0, 1)]
    """
    since: datetime | None = None
    until: datetime | None = None
    held = 0
    for minute, rows in minutes:
        if since is not None and until is not None and held + rows > most:
            yield since, until
            until, held = None, 0
        since, until, held = minute, until or minute + MINUTE, held + rows
    if since is not None and until is not None:
        yield since, until
