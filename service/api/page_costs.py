"""Costs for the pages, which may not import the room that computes them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock

from costs.per_model import ModelCost, cost_series, summarise
from costs.prices import Prices
from costs.use import ModelUse, read_use
from dashboards.web.costs import CostFigure, CostPoint
from driftline.readmodel.facts import Horizons
from driftline.settings import Settings
from driftline.store import Store

_MOST_STEPS = 200
_SAMPLES_A_STEP = 3
"""Samples of use and counts of traffic tick apart; shorter steps would hold one without the other."""
_FLEET_STEPS = 12
_KEPT_SECONDS = 10.0


class PageCosts:
    """Answers the pages from the cost room.

    The fleet's costs change slowly and are read for every model at once, so they are kept for ten
    seconds: any number of open fleet pages asks the store once in that time.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._lock = Lock()
        self._fleet: dict[str, CostFigure] = {}
        self._read_at = float("-inf")

    def latest(self, models: Sequence[str]) -> Mapping[str, CostFigure]:
        """Cost per 1,000 predictions over the traffic span; models without use are left out."""
        if len(models) == 1:
            return self._read(models[0])
        with self._lock:
            if time.monotonic() - self._read_at > _KEPT_SECONDS:
                self._fleet = self._read("")
                self._read_at = time.monotonic()
            return {model: self._fleet[model] for model in models if model in self._fleet}

    def history(self, model: str, since: datetime, until: datetime) -> Sequence[CostPoint]:
        """Cost per 1,000 predictions step by step: steps hold a window, and several samples of use."""
        step = max(
            float(self._settings.window_seconds),
            _SAMPLES_A_STEP * self._settings.node_interval_seconds,
            (until - since).total_seconds() / _MOST_STEPS,
        )
        return [
            CostPoint(start=point.ts, per_thousand_usd=point.usd_per_1000_predictions)
            for point in cost_series(self._store, self._settings, model, since, until, step)
        ]

    def _read(self, model: str) -> dict[str, CostFigure]:
        until = datetime.now(UTC)
        since = until - Horizons.of(self._settings).traffic
        step = (until - since).total_seconds() / (100 if model else _FLEET_STEPS)
        by_model: dict[str, dict[tuple[int, str], ModelUse]] = {}
        for (bucket, name, instance), use in read_use(self._store, model or None, since, until, step).items():
            by_model.setdefault(name, {})[bucket, instance] = use
        prices = Prices.from_settings(self._settings)
        costs = (summarise(prices, name, since, until, step, used) for name, used in by_model.items())
        return {cost.model: _figure(cost) for cost in costs if cost.total_usd is not None}


def _figure(cost: ModelCost) -> CostFigure:
    unpriced = f", without {', '.join(cost.unpriced_devices)}" if cost.unpriced_devices else ""
    share = f"{cost.coverage:.0%} of the last {(cost.until - cost.since).total_seconds() / 3600:.3g} h"
    return CostFigure(
        per_thousand_usd=cost.usd_per_1000_predictions,
        basis=f"{cost.grade}, {share}, {cost.predictions_measured:,} predictions{unpriced}",
    )
