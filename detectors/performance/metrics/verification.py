"""Metrics of similarity scores of pairs: FAR, FRR, accuracy, EER and TAR at FAR levels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.class_scores import two_class_areas, undefined
from detectors.performance.metrics.figure import Figure, Measured
from detectors.performance.metrics.interval import Z, effective_size, quotient, wilson
from detectors.performance.metrics.ranked_scores import RankedScores

Vector = NDArray[np.float64]

DIFFERENT, SAME = 0, 1


def threshold_metrics(counts: ArrayLike, weights: ArrayLike, squares: ArrayLike) -> list[Measured]:
    """False acceptance rate, false rejection rate and accuracy at the threshold of the contract.

    FAR is the share of pairs of different people that are accepted, FRR that of pairs of the same that are
    rejected; each with Wilson's interval on the effective number of its pairs.

    Source: ISO/IEC 19795-1:2021, sections 3 and 9 (there FMR and FNMR of comparisons).

    Parameters
    ----------
    counts, weights, squares
        Events, ``sum w``, ``sum w^2`` of shape ``(W, 2, 2)``: different or same, rejected or accepted.

    Examples
    --------
    >>> table = [[[90, 10], [5, 95]]]
    >>> [round(float(each.value[0]), 3) for each in threshold_metrics(table, table, table)]
    [0.925, 0.1, 0.05]
    """
    n, w, w2 = (np.asarray(each, dtype=np.float64) for each in (counts, weights, squares))
    accuracy = quotient(w[:, DIFFERENT, 0] + w[:, SAME, 1], w.sum(axis=(1, 2)))
    effective = effective_size(w.sum(axis=(1, 2)), w2.sum(axis=(1, 2)))
    found = [Measured.of("accuracy", accuracy, wilson(accuracy, effective), n.sum(axis=(1, 2)), effective)]
    for metric, kind, wrong, why in (
        ("far", DIFFERENT, 1, "no pair of different people"),
        ("frr", SAME, 0, "no pair of the same person"),
    ):
        rate = quotient(w[:, kind, wrong], w[:, kind].sum(axis=1))
        pairs = effective_size(w[:, kind].sum(axis=1), w2[:, kind].sum(axis=1))
        reasons = [why if not ok else "" for ok in np.isfinite(rate).tolist()]
        limits = wilson(rate, pairs)
        found.append(Measured.of(metric, rate, limits, n[:, kind].sum(axis=1), pairs, reasons=reasons))
    return found


def curve_metrics(
    similarity: ArrayLike,
    signed_weights: ArrayLike,
    far_levels: Sequence[float],
    *,
    ascending: bool = False,
    note: str = "",
) -> list[Figure]:
    """Equal error rate, true acceptance rate at FAR levels and ROC AUC.

    - EER: where FAR and FRR cross as the threshold moves, between two thresholds on the straight line of the
      ROC curve. Interval: how far the crossing moves when FAR, and when FRR, is at its Wilson limits instead,
      combined by MOVER.
    - TAR at FAR f: the largest share of same pairs that is accepted at a threshold with FAR <= f, without
      interpolation. Interval: Wilson's of that share, combined with how the share changes when the threshold
      is off because f was measured on a limited number of different pairs (MOVER). Undefined when there are
      fewer than 1 / f effective pairs of different people.

    Source: ISO/IEC 19795-1:2021; Zou & Donner (2008), Statistics in Medicine 27, equation 6 (MOVER).

    Parameters
    ----------
    similarity, signed_weights, ascending
        As :class:`RankedScores` takes them; a pair of the same person is positive.
    far_levels
        Levels between 0 and 1.
    note
        What to say next to defined values.

    Examples
    --------
    >>> found = curve_metrics([0.1, 0.2, 0.6, 0.4, 0.8, 0.9], [-1, -1, -1, 1, 1, 1], [0.5])
    >>> {each.metric: round(each.value, 4) for each in found}
    {'eer': 0.3333, 'tar_at_far': 1.0, 'roc_auc': 0.8889}
    """
    ranked = RankedScores(similarity, signed_weights, ascending=ascending)
    names = [("eer", ""), *(("tar_at_far", f"{level:g}") for level in far_levels), ("roc_auc", "")]
    why = ""
    if ranked.n == 0:
        why = "no pair has a usable similarity"
    elif ranked.negatives <= 0:
        why = "no pair of different people"
    elif ranked.positives <= 0:
        why = "no pair of the same person"
    if why:
        return [undefined(metric, why, ranked.n, name) for metric, name in names]
    curve = _Curve(ranked)
    same, different = ranked.effective
    note = "; ".join(filter(None, ("all similarities are equal" if ranked.constant else "", note)))
    value, lower, upper = curve.equal_error(same, different)
    smaller = min(same, different)
    found = [Figure("eer", "", value, lower, upper, ranked.n, smaller, note)]
    for level in far_levels:
        if different * level < 1:
            need = f"{math.ceil(1 / level)} pairs of different people needed, {different:.0f} there"
            found.append(undefined("tar_at_far", need, ranked.n, f"{level:g}"))
            continue
        value, lower, upper = curve.accepted_at(level, same, different)
        found.append(Figure("tar_at_far", f"{level:g}", value, lower, upper, ranked.n, smaller, note))
    area = two_class_areas(similarity, signed_weights, "same", ascending=ascending, note=note)[0]
    return [*found, area]


class _Curve:
    """FAR and TAR at every threshold, from accepting nothing to accepting all."""

    def __init__(self, ranked: RankedScores) -> None:
        self.far = np.concatenate(([0.0], np.cumsum(ranked.negative[::-1]))) / ranked.negatives
        self.tar = np.concatenate(([0.0], np.cumsum(ranked.positive[::-1]))) / ranked.positives
        self.far[-1] = self.tar[-1] = 1.0

    def equal_error(self, same: float, different: float) -> tuple[float, float, float]:
        frr = 1 - self.tar
        # FAR - FRR grows from -1 to 1 along the curve; the first step that reaches 0 is crossed.
        step = int(np.searchsorted(self.far - frr, 0.0))
        far0, far1, frr0, frr1 = self.far[step - 1], self.far[step], frr[step - 1], frr[step]
        share = (frr0 - far0) / ((far1 - far0) + (frr0 - frr1))
        value = float(far0 + share * (far1 - far0))
        of_far, of_frr = wilson(self.far, different), wilson(frr, same)
        below, above = (
            math.hypot(
                value - float(np.maximum(of_far[side], frr).min()),
                value - float(np.maximum(self.far, of_frr[side]).min()),
            )
            for side in (0, 1)
        )
        return value, max(value - below, 0.0), min(value + above, 1.0)

    def accepted_at(self, level: float, same: float, different: float) -> tuple[float, float, float]:
        half = Z * math.sqrt(level * (1 - level) / different)
        value, fewer, more = (self._at(at) for at in (level, max(level - half, 0.0), min(level + half, 1.0)))
        low, high = wilson(value, same)
        lower = value - math.hypot(value - float(low), value - fewer)
        upper = value + math.hypot(float(high) - value, more - value)
        return value, max(lower, 0.0), min(upper, 1.0)

    def _at(self, level: float) -> float:
        # A level of 1 in 1000 is met by exactly 1 of 1000 also when sums of weights round up.
        return float(self.tar[np.searchsorted(self.far, level * (1 + 1e-12), side="right") - 1])
