"""Realised accuracy: what labels that arrive later say about a model, window by window.

Being wrong is a count vector too, ``[correct, wrong]``, so a loss of accuracy is judged like drift: the
share of wrong predictions is scanned over windows against the reference's, under its part of the
false-alarm budget, and has to pass the owner's tolerance as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.baselines.baseline import Baseline
from detectors.baselines.stored import load_baselines
from detectors.budget import ModelBudget, month
from detectors.evidence.budget import monitoring_threshold
from detectors.evidence.one_share import OneShare
from detectors.evidence.pooling import REACH
from detectors.windows import last_closed_end
from driftline.contracts import Contract
from driftline.settings import Settings
from driftline.store import Store, load_sql

PerformanceStatus = Literal["ok", "watch", "decayed", "insufficient_data", "no_baseline"]

Vector = NDArray[np.float64]

METRIC = "accuracy"
REVISED = ("labelled", "correct_weight", "rows", "baseline_value", "evidence", "threshold", "status")
"""A window is written again when one of these is no longer what is stored."""

MIN_LABELLED = 20.0
"""Effective labelled events that a window needs to be judged on its own."""


@dataclass(frozen=True, slots=True)
class WindowAccuracy:
    """Accuracy of one version in one window, from the labels there are so far.

    Attributes
    ----------
    value, lower, upper
        Weighted share of right predictions and its 95% Wilson interval; NaN without labels.
    baseline_value
        Accuracy of the reference; NaN without one.
    labelled, rows
        Labelled and answered events; their quotient is the labelled share.
    effective_labelled
        ``(sum w)^2 / sum w^2`` of labelled events.
    evidence, threshold
        Deviation of the error share and what the budget asks for, in standard deviations.
    """

    model: str
    version: str
    start: datetime
    end: datetime
    value: float
    lower: float
    upper: float
    baseline_value: float
    labelled: int
    labelled_weight: float
    correct_weight: float
    effective_labelled: float
    rows: int
    evidence: float
    threshold: float
    status: PerformanceStatus
    reason: str


def wilson_interval(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share from n effective draws.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    >>> tuple(round(bound, 4) for bound in wilson_interval(0.5, 100))
    (0.4038, 0.5962)
    """
    z = float(ndtri(0.5 + level / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


class AccuracyMonitor:
    """Keeps the accuracy of every window up to date with the labels that have arrived."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def evaluate(
        self, contract: Contract, now: datetime | None = None, *, models: int = 1
    ) -> list[WindowAccuracy]:
        """Judge every closed window in the lookback and store those that changed; oldest first.

        Returns nothing for a model whose contract names no categorical prediction. ``models`` is the size
        of the fleet, by which a fleet-wide false-alarm budget is divided.
        """
        column = contract.column(contract.prediction) if contract.prediction else None
        if column is None or column.kind != "categorical":
            return []
        settings = self._settings
        until = last_closed_end(
            now or datetime.now(UTC), settings.window_seconds, settings.allowed_lateness_seconds
        )
        since = until - timedelta(seconds=settings.window_seconds * settings.lookback_windows)
        counted = self._store.query(
            load_sql(__file__, "accuracy"),
            {
                "model": contract.model,
                "slot": column.slot + 1,
                "since": since,
                "until": until,
                "window_seconds": settings.window_seconds,
            },
        )
        baselines = load_baselines(self._store, contract.model)
        budget = ModelBudget(settings.budget.per_model_year(models), fields=1)
        threshold = monitoring_threshold(month(budget.decay), settings.window_seconds)
        judged: list[WindowAccuracy] = []
        for version in sorted({row["version"] for row in counted}):
            mine = [row for row in counted if row["version"] == version]
            baseline = baselines.get(version) or baselines.get("")
            judged += self._judge(contract.model, version, baseline, mine, threshold)
        self._save(contract.model, judged, since)
        return sorted(judged, key=lambda window: (window.start, window.version))

    def _judge(
        self,
        model: str,
        version: str,
        baseline: Baseline | None,
        rows: Sequence[dict[str, object]],
        threshold: float,
    ) -> list[WindowAccuracy]:
        reference = baseline.accuracy if baseline else None
        errors: list[float] = []
        sizes: list[float] = []
        judged: list[WindowAccuracy] = []
        decay_effect = 0.0
        for row in rows:
            weight, correct = _number(row["labelled_weight"]), _number(row["correct_weight"])
            squares = _number(row["weight_squares"])
            effective = weight * weight / squares if squares > 0 else 0.0
            accuracy = correct / weight if weight > 0 else math.nan
            lower, upper = wilson_interval(accuracy, effective) if weight > 0 else (math.nan, math.nan)
            evidence = math.nan
            pooled = accuracy
            deviation = None
            if effective >= 1:
                errors.append(1 - accuracy)
                sizes.append(effective)
                if baseline is not None and reference is not None:
                    wrong = _share_of_errors(baseline)
                    over = wrong.recovered_over(*_recent(errors, sizes), decay_effect, MIN_LABELLED)
                    if over:
                        # Without a new start the old decay would be found again from the same windows.
                        errors, sizes, decay_effect = errors[-over:], sizes[-over:], 0.0
                    recent, rows_of_recent = _recent(errors, sizes)
                    deviation = wrong.scan(recent, rows_of_recent)
                    counted = rows_of_recent[-deviation.scale :]
                    pooled = 1 - float(recent[-deviation.scale :] @ counted / counted.sum())
                    evidence = deviation.evidence if deviation.effect > 0 else 0.0
            status, reason = self._status(
                effective, _whole(row["rows"]), reference, evidence, threshold, pooled
            )
            if status == "decayed" and deviation is not None:
                decay_effect = deviation.effect
            start = row["window_start"]
            assert isinstance(start, datetime)
            judged.append(
                WindowAccuracy(
                    model=model,
                    version=version,
                    start=start,
                    end=start + timedelta(seconds=self._settings.window_seconds),
                    value=accuracy,
                    lower=lower,
                    upper=upper,
                    baseline_value=math.nan if reference is None else reference,
                    labelled=_whole(row["labelled"]),
                    labelled_weight=weight,
                    correct_weight=correct,
                    effective_labelled=effective,
                    rows=_whole(row["rows"]),
                    evidence=evidence,
                    threshold=threshold,
                    status=status,
                    reason=reason,
                )
            )
        return judged

    def _status(
        self,
        effective: float,
        rows: int,
        reference: float | None,
        evidence: float,
        threshold: float,
        pooled: float,
    ) -> tuple[PerformanceStatus, str]:
        if effective < MIN_LABELLED:
            return (
                "insufficient_data",
                f"{effective:.0f} effective labels of {rows} answers, {MIN_LABELLED:.0f} needed",
            )
        if reference is None:
            return "no_baseline", "the baseline has no labelled rows to compare with"
        loss, tolerance = reference - pooled, self._settings.accuracy_tolerance
        figures = (
            f"accuracy {pooled:.3f} against {reference:.3f} (tolerance {tolerance:g}), "
            f"evidence {evidence:.1f} of {threshold:.1f} needed"
        )
        if evidence >= threshold and loss > tolerance:
            return "decayed", figures
        if loss > tolerance and evidence >= 0.75 * threshold:
            return "watch", f"not yet enough evidence: {figures}"
        return "ok", figures

    def _save(self, model: str, judged: Sequence[WindowAccuracy], since: datetime) -> None:
        stored = {
            (row["version"], row["window_start"]): tuple(row[name] for name in REVISED)
            for row in self._store.query(
                load_sql(__file__, "stored"), {"model": model, "metric": METRIC, "since": since}
            )
        }
        now = datetime.now(UTC)
        changed = [
            window
            for window in judged
            if not _same(
                stored.get((window.version, window.start)), [getattr(window, name) for name in REVISED]
            )
        ]
        self._store.insert_rows(
            "performance",
            [
                {
                    "model": window.model,
                    "version": window.version,
                    "window_start": window.start,
                    "window_end": window.end,
                    "metric": METRIC,
                    "value": window.value,
                    "lower": window.lower,
                    "upper": window.upper,
                    "baseline_value": window.baseline_value,
                    "labelled": window.labelled,
                    "labelled_weight": window.labelled_weight,
                    "correct_weight": window.correct_weight,
                    "effective_labelled": window.effective_labelled,
                    "rows": window.rows,
                    "evidence": window.evidence,
                    "threshold": window.threshold,
                    "status": window.status,
                    "reason": window.reason,
                    "computed_at": now,
                }
                for window in changed
            ],
        )


def _same(stored: Sequence[object] | None, current: Sequence[object]) -> bool:
    """Whether two sets of figures are equal, NaN being equal to itself."""
    return stored is not None and all(
        before == now or (before != before and now != now)
        for before, now in zip(stored, current, strict=True)
    )


def _share_of_errors(baseline: Baseline) -> OneShare:
    n = baseline.labelled
    return OneShare((n - baseline.correct + 0.25) / (n + 0.5), n)


def _recent(errors: Sequence[float], sizes: Sequence[float]) -> tuple[Vector, Vector]:
    """Shares of errors and effective rows of the windows that evidence may reach back to."""
    return np.array(errors[-REACH:]), np.array(sizes[-REACH:])


def _number(value: object) -> float:
    assert isinstance(value, (int, float))
    return float(value)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value
