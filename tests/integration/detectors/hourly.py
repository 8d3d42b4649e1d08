"""Seeded hourly traffic of one model, and what monitoring might have found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from driftline.contracts import Contract, parse_contract
from driftline.store import Store
from tests.integration.detectors.traffic import send

HOUR = timedelta(hours=1)
BEGIN = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=6)
"""A midnight within the retention of events."""

CONTRACT = parse_contract(
    {
        "model": "hourly",
        "fields": [{"name": "x", "kind": "numeric"}, {"name": "c", "kind": "categorical"}],
    }
)


class Hours:
    """Rows sent an hour at a time; hours are numbered from ``begin``."""

    def __init__(self, store: Store, contract: Contract = CONTRACT, begin: datetime = BEGIN) -> None:
        self._store = store
        self._contract = contract
        self._begin = begin
        self._rng = np.random.default_rng(31)

    def now(self, hour: int) -> datetime:
        """The moment at which that hour begins, so that the one before is closed."""
        return self._begin + hour * HOUR

    def send(
        self,
        first: int,
        last: int,
        *,
        rows: int,
        version: str = "1",
        shift: float = 0.0,
        weights: Sequence[float] | None = None,
    ) -> None:
        """Normal ``x`` and two categories of ``c`` in hours first to last, spread over each hour."""
        n = (last - first) * rows
        send(
            self._store,
            self._contract,
            {"x": (self._rng.normal(size=n) + shift).tolist(), "c": ["a", "b"] * (n // 2) + ["a"] * (n % 2)},
            start=self.now(first),
            seconds=3600.0 * (last - first),
            version=version,
            weights=None if weights is None else list(weights) * (last - first),
        )

    def send_values(self, hour: int, columns: Mapping[str, Sequence[object]], version: str = "1") -> None:
        """These rows in that hour."""
        send(
            self._store,
            self._contract,
            columns,
            start=self.now(hour),
            seconds=3600.0,
            version=version,
        )

    def mark_drifted(self, first: int, last: int, change_began: int) -> None:
        """Windows from first to last drifted in ``x``; the change began earlier."""
        now = datetime.now(UTC)
        starts = [self.now(hour) for hour in range(first, last)]
        model, n = self._contract.model, len(starts)
        self._store.insert(
            "windows",
            {
                "model": [model] * n,
                "version": ["1"] * n,
                "window_start": starts,
                "window_end": [start + HOUR for start in starts],
                "baseline_id": ["old"] * n,
                "status": ["drifted"] * n,
                "computed_at": [now] * n,
            },
        )
        self._store.insert(
            "findings",
            {
                "model": [model] * n,
                "version": ["1"] * n,
                "window_start": starts,
                "window_end": [start + HOUR for start in starts],
                "field": ["x"] * n,
                "status": ["drifted"] * n,
                "change_start": [self.now(change_began)] * n,
                "computed_at": [now] * n,
            },
        )

    def open_episode(self, hour: int) -> None:
        """An episode that is open since that hour."""
        start = self.now(hour)
        self._store.insert(
            "episodes",
            {
                "episode_id": ["ep"],
                "model": [self._contract.model],
                "kind": ["drift"],
                "state": ["open"],
                "opened_at": [start],
                "first_window": [start],
                "last_window": [start],
                "version": ["1"],
                "revision": [1],
            },
        )
