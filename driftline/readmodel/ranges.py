"""Which part of a history is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """The newest ``limit`` entries of ``[since, until)``; a missing end is open."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int = 200

    def parameters(self) -> dict[str, int]:
        """Query parameters ``since_ms``, ``until_ms`` (Unix milliseconds) and ``limit``."""
        return {
            "since_ms": milliseconds(self.since or _EPOCH),
            "until_ms": milliseconds(self.until or _FOREVER),
            "limit": self.limit,
        }


def milliseconds(moment: datetime) -> int:
    """Unix time in milliseconds; the driver would cut a ``DateTime64`` parameter to whole seconds.

    >>> milliseconds(datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC))
    1500
    """
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


EVERYTHING = Range(limit=1000)
