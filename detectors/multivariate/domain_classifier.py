"""How well a window's rows can be told from the baseline's, by rows that the classifier did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.normal_scores import Matrix
from detectors.statistics.samples.mann_whitney import mann_whitney
from detectors.statistics.samples.sample import Sample

STRETCHES = 20
RIDGE = 0.05
"""Penalty relative to the features' mean variance."""

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Discriminant:
    """Fisher's discriminant with the baseline's covariance, which all windows share.

    Attributes
    ----------
    early, late
        Features of the baseline's halves (:func:`alternating`), shapes ``(n, D)``.
    inverse
        Of the ridged covariance of all baseline rows, shape ``(D, D)``.
    """

    early: Features
    late: Features
    early_weights: Matrix
    late_weights: Matrix
    inverse: Matrix

    @classmethod
    def of(cls, features: Features, weights: Matrix) -> Discriminant:
        """From the features of the baseline's rows, in the order of time; O(n D² + D³)."""
        share = (weights / weights.sum()).astype(np.float32)
        centred = features - share @ features
        covariance = ((centred * share[:, None]).T @ centred).astype(np.float64)
        # A feature that the baseline holds constant must stay comparable with the others.
        penalty = RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-6)
        inverse: Matrix = np.linalg.inv(covariance + penalty * np.eye(len(covariance)))
        early, late = alternating(len(features))
        return cls(features[early], features[late], weights[early], weights[late], inverse)


@dataclass(frozen=True, slots=True)
class Told:
    """Outcome for one window.

    Attributes
    ----------
    auc
        Mean area under the ROC curve over both directions, in [0, 1]; 1/2 when rows cannot be told apart.
    contributions
        What each feature adds to the distance of the judged halves, shape ``(D,)``.
    scores
        Of the window's rows, in their order, each by the classifier that did not see it.
    baseline_scores
        Likewise of the baseline's rows: those of the first half, then those of the second.
    """

    auc: float
    contributions: Matrix
    scores: Matrix
    baseline_scores: Matrix


def halves(rows: int) -> tuple[slice, slice]:
    """Earlier and later half of rows in the order of time."""
    return slice(0, rows // 2), slice(rows // 2, rows)


def alternating(rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Two halves of a baseline's rows: every other of 20 stretches of time.

    Rows that follow each other stay together, yet both halves cover a whole day where the baseline does.

    >>> [half.tolist() for half in alternating(40)][0][:4]
    [0, 1, 4, 5]
    """
    even = (np.arange(rows) * STRETCHES // max(rows, 1)) % 2 == 0
    return np.flatnonzero(even), np.flatnonzero(~even)


def told_apart(discriminant: Discriminant, features: Features, weights: Matrix) -> Told:
    """Train on one half in time of window and baseline, judge the other, and the other way round.

    .. math:: w = (S + \\lambda I)^{-1} (\\bar y_A - \\bar x_A), \\quad \\mathrm{AUC} = P(w^T y_B > w^T x_B)

    Parameters
    ----------
    features, weights
        Of the window's rows in the order of time, shapes ``(n, D)`` and ``(n,)``, n at least 4.

    Notes
    -----
    Halves in time, not at random: rows that come in bursts would otherwise sit on both sides, and the
    classifier would recognise the burst. O(n D).

    References
    ----------
    Lopez-Paz, D. and Oquab, M. (2017). Revisiting classifier two-sample tests. ICLR, section 2.
    """
    early, late = halves(len(features))
    x = (discriminant.early, discriminant.late)
    u = (discriminant.early_weights, discriminant.late_weights)
    y, v = (features[early], features[late]), (weights[early], weights[late])
    change = [_mean(y[half], v[half]) - _mean(x[half], u[half]) for half in (0, 1)]
    areas: list[float] = []
    judged_x: list[Matrix] = [np.empty(0)] * 2
    judged_y: list[Matrix] = [np.empty(0)] * 2
    contributions = np.zeros(features.shape[1])
    for learned, judged in ((0, 1), (1, 0)):
        direction = discriminant.inverse @ change[learned]
        contributions += direction * change[judged] / 2
        as_float32 = direction.astype(np.float32)
        judged_x[judged] = (x[judged] @ as_float32).astype(np.float64)
        judged_y[judged] = (y[judged] @ as_float32).astype(np.float64)
        areas.append(
            mann_whitney(
                Sample.of(judged_x[judged], u[judged], name="baseline"),
                Sample.of(judged_y[judged], v[judged], name="current"),
            )
        )
    return Told(sum(areas) / 2, contributions, np.concatenate(judged_y), np.concatenate(judged_x))


def _mean(features: Features, weights: Matrix) -> Matrix:
    share = (weights / weights.sum()).astype(np.float32)
    return np.asarray(share @ features, dtype=np.float64)
