"""From the strongest deviations of a group to its findings: effect *and* evidence, under a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.budget import monitoring_threshold
from detectors.multivariate.finding import MultivariateStatus, PairChange, PairKind
from detectors.multivariate.group_model import (
    CLASSIFIER,
    DISTANCES,
    KERNEL_DISTANCE,
    MEAN_DISTANCE,
    RECONSTRUCTION,
    GroupModel,
    Measurement,
)
from detectors.multivariate.spread_of_windows import LEARNED_AT, Strongest, inflated

Matrix = NDArray[np.float64]

FLOORS = {CLASSIFIER: 0.03, RECONSTRUCTION: 0.1, MEAN_DISTANCE: 0.1, KERNEL_DISTANCE: 0.05}
"""Smallest effects that count: AUC less 1/2, sd of the error, sd of the vectors, kernel scale."""

SMALLEST_CORRELATION_CHANGE = 0.1
CORRELATED = 0.3
"""Correlation from which on two columns are called correlated."""

WATCH_SHARE = 0.75
POWER_95 = 1.645
MOST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """Decision about one kind of change of a group."""

    status: MultivariateStatus
    reason: str
    direction: str
    effect: float
    evidence: float
    threshold: float
    scale: int
    minimum_detectable_effect: float
    pairs: tuple[PairChange, ...] = ()


def decide_distances(
    model: GroupModel, strongest: Strongest, *, alpha_month: float, window_seconds: float
) -> Verdict:
    """Decide about the distances of a group's rows as a whole; the budget is split equally over them."""
    applicable = [
        place
        for place, there in (
            (CLASSIFIER, True),
            (RECONSTRUCTION, model.reconstruction is not None),
            (MEAN_DISTANCE, model.means is not None),
            (KERNEL_DISTANCE, model.kernel is not None),
        )
        if there
    ]
    threshold = monitoring_threshold(alpha_month / len(applicable), window_seconds)
    effects = {place: _effect(place, float(strongest.effect[place])) for place in applicable}
    alarms = [
        place
        for place in applicable
        if strongest.evidence[place] >= threshold
        and abs(effects[place]) >= FLOORS[place]
        and strongest.lasting[place]
    ]
    top = max(alarms or applicable, key=lambda place: strongest.evidence[place])
    smallest = inflated(threshold, float(strongest.freedom[top])) + POWER_95
    detectable = smallest * float(strongest.standard_error[top])
    return _verdict(
        strongest,
        top,
        DISTANCES[top],
        effects[top],
        threshold,
        FLOORS[top],
        _effect(top, detectable),
        drifted=bool(alarms),
    )


def decide_pairs(
    model: GroupModel,
    measured: Measurement,
    strongest: Strongest,
    *,
    alpha_month: float,
    window_seconds: float,
) -> Verdict:
    """Decide about all pairs of a group; the budget is split equally over them (Bonferroni)."""
    first = len(DISTANCES)
    threshold = monitoring_threshold(alpha_month / model.correlations.size, window_seconds)
    evidence = np.where(strongest.lasting, strongest.evidence, 0.0)[first:]
    before = np.tanh(np.arctanh(model.correlations) + strongest.expected[first:])
    now = np.tanh(np.arctanh(before) + strongest.effect[first:])
    change = np.nan_to_num(now - before)
    alarms = (evidence >= threshold) & (np.abs(change) >= SMALLEST_CORRELATION_CHANGE)
    order = np.argsort(-np.where(alarms, evidence + 1e6, evidence), kind="stable")
    shown = order[: max(1, min(MOST_PAIRS, int(alarms.sum())))]
    names = model.pairs
    pairs = tuple(
        PairChange(
            names[pair][0],
            names[pair][1],
            float(before[pair]),
            float(now[pair]) if math.isfinite(now[pair]) else math.nan,
            float(evidence[pair]),
            _kind(float(before[pair]), float(now[pair])),
        )
        for pair in shown
    )
    top = int(order[0])
    known = np.isfinite(strongest.standard_error[first:])
    error = float(np.median(strongest.standard_error[first:][known])) if known.any() else math.nan
    freedom = float(np.median(strongest.freedom[first:][known])) if known.any() else 1.0
    detectable = math.tanh((inflated(threshold, freedom) + POWER_95) * error)
    found = _verdict(
        strongest,
        first + top,
        f"{names[top][0]} ~ {names[top][1]}",
        float(change[top]),
        threshold,
        SMALLEST_CORRELATION_CHANGE,
        detectable,
        drifted=bool(alarms.any()),
    )
    reason = found.reason
    if alarms.any():
        one = pairs[0]
        reason = f"{one.first} and {one.second} {_said(one)}"
        if alarms.sum() > 1:
            reason += f", and {int(alarms.sum()) - 1} other pairs changed"
        reason += f", evidence {found.evidence:.1f} of {threshold:.1f} needed"
    return Verdict(
        found.status,
        reason,
        found.direction,
        found.effect,
        float(evidence[top]),
        threshold,
        found.scale,
        detectable,
        pairs,
    )


def _verdict(
    strongest: Strongest,
    place: int,
    direction: str,
    effect: float,
    threshold: float,
    floor: float,
    detectable: float,
    *,
    drifted: bool,
) -> Verdict:
    evidence, scale = float(strongest.evidence[place]), int(strongest.scale[place])
    figures = (
        f"{direction} {effect:+.2f} (floor {floor:g}), evidence {evidence:.1f} of {threshold:.1f} needed"
    )
    status: MultivariateStatus = "ok"
    reason = figures
    if drifted:
        status = "drifted"
    elif evidence >= threshold and not strongest.lasting[place]:
        reason = f"gone again: {figures}"
    elif evidence >= threshold:
        status, reason = "watch", f"real but small: {figures}"
    elif evidence >= WATCH_SHARE * threshold and abs(effect) >= floor and strongest.lasting[place]:
        status, reason = "watch", f"not yet enough evidence: {figures}"
    if strongest.windows < LEARNED_AT and not drifted:
        reason = f"learning ({strongest.windows} of {LEARNED_AT} windows), gross change only: {reason}"
    return Verdict(status, reason, direction, effect, evidence, threshold, scale, detectable)


def _effect(place: int, value: float) -> float:
    """On the scale that people read: squared distances are rooted."""
    if place in (MEAN_DISTANCE, KERNEL_DISTANCE):
        return math.copysign(math.sqrt(abs(value)), value)
    return value


def _kind(before: float, now: float) -> PairKind:
    if abs(before) >= CORRELATED and abs(now) < abs(before) / 2:
        return "came apart"
    if abs(now) >= CORRELATED and before * now < 0 and abs(before) >= CORRELATED / 2:
        return "turned around"
    if abs(before) < CORRELATED <= abs(now):
        return "became correlated"
    return "changed"


def _said(pair: PairChange) -> str:
    verb = "changed their correlation" if pair.kind == "changed" else pair.kind
    return f"{verb} ({pair.baseline:+.2f} before, {pair.current:+.2f} now)"
