"""A group in one window: measured, compared with earlier windows, decided, attributed. No database here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from detectors.multivariate.attribution import segment_amounts, shares, shares_of_pairs
from detectors.multivariate.decision import Verdict, decide_distances, decide_pairs
from detectors.multivariate.domain_classifier import alternating
from detectors.multivariate.finding import MultivariateChange, MultivariateFinding, Share
from detectors.multivariate.group_model import (
    DISTANCES,
    FEWEST_ROWS,
    ONE_SIDED,
    RECONSTRUCTION,
    GroupModel,
    Measurement,
)
from detectors.multivariate.normal_scores import Matrix
from detectors.multivariate.row_features import columns_of
from detectors.multivariate.sampled_rows import SampledRows
from detectors.multivariate.spread_of_windows import (
    LEARNED_AT,
    LONGEST_HISTORY,
    Series,
    Strongest,
    scan_windows,
)
from detectors.multivariate.stored_windows import StoredWindows


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings of a group in one window, and whether any says that it drifted."""

    findings: tuple[MultivariateFinding, ...]
    measured: Measurement

    @property
    def drifted(self) -> bool:
        return any(finding.status == "drifted" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class SegmentLabels:
    """Segment of every row by segment column: of the baseline's sample and of the window's rows."""

    baseline: dict[str, list[str]]
    current: dict[str, list[str]]


def judge(
    model: GroupModel,
    rows: SampledRows,
    live: StoredWindows,
    earlier: StoredWindows,
    *,
    start: datetime,
    window_seconds: float,
    alpha_month: float,
    min_samples: float = 100.0,
    labels: SegmentLabels | None = None,
) -> Judged:
    """Judge one window of one group.

    Parameters
    ----------
    rows
        The window's sampled rows, columns as the group has them, in the order of time.
    live, earlier
        Earlier windows of this version, and the baseline's own.
    alpha_month
        Probability of a false alarm in a month of 30 days; half of it for correlations where there are
        pairs.
    min_samples
        Effective rows that a window needs.
    """
    end = start + timedelta(seconds=window_seconds)
    changes: list[MultivariateChange] = ["multivariate"]
    if model.correlations.size:
        changes.append("correlation")
    alpha = alpha_month / len(changes)
    measured = model.measure(rows)
    if measured.effective_rows < max(min_samples, FEWEST_ROWS):
        reason = (
            f"{measured.effective_rows:.0f} effective samples, {max(min_samples, FEWEST_ROWS):.0f} needed"
        )
        return Judged(
            tuple(
                _finding(model, change, "insufficient_data", reason, start, end, rows, alpha)
                for change in changes
            ),
            measured,
        )
    strongest = scan_windows(_series(model, measured, live, earlier))
    findings = []
    for change in changes:
        if change == "multivariate":
            verdict = decide_distances(model, strongest, alpha_month=alpha, window_seconds=window_seconds)
        else:
            verdict = decide_pairs(
                model, measured, strongest, alpha_month=alpha, window_seconds=window_seconds
            )
        findings.append(_found(model, change, verdict, strongest, measured, rows, labels, start, end, alpha))
    return Judged(tuple(findings), measured)


def _series(model: GroupModel, measured: Measurement, live: StoredWindows, earlier: StoredWindows) -> Series:
    recent = slice(-LONGEST_HISTORY, None)
    variances = model.variances
    values = np.concatenate([live.values[recent], measured.values[None]])
    rows = np.append(live.rows[recent], measured.effective_rows)
    pairs = model.correlations.size
    before = np.concatenate([earlier.means, live.means[~live.drifted]])[recent]
    shift, shift_variance = model.expected_within(before)
    none = np.zeros(len(DISTANCES))
    return Series(
        values,
        variances.of(rows),
        variances.baseline,
        np.append(~live.drifted[recent], True),
        (earlier.values[recent], variances.of(earlier.rows[recent])),
        np.concatenate([none, shift]),
        np.concatenate([none, shift_variance]),
        np.concatenate([ONE_SIDED, np.zeros(pairs, dtype=bool)]),
        np.concatenate([np.zeros(len(DISTANCES), dtype=bool), np.ones(pairs, dtype=bool)]),
    )


def _found(
    model: GroupModel,
    change: MultivariateChange,
    verdict: Verdict,
    strongest: Strongest,
    measured: Measurement,
    rows: SampledRows,
    labels: SegmentLabels | None,
    start: datetime,
    end: datetime,
    alpha: float,
) -> MultivariateFinding:
    fields: tuple[Share, ...] = ()
    segments: tuple[Share, ...] = ()
    if verdict.status in ("drifted", "watch"):
        fields = (
            shares_of_pairs(verdict.pairs)
            if change == "correlation"
            else shares(dict(zip(model.group.columns, _carried(model, verdict, measured, rows), strict=True)))
        )
        if labels is not None and change == "multivariate":
            segments = _segments(model, measured, rows, labels)
    return MultivariateFinding(
        field=model.group.field,
        role=model.group.role,
        change=change,
        window_start=start,
        window_end=end,
        status=verdict.status,
        reason=verdict.reason,
        rows=len(rows),
        effective_rows=measured.effective_rows,
        direction=verdict.direction,
        effect=verdict.effect,
        evidence=verdict.evidence,
        threshold=verdict.threshold,
        scale=verdict.scale,
        minimum_detectable_effect=verdict.minimum_detectable_effect,
        budget=alpha,
        windows_behind=strongest.windows,
        learning=strongest.windows < LEARNED_AT,
        statistics=measured.statistics if change == "multivariate" else {},
        fields=fields,
        segments=segments,
        pairs=verdict.pairs,
    )


def _carried(model: GroupModel, verdict: Verdict, measured: Measurement, rows: SampledRows) -> Matrix:
    """Contribution of every column to the distance that decided."""
    columns = len(model.group.columns)
    if verdict.direction == DISTANCES[RECONSTRUCTION] and model.reconstruction is not None:
        scores = model.features.normal_scores(rows.slots)
        found = np.zeros(columns)
        found[: scores.shape[1]] = model.reconstruction.contributions(scores, rows.weights)
        return found * math.copysign(1.0, verdict.effect)
    if measured.told is None:
        return np.zeros(columns)
    return columns_of(measured.told.contributions, model.features.owner, columns)


def _segments(
    model: GroupModel, measured: Measurement, rows: SampledRows, labels: SegmentLabels
) -> tuple[Share, ...]:
    if measured.told is None or not labels.current:
        return ()
    weights = np.concatenate([model.discriminant.early_weights, model.discriminant.late_weights])
    # Scores of the baseline come half by half.
    order = np.concatenate(alternating(len(weights)))
    columns = {
        name: ([labels.baseline[name][row] for row in order], labels.current[name]) for name in labels.current
    }
    return shares(
        segment_amounts(
            columns, (measured.told.baseline_scores, measured.told.scores), (weights, rows.weights)
        )
    )


def _finding(
    model: GroupModel,
    change: MultivariateChange,
    status: Literal["insufficient_data"],
    reason: str,
    start: datetime,
    end: datetime,
    rows: SampledRows,
    alpha: float,
) -> MultivariateFinding:
    return MultivariateFinding(
        field=model.group.field,
        role=model.group.role,
        change=change,
        window_start=start,
        window_end=end,
        status=status,
        reason=reason,
        rows=len(rows),
        effective_rows=rows.effective,
        budget=alpha,
    )
