"""Quality of closed windows estimated without labels, and each estimator's record against labels.

Estimators are fitted once for a reference and kept in the process. A look takes the newest windows first and
ends when its time is spent: the rest waits for the next.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from detectors.performance.estimates.estimate import Estimate, EstimatorName
from detectors.performance.estimates.fitting import FittedEstimators, fit_estimators
from detectors.performance.estimates.record import Scored, Vote, vote
from detectors.performance.estimates.reference import load_reference
from detectors.performance.estimates.window import estimate_window
from driftline.contracts import Contract
from driftline.errors import DriftlineError
from driftline.logs import get_logger
from driftline.quality_contract import Quality
from driftline.settings import Settings
from driftline.store import Store, load_sql

_log = get_logger(__name__)

ESTIMATE_SECONDS = 3.0
"""After so long the remaining windows of a model wait for the next look; one is always taken."""

ESTIMATED_WINDOWS = 24
"""How many closed windows back are estimated: older ones have labels, or nobody waits for them."""

MOST_FITS = 64
"""Models whose fits a process keeps; a fit holds the reference's rows."""


@dataclass(slots=True)
class _Fit:
    baseline_id: str
    fitted: FittedEstimators


class WindowEstimates:
    """Estimates the windows of models that have a labelled reference; for one thread."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._fits: dict[str, _Fit] = {}
        self._looked: dict[str, datetime] = {}
        # A model that fails each time must not keep the others waiting.
        self._tried: dict[str, float] = {}

    def pending(self, models: Collection[str], until: datetime) -> list[str]:
        """Models with a reference not looked at since a window closed, longest ago first."""
        waiting = [model for model in models if self._looked.get(model) != until]
        found = self._references(waiting) if waiting else {}
        return sorted(found, key=lambda model: (self._tried.get(model, 0.0), model))

    def refresh(self, contract: Contract, quality: Quality, until: datetime) -> int:
        """Estimate windows that closed before ``until`` and have no estimate yet; how many were."""
        model, began = contract.model, time.monotonic()
        self._tried[model] = began
        baseline_id = self._references([model]).get(model)
        length = timedelta(seconds=self._settings.window_seconds)
        since = until - length * min(ESTIMATED_WINDOWS, self._settings.lookback_windows)
        if baseline_id is None:
            return 0
        missing = self._missing(model, since, until)
        if not missing:
            self._looked[model] = until
            return 0
        try:
            fitted = self._fitted(contract, quality, baseline_id)
        except (DriftlineError, ValueError, ArithmeticError) as error:
            _log.warning("the estimators of quality cannot be fitted", model=model, reason=str(error))
            self._looked[model] = until
            return 0
        votes = self._votes(model, quality.primary, until)
        rows: list[dict[str, Any]] = []
        done = 0
        for version, start, answered in missing:
            if done and time.monotonic() - began > ESTIMATE_SECONDS:
                break
            found = self._estimate(contract, fitted, version, start, start + length)
            rows += [
                estimate_row(model, version, start, start + length, one, answered, votes.get(one.estimator))
                for one in found
                if one.metric == quality.primary and not one.class_name
            ]
            done += 1
        self._store.insert_rows("performance", rows)
        if done == len(missing):
            self._looked[model] = until
        return done

    def _estimate(
        self, contract: Contract, fitted: FittedEstimators, version: str, start: datetime, end: datetime
    ) -> Sequence[Estimate]:
        try:
            return estimate_window(self._store, contract, fitted, version, start, end)
        except (ValueError, ArithmeticError) as error:
            # Numbers that no estimator can work with: said in the window's row, the others go on.
            reason = f"the window cannot be estimated: {error}"
            name: EstimatorName = next(iter(fitted.fitted), "cbpe")
            return [Estimate(name, fitted.metric, status="ill_conditioned", reason=reason)]

    def _references(self, models: Collection[str]) -> dict[str, str]:
        rows = self._store.query(load_sql(__file__, "newest_estimator_reference"), {"models": list(models)})
        return {row["model"]: row["baseline_id"] for row in rows}

    def _missing(self, model: str, since: datetime, until: datetime) -> list[tuple[str, datetime, int]]:
        """Windows with events and without estimates, the newest first."""
        answered = self._store.query(
            load_sql(__file__, "answered"),
            {
                "model": model,
                "since": since,
                "until": until,
                "window_seconds": self._settings.window_seconds,
            },
        )
        known = self._store.query(load_sql(__file__, "estimated_starts"), {"model": model, "since": since})
        have = {(row["version"], row["window_start"]) for row in known}
        found = [(row["version"], row["window_start"], int(row["rows"])) for row in answered]
        return sorted((one for one in found if one[:2] not in have), key=lambda one: one[1], reverse=True)

    def _fitted(self, contract: Contract, quality: Quality, baseline_id: str) -> FittedEstimators:
        kept = self._fits.pop(contract.model, None)
        if kept is None or kept.baseline_id != baseline_id:
            reference = load_reference(self._store, contract.model, baseline_id)
            assert reference is not None
            kept = _Fit(baseline_id, fit_estimators(contract, quality, reference))
        self._fits[contract.model] = kept
        while len(self._fits) > MOST_FITS:
            # The one whose turn was longest ago: each use puts a fit at the end.
            del self._fits[next(iter(self._fits))]
        return kept.fitted

    def _votes(self, model: str, metric: str, until: datetime) -> Mapping[str, Vote]:
        length = timedelta(seconds=self._settings.window_seconds)
        rows = self._store.query(
            load_sql(__file__, "scored_estimates"),
            {
                "model": model,
                "metric": metric,
                "since": until - length * self._settings.lookback_windows,
            },
        )
        history: dict[str, list[Scored]] = {}
        for row in rows:
            values = {name: row[name] for name in row if name not in ("version", "basis")}
            history.setdefault(row["basis"], []).append(Scored(**values))
        return {basis: vote(scored) for basis, scored in history.items()}


def estimate_row(
    model: str,
    version: str,
    start: datetime,
    end: datetime,
    estimate: Estimate,
    answered: int,
    voted: Vote | None,
) -> dict[str, Any]:
    """An estimate as a row of the table ``performance``.

    Parameters
    ----------
    answered
        Rows of the window, of which the estimate may have seen a sample.
    voted
        The estimator's record against labels when the row is written; ``None`` before there is any.
    """
    details: dict[str, object] = {
        "assumptions": estimate.assumptions,
        "blind_to": estimate.blind_to,
        "warnings": list(estimate.warnings),
        "effective_rows": estimate.effective_rows,
        "reference_effective": estimate.reference_effective,
        "estimate_status": estimate.status,
    }
    if voted is not None:
        details["vote"] = {
            name: value if not isinstance(value, float) or math.isfinite(value) else None
            for name, value in asdict(voted).items()
        }
    return {
        "model": model,
        "version": version,
        "window_start": start,
        "window_end": end,
        "metric": estimate.metric,
        "segment": "",
        "basis": estimate.estimator,
        "class_name": "",
        "value": estimate.value,
        "lower": estimate.lower,
        "upper": estimate.upper,
        "baseline_value": estimate.baseline_value,
        "baseline_lower": math.nan,
        "baseline_upper": math.nan,
        "labelled": 0,
        "effective_labelled": 0.0,
        "rows": answered,
        "evidence": math.nan,
        "threshold": math.nan,
        "status": "reported",
        "reason": estimate.reason,
        "risk_lower": math.nan,
        "risk_limit": math.nan,
        "holds_since": datetime.fromtimestamp(0, tz=UTC),
        "log_bets": [],
        "details": orjson.dumps(details, option=orjson.OPT_SERIALIZE_NUMPY).decode(),
        "computed_at": datetime.now(UTC),
    }
