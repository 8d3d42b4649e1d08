"""The bounded queue between the threads that record and the one that sends, and what did not fit."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

Key = tuple[str, str]
"""Model and version."""

OVERFLOW = "client_overflow"
AWAY = "tap_overflow"
MALFORMED = "malformed_body"
TOO_LARGE = "body_too_large"


Values = list[tuple[str, Any]]
Record = tuple[int, Key, Values | None, Values | None, str | None, str | None, float | None, str, float, bool]
"""Bytes, model and version, inputs, outputs, event id, trace id, latency in ms, status, epoch seconds, and
whether the first axis is the batch. A plain tuple: making anything more costs the caller."""


class Buffer:
    """Holds records up to a number and a size in bytes; the newest is dropped when there is no room.

    Recording takes no lock. ``size`` may drift by what two threads add in the same instant, and is right
    again whenever the queue is empty.

    Attributes
    ----------
    records
        The queue.
    size
        About how many bytes it holds.
    """

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self.limit = limit
        self.limit_bytes = limit_bytes
        self.records: deque[Record] = deque()
        self.size = 0
        self._forget_losses()

    def clear(self) -> None:
        """Start anew in a forked process, where another thread may have held the lock."""
        self.records.clear()
        self.size = 0
        self._forget_losses()

    def _forget_losses(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may record
        self._lost: Counter[tuple[Key, str]] = Counter()

    def take(self) -> Record | None:
        """The oldest record, or ``None``."""
        try:
            record = self.records.popleft()
        except IndexError:
            self.size = 0
            return None
        self.size -= record[0]
        return record

    def lose(self, key: Key, rows: int, reason: str) -> None:
        """Count inferences that do not reach the collector."""
        with self._lock:
            self._lost[key, reason] += rows

    def losses(self) -> bool:
        """Whether there are losses to report."""
        return bool(self._lost)

    def take_losses(self) -> list[tuple[Key, str, int]]:
        """Losses since the last call: model and version, reason, rows; they are the caller's to report."""
        with self._lock:
            lost, self._lost = self._lost, Counter()
        return [(key, reason, rows) for (key, reason), rows in lost.items()]
