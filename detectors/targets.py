"""The windows that are judged in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Targets:
    """Successive windows of the clock grid.

    Attributes
    ----------
    first, count
        Number of the first window (its start in seconds since 1970 over the window's length), and how many.
    window_seconds
        Length of a window in seconds.
    """

    first: int
    count: int
    window_seconds: int

    def start(self, number: int) -> datetime:
        """Beginning of the window of this number."""
        return datetime.fromtimestamp(number * self.window_seconds, UTC)
