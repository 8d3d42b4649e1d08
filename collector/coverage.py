"""How much of the traffic became events, counted by model, version, instance and tap until it is written."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from collector.reasons import DropReason, Tap


class Source(NamedTuple):
    """What coverage is counted by."""

    model: str
    version: str
    instance: str
    tap: Tap


@dataclass(slots=True)
class _Counts:
    kept: int = 0
    unsampled: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class CoverageLedger:
    """Counts inferences (rows) when their fate is known, so ``seen = kept + unsampled + dropped`` always.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Source, _Counts] = {}
        self._totals: Counter[tuple[str, str]] = Counter()

    def kept(self, source: Source, rows: int) -> None:
        """Rows were stored."""
        with self._lock:
            self._of(source).kept += rows
            self._totals[source.tap, "kept"] += rows

    def unsampled(self, source: Source, rows: int) -> None:
        """Rows were left out by sampling."""
        with self._lock:
            self._of(source).unsampled += rows
            self._totals[source.tap, "unsampled"] += rows

    def dropped(self, source: Source, rows: int, reason: DropReason) -> None:
        """Rows should have been stored and were not."""
        with self._lock:
            self._of(source).dropped[reason] += rows
            self._totals[source.tap, reason] += rows

    def settled(self, source: Source, rows: int, fate: Literal["kept"] | DropReason) -> None:
        """The fate of rows is known that are counted elsewhere (with their batch); they enter the totals."""
        with self._lock:
            self._totals[source.tap, fate] += rows

    def totals(self) -> dict[tuple[str, str], int]:
        """Rows since the start by tap and fate: ``kept``, ``unsampled`` or the reason of a drop."""
        with self._lock:
            return dict(self._totals)

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
            "model": [source.model for source, _ in rows],
            "version": [source.version for source, _ in rows],
            "instance": [source.instance for source, _ in rows],
            "tap": [source.tap for source, _ in rows],
            "seen": [count.kept + count.unsampled + count.dropped.total() for _, count in rows],
            "kept": [count.kept for _, count in rows],
            "unsampled": [count.unsampled for _, count in rows],
            "dropped": [dict(count.dropped) for _, count in rows],
        }

    def _of(self, source: Source) -> _Counts:
        return self._counts.setdefault(source, _Counts())
