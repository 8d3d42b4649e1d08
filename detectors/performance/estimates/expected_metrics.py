"""Metrics of classification as they are expected to turn out when classes are known as probabilities.

Every metric is linear in the unknown classes, or a quotient of sums that are; its value is taken at the
expected sums, its variance from the row's influence: ``slope[i, j]`` is what the metric gains when row i
turns out to be of class j, beyond ``level[i, j]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from detectors.performance.estimates.class_calibration import Believed
from detectors.performance.estimates.rows import Indices, Matrix, ScoredRows, Vector

LEAST_SCORE = float(np.finfo(np.float64).eps)
"""Scores are taken for at least this in the log loss, as scikit-learn does."""


BY_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Family:
    """A metric of every class.

    Attributes
    ----------
    values
        Shape ``(K,)``; NaN where the metric does not exist.
    slope, level
        Influence of the rows, shapes ``(n, K)``.
    """

    values: Vector
    slope: Matrix
    level: Matrix


class ExpectedMetrics:
    """Expected metrics of one window; what does not depend on the probabilities is prepared once."""

    def __init__(self, rows: ScoredRows) -> None:
        self.rows = rows
        self.share = rows.share
        k = rows.scores.shape[1]
        self.predicted = np.asarray(rows.predicted[:, None] == np.arange(k)[None, :], dtype=np.float64)
        self._ties = [_Ties.of(rows.scores[:, j]) for j in range(k)] if k else []
        clipped = np.clip(rows.scores, LEAST_SCORE, 1.0)
        self._log_losses = -np.log(clipped)
        squares = np.square(rows.scores).sum(axis=1, keepdims=True)
        # Of two classes the Brier score counts one, of more all of them.
        self._briers = (squares - 2 * rows.scores + 1) / (2 if k == 2 else 1)

    def confusion(self, classes: Matrix) -> Matrix:
        """Expected share of rows by true (row) and predicted class (column), shape ``(K, K)``."""
        return np.asarray((classes * self.share[:, None]).T @ self.predicted)

    def precision(self, classes: Matrix) -> Family:
        """:math:`\\sum_i u_i p_{ik} 1[\\hat y_i = k] / \\sum_i u_i 1[\\hat y_i = k]`."""
        answered = self.share @ self.predicted
        hits = self.share @ (classes * self.predicted)
        values = _quotient(hits, answered)
        slope = self.share[:, None] * self.predicted / _nonzero(answered)
        return Family(values, slope, -slope * values)

    def recall(self, classes: Matrix) -> Family:
        """:math:`\\sum_i u_i p_{ik} 1[\\hat y_i = k] / \\sum_i u_i p_{ik}`."""
        true = self.share @ classes
        values = _quotient(self.share @ (classes * self.predicted), true)
        slope = self.share[:, None] * (self.predicted - values) / _nonzero(true)
        return Family(values, slope, np.zeros_like(slope))

    def f1(self, classes: Matrix) -> Family:
        """Twice the hits over the answers of the class plus the rows of it."""
        both = self.share @ self.predicted + self.share @ classes
        values = _quotient(2 * (self.share @ (classes * self.predicted)), both)
        scaled = self.share[:, None] / _nonzero(both)
        return Family(values, scaled * (2 * self.predicted - values), -scaled * values * self.predicted)

    def roc_auc(self, classes: Matrix) -> Family:
        """Area under the ROC curve of each class against the rest, ties counting half.

        .. math:: \\frac{\\sum_{ij} u_i p_i u_j (1 - p_j) (1[s_i > s_j] + 1[s_i = s_j] / 2)}
                  {\\sum_i u_i p_i \\sum_j u_j (1 - p_j)}
        """
        k = classes.shape[1]
        values, slope, level = np.full(k, np.nan), np.zeros(classes.shape), np.zeros(classes.shape)
        for j in range(k):
            of, other = self.share * classes[:, j], self.share * (1 - classes[:, j])
            most, rest = of.sum(), other.sum()
            if min(most, rest) <= 0:
                continue
            below, above = self._ties[j].below(other) / rest, self._ties[j].above(of) / most
            values[j] = of @ below / most
            gain, cost = (below - values[j]) / most, (above - values[j]) / rest
            slope[:, j], level[:, j] = self.share * (gain - cost), self.share * cost
        return Family(values, slope, level)

    def losses(self, name: Literal["log_loss", "brier"]) -> Matrix:
        """Loss of every row were it of that class, shape ``(n, K)``."""
        return self._log_losses if name == "log_loss" else self._briers

    def names(self) -> tuple[tuple[str, str], ...]:
        """Metric and class of every figure, in the order of :meth:`values`."""
        classes = self.rows.classes if self.rows.scores.shape[1] else ()
        if not classes:
            return (("accuracy", ""),)
        by_class = [(metric, name) for metric in BY_CLASS for name in classes]
        macro = [(f"{metric}_macro", "") for metric in BY_CLASS]
        areas = [("roc_auc", name) for name in classes] if len(classes) > 2 else []
        return (("accuracy", ""), ("log_loss", ""), ("brier", ""), *by_class, *macro, ("roc_auc", ""), *areas)

    def values(self, believed: Believed) -> Vector:
        """Every figure, shape ``(M,)``; NaN where it does not exist."""
        p = believed.classes
        accuracy = [float(self.share @ believed.correct)]
        if not p.shape[1]:
            return np.array(accuracy)
        means = [float(self.share @ (p * loss).sum(axis=1)) for loss in (self._log_losses, self._briers)]
        families = [family.values for family in self._families(p)]
        macro = [float(family.mean()) for family in families]
        areas = self.roc_auc(p).values
        shown = [_mean_known(areas), *areas] if len(areas) > 2 else [float(areas[1])]
        return np.array([*accuracy, *means, *np.concatenate(families), *macro, *shown])

    def variances(self, believed: Believed) -> Vector:
        """Variance of every realised figure around its expectation, shape ``(M,)``."""
        p, u, part = believed.classes, self.share, self.rows.sampled_share
        right = believed.correct
        counted = float(u**2 @ (right * (1 - right)))
        drawn = float(u**2 @ np.square(right - u @ right))
        accuracy = [part * counted + (1 - part) * drawn]
        if not p.shape[1]:
            return np.array(accuracy)
        means = []
        for loss in (self._log_losses, self._briers):
            slope = u[:, None] * loss
            means.append(self._of_mean(p, slope, -u * float((p * slope).sum())))
        families = self._families(p)
        areas = self.roc_auc(p)
        k = p.shape[1]
        macro = [self._of_mean(p, f.slope / k, f.level.sum(axis=1) / k) for f in families]
        one = self._of_classes(p, areas)
        # Of several areas the mean's level depends on the class that is not: rows count for every area.
        shown = [self._of_mean(p, areas.slope / k, areas.level.sum(axis=1) / k), *one] if k > 2 else [one[1]]
        by_class = [self._of_classes(p, family) for family in families]
        return np.array([*accuracy, *means, *np.concatenate(by_class), *macro, *shown])

    def _families(self, p: Matrix) -> tuple[Family, Family, Family]:
        return self.precision(p), self.recall(p), self.f1(p)

    def _of_classes(self, p: Matrix, family: Family) -> Vector:
        """Variance of each class's metric, shape ``(K,)``."""
        part = self.rows.sampled_share
        counted = (family.slope**2 * p * (1 - p)).sum(axis=0)
        drawn = np.square(family.slope * p + family.level).sum(axis=0)
        return np.asarray(part * counted + (1 - part) * drawn)

    def _of_mean(self, p: Matrix, slope: Matrix, level: Vector) -> float:
        """Variance of one figure to which row i adds ``level[i] + slope[i, j]`` when it is of class j."""
        part = self.rows.sampled_share
        expected = (p * slope).sum(axis=1)
        counted = float(((p * slope**2).sum(axis=1) - expected**2).sum())
        drawn = float(np.square(expected + level).sum())
        return part * counted + (1 - part) * drawn


@dataclass(frozen=True, slots=True)
class _Ties:
    """Rows in the order of a score, those of equal score together."""

    inverse: Indices
    groups: int

    @classmethod
    def of(cls, score: Vector) -> _Ties:
        distinct, inverse = np.unique(score, return_inverse=True)
        return cls(inverse.astype(np.intp), len(distinct))

    def below(self, weight: Vector) -> Vector:
        """Weight of rows with a lower score, half of those with the same, for every row."""
        sums = np.bincount(self.inverse, weight, self.groups)
        return np.asarray((sums.cumsum() - sums / 2)[self.inverse])

    def above(self, weight: Vector) -> Vector:
        """Weight of rows with a higher score, half of those with the same, for every row."""
        return np.asarray(weight.sum() - self.below(weight))


def _nonzero(values: Vector) -> Vector:
    return np.where(values > 0, values, np.inf)


def _quotient(above: Vector, below: Vector) -> Vector:
    """0 where nothing is counted: what the realised metrics say then."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _mean_known(values: Vector) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
