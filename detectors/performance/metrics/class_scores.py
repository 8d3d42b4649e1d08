"""ROC AUC and PR AUC of a classifier: of two classes, or one against the rest for more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Figure
from detectors.performance.metrics.interval import effective_size, share_interval
from detectors.performance.metrics.ranked_scores import Area, RankedScores, undefined_ranks

Vector = NDArray[np.float64]

CONSTANT: Final = "all scores are equal"
MOST_CLASSES: Final = 50
"""Above so many classes there are no curves: each needs a sort of all events."""


def two_class_areas(
    scores: ArrayLike,
    signed_weights: ArrayLike,
    positive: str,
    *,
    ascending: bool = False,
    note: str = "",
) -> list[Figure]:
    """ROC AUC and PR AUC of the scores of one class.

    Parameters
    ----------
    scores, signed_weights, ascending
        As :class:`RankedScores` takes them.
    positive
        Name of the class, for reasons.
    note
        What to say next to defined values.

    Examples
    --------
    >>> [round(each.value, 4) for each in two_class_areas([0.1, 0.4, 0.35, 0.8], [-1, -1, 1, 1], "bad")]
    [0.75, 0.8333]
    """
    ranked = RankedScores(scores, signed_weights, ascending=ascending)
    why = undefined_ranks(ranked, positive)
    if why:
        return [undefined(name, why, ranked.n) for name in ("roc_auc", "pr_auc")]
    note = "; ".join(filter(None, (CONSTANT if ranked.constant else "", note)))
    return [
        _figure(name, area, note)
        for name, area in (("roc_auc", ranked.roc_auc()), ("pr_auc", ranked.pr_auc()))
    ]


def one_against_rest(
    scores: Vector, truth: NDArray[np.int64], weights: Vector, classes: Sequence[str], *, note: str = ""
) -> list[Figure]:
    """ROC AUC and PR AUC of every class against all others, and their plain (macro) means.

    Parameters
    ----------
    scores
        Shape ``(n, K)``, a column a class.
    truth
        Shape ``(n,)``: position of the true class; -1 for one without scores.

    Returns
    -------
    list
        Means first, over the classes that have events and counter-events; the others have a reason. The
        interval of a mean allows for the classes being judged on the same events.
    """
    if len(classes) > MOST_CLASSES:
        why = f"{len(classes)} classes; curves are drawn for at most {MOST_CLASSES}"
        return [undefined(name, why, len(weights)) for name in ("roc_auc", "pr_auc")]
    by_class: dict[str, list[Figure]] = {"roc_auc": [], "pr_auc": []}
    areas: dict[str, list[tuple[float, Vector]]] = {"roc_auc": [], "pr_auc": []}
    left_out = []
    for index, name in enumerate(classes):
        signed = np.where(truth == index, weights, -weights)
        ranked = RankedScores(scores[:, index], signed)
        why = undefined_ranks(ranked, name)
        if why:
            left_out.append(name)
            for metric, found in by_class.items():
                found.append(undefined(metric, why, ranked.n, name))
            continue
        for metric, area in (("roc_auc", ranked.roc_auc()), ("pr_auc", ranked.pr_auc())):
            by_class[metric].append(_figure(metric, area, CONSTANT if ranked.constant else "", name))
            slopes = ranked.by_event(area.of_positive, area.of_negative, signed)
            areas[metric].append((area.value, slopes * weights))
    if left_out:
        note = "; ".join(filter(None, (f"without {', '.join(map(repr, left_out[:5]))}", note)))
    return [
        figure
        for metric in ("roc_auc", "pr_auc")
        for figure in (_macro(metric, areas[metric], weights, note), *by_class[metric])
    ]


def _macro(metric: str, areas: Sequence[tuple[float, Vector]], weights: Vector, note: str) -> Figure:
    if not areas:
        return undefined(metric, "no class has labels of it and of others", len(weights))
    value = sum(area for area, _ in areas) / len(areas)
    slopes = np.sum([slopes for _, slopes in areas], axis=0) / len(areas)
    effective = float(effective_size(weights.sum(), weights @ weights))
    lower, upper = share_interval(value, float(slopes @ slopes), effective)
    return Figure(metric, "", value, float(lower), float(upper), len(weights), effective, note)


def _figure(metric: str, area: Area, note: str, class_name: str = "") -> Figure:
    lower, upper = area.interval()
    ranked = area.ranked
    weight, squares = (
        ranked.positives + ranked.negatives,
        ranked.positive_squares.sum() + ranked.negative_squares.sum(),
    )
    effective = float(effective_size(weight, squares))
    return Figure(metric, class_name, area.value, lower, upper, ranked.n, effective, note)


def undefined(metric: str, reason: str, labelled: int = 0, class_name: str = "") -> Figure:
    """A figure that has no value."""
    return Figure(metric, class_name, math.nan, math.nan, math.nan, labelled, 0.0, reason)
