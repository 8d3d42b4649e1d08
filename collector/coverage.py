"""How much of the traffic became events, counted by model and version until it is written."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.reasons import DropReason


@dataclass(slots=True)
class _Counts:
    kept: int = 0
    unsampled: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class CoverageLedger:
    """Counts inferences (rows) when their fate is known, so ``seen = kept + unsampled + dropped`` always.

    Safe to use from several threads.
    """

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], _Counts] = {}
        self.totals: Counter[str] = Counter()

    def kept(self, model: str, version: str, rows: int) -> None:
        """Rows were stored."""
        with self._lock:
            self._of(model, version).kept += rows
            self.totals["kept"] += rows

    def unsampled(self, model: str, version: str, rows: int) -> None:
        """Rows were left out by sampling."""
        with self._lock:
            self._of(model, version).unsampled += rows
            self.totals["unsampled"] += rows

    def dropped(self, model: str, version: str, rows: int, reason: DropReason) -> None:
        """Rows should have been stored and were not."""
        with self._lock:
            self._of(model, version).dropped[reason] += rows
            self.totals[reason] += rows

    def pending(self) -> bool:
        """Whether there are counts that :meth:`take` would return."""
        with self._lock:
            return bool(self._counts)

    def take(self) -> dict[str, Sequence[Any]]:
        """Columns for the table ``coverage`` of everything counted since the last call."""
        with self._lock:
            counts, self._counts = self._counts, {}
        now = datetime.now(UTC)
        rows = sorted(counts.items())
        return {
            "ts": [now] * len(rows),
            "model": [model for (model, _), _ in rows],
            "version": [version for (_, version), _ in rows],
            "instance": [self._instance] * len(rows),
            "seen": [count.kept + count.unsampled + count.dropped.total() for _, count in rows],
            "kept": [count.kept for _, count in rows],
            "unsampled": [count.unsampled for _, count in rows],
            "dropped": [dict(count.dropped) for _, count in rows],
        }

    def _of(self, model: str, version: str) -> _Counts:
        return self._counts.setdefault((model, version), _Counts())
