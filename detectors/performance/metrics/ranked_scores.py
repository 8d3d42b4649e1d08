"""ROC AUC and PR AUC of scores, with ties and weights, and their variances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.interval import effective_size, share_interval

Vector = NDArray[np.float64]


class RankedScores:
    """Events of two classes sorted by score; ``G`` groups of equal scores.

    Parameters
    ----------
    scores
        Shape ``(n,)``, finite; larger means more likely positive.
    signed_weights
        Weight of every event, positive for the positive class, negative for the other; none is 0.
    ascending
        The scores are sorted already.

    Notes
    -----
    O(n log n) for the sort, after that a few passes; about 15 arrays of n numbers.
    """

    def __init__(self, scores: ArrayLike, signed_weights: ArrayLike, *, ascending: bool = False) -> None:
        values = np.asarray(scores, dtype=np.float64)
        weights = np.asarray(signed_weights, dtype=np.float64)
        if values.ndim != 1 or values.shape != weights.shape:
            raise ValueError(
                f"scores and weights must be of one length, got {values.shape} and {weights.shape}"
            )
        self.order: NDArray[np.intp] | None = None if ascending else np.argsort(values)
        ranked, w = values, weights
        if self.order is not None:
            ranked, w = values[self.order], weights[self.order]
        self.n = values.size
        pos, neg = np.maximum(w, 0), np.maximum(-w, 0)
        pos2, neg2 = pos * pos, neg * neg
        starts = np.concatenate(([True], ranked[1:] != ranked[:-1]))
        self.first = np.flatnonzero(starts[: self.n])
        self.tied = self.first.size < self.n
        if self.tied:
            pos, neg, pos2, neg2 = (np.add.reduceat(each, self.first) for each in (pos, neg, pos2, neg2))
        self.positive, self.negative = pos, neg
        self.positive_squares, self.negative_squares = pos2, neg2
        self._positive_up_to, self._negative_up_to = np.cumsum(pos), np.cumsum(neg)
        self.positives = float(self._positive_up_to[-1]) if self.n else 0.0
        self.negatives = float(self._negative_up_to[-1]) if self.n else 0.0

    @property
    def constant(self) -> bool:
        """Whether all scores are equal."""
        return self.first.size == 1

    @cached_property
    def effective(self) -> tuple[float, float]:
        """Effective sizes of the positive and of the negative events."""
        return (
            float(effective_size(self.positives, self.positive_squares.sum())),
            float(effective_size(self.negatives, self.negative_squares.sum())),
        )

    def roc_auc(self) -> Area:
        """Area under the ROC curve: the chance that a positive ranks above a negative, ties counting half.

        ``AUC = sum_i sum_j w_i w_j ([s_i > s_j] + [s_i = s_j] / 2) / (W+ W-)``. The slope of an event is its
        placement: ``(V_i - AUC) / W+`` with V_i the share of negatives below a positive, and alike for
        negatives.

        Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44, equations 4 to 6, with weights.
        """
        below = (self._negative_up_to - self.negative / 2) / self.negatives
        above = (self.positives - self._positive_up_to + self.positive / 2) / self.positives
        area = float(self.positive @ below) / self.positives
        return Area(area, (below - area) / self.positives, (above - area) / self.negatives, self)

    def pr_auc(self) -> Area:
        """Average precision: the mean, over positives, of the precision at their score.

        ``AP = sum_i w_i P(s_i) / W+`` over positives, ``P(s) = TP(s) / (TP(s) + FP(s))`` counting scores of
        at least s: scikit-learn's ``average_precision_score``, no interpolation. The slope of an event is the
        derivative by its weight: a positive adds its own precision and raises it at all lower scores, a
        negative lowers it there.
        """
        above = self.positives - self._positive_up_to + self.positive
        false = self.negatives - self._negative_up_to + self.negative
        per_total = 1 / (above + false)
        precision = above * per_total
        area = float(self.positive @ precision) / self.positives
        pull = self.positive * per_total * per_total
        raised = np.cumsum(pull * false) / self.positives
        lowered = np.cumsum(pull * above) / self.positives
        return Area(area, (precision - area) / self.positives + raised, -lowered, self)

    def by_event(self, of_positive: Vector, of_negative: Vector, signed_weights: Vector) -> Vector:
        """Slopes of every event in the order they were given, from those by group."""
        lengths = np.diff(np.append(self.first, self.n))
        rank = np.repeat(np.arange(self.first.size), lengths) if self.tied else np.arange(self.n)
        group = np.empty(self.n, dtype=np.int64)
        group[slice(None) if self.order is None else self.order] = rank
        return np.where(signed_weights > 0, of_positive[group], of_negative[group])


@dataclass(frozen=True)
class Area:
    """An area under a curve with the slope of every group's positive and negative events, shape ``(G,)``."""

    value: float
    of_positive: Vector
    of_negative: Vector
    ranked: RankedScores

    @property
    def variance(self) -> float:
        """``sum (w slope)^2``, each class with the factor ``n / (n - 1)`` of its effective size."""
        ranked = self.ranked
        spread = 0.0
        for squares, slopes, n in (
            (ranked.positive_squares, self.of_positive, ranked.effective[0]),
            (ranked.negative_squares, self.of_negative, ranked.effective[1]),
        ):
            spread += float(squares @ (slopes * slopes)) * (n / (n - 1) if n > 1 else 1.0)
        return spread

    def interval(self) -> tuple[float, float]:
        """95% interval; where the variance is 0, that of as many draws as the rarer class has."""
        lower, upper = share_interval(self.value, self.variance, min(self.ranked.effective))
        return float(lower), float(upper)


def undefined_ranks(ranked: RankedScores, positive: str) -> str:
    """Why no curve can be drawn, or an empty text."""
    if ranked.n == 0:
        return "no event has usable scores"
    if ranked.negatives <= 0:
        return f"all labels are {positive!r}"
    if ranked.positives <= 0:
        return f"no label is {positive!r}"
    return ""
