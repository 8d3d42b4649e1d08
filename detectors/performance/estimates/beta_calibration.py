"""Beta calibration: a curve of three parameters, which few rows determine better than steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from detectors.performance.estimates.rows import Matrix, Vector

LEAST = 1e-12
"""Scores nearer to 0 or 1 are taken for this: their logarithms have to exist."""

RIDGE = 1.0
"""Weight of "slopes are 0" in rows, at features of spread 1: separable samples have no other maximum."""

STEPS, STILL, LONGEST = 30, 1e-6, 3.0


def beta_features(score: Vector) -> Matrix:
    """:math:`(\\ln s, -\\ln(1 - s))` of every row, shape ``(n, 2)``."""
    return np.stack([np.log(np.maximum(score, LEAST)), -np.log(np.maximum(1 - score, LEAST))], axis=1)


def beta_values(features: Matrix, weight: Matrix, hits: Matrix) -> Matrix:
    """Calibrated probability of every bin, for every sample of the same bins.

    .. math:: c(s) = \\frac{1}{1 + e^{-(a \\ln s - b \\ln(1 - s) + c)}}, \\quad a, b \\ge 0

    A slope that comes out below 0 is left out and the others are fitted again.

    Parameters
    ----------
    features
        Mean features of the G bins, shape ``(G, 2)``.
    weight, hits
        Weight of each bin, in effective rows, and what of it has the outcome, for B samples; shapes
        ``(B, G)``.

    Returns
    -------
    ndarray
        Shape ``(B, G)``.

    References
    ----------
    Kull, M., Silva Filho, T. and Flach, P. (2017). Beta calibration. AISTATS, section 3.
    """
    spread = np.maximum(features.std(axis=0), LEAST)
    x = np.concatenate([np.ones((len(features), 1)), (features - features.mean(axis=0)) / spread], axis=1)
    free = np.ones((len(weight), 3), dtype=bool)
    found = _fitted(x, weight, hits, free)
    for _ in range(2):
        again = (found[:, 1:] < 0).any(axis=1)
        if not again.any():
            break
        free[:, 1:] &= found[:, 1:] >= 0
        found[again] = _fitted(x, weight[again], hits[again], free[again])
    return np.asarray(expit(found @ x.T))


def _fitted(x: Matrix, weight: Matrix, hits: Matrix, free: NDArray[np.bool_]) -> Matrix:
    """Newton's steps for all samples at once; coefficients that are not free stay 0; shape ``(B, 3)``."""
    # Half a row of either outcome: a sample of one outcome only does not show that the other never happens.
    mean = (hits.sum(axis=1) + 0.5) / (weight.sum(axis=1) + 1)
    added = mean[:, None] / len(x), 1 / len(x)
    hits, weight = hits + added[0], weight + added[1]
    found = np.zeros((len(weight), x.shape[1]))
    found[:, 0] = np.log(mean / (1 - mean))
    penalty = RIDGE * np.array([0.0, *np.ones(x.shape[1] - 1)])
    pairs = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    fixed = np.where(free, 0.0, 1e12)[:, :, None] * np.eye(x.shape[1])
    for _ in range(STEPS):
        p = expit(found @ x.T)
        slope = (hits - weight * p) @ x - penalty * found
        bend = ((weight * p * (1 - p)) @ pairs).reshape(-1, x.shape[1], x.shape[1])
        bend = bend + np.diag(penalty + 1e-6) + fixed
        step = np.linalg.solve(bend, np.where(free, slope, 0.0)[:, :, None])[:, :, 0]
        found = found + np.clip(step, -LONGEST, LONGEST)
        if np.abs(step).max() < STILL:
            break
    return found
