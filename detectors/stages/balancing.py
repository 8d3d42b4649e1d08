"""Weights that make the rows of a reference look like other rows in given features: entropy balancing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLACK = 1e-3
"""Penalty on the multipliers: balance is exact but for ``SLACK`` times a multiplier."""

STEPS = 60


@dataclass(frozen=True, slots=True)
class Balance:
    """Weights of the reference's rows.

    Attributes
    ----------
    weights
        Shape ``(n,)``, adding up to 1.
    effective
        Rows that the weighted reference is worth, ``1 / sum w^2``.
    imbalance
        Largest difference of a mean that is left, in the features' unit.
    """

    weights: Floats
    effective: float
    imbalance: float


def balanced(features: Floats, base: Floats, target: Floats) -> Balance:
    """Weights closest to ``base`` under which the features have the mean ``target``.

    Minimises ``log sum_i q_i exp(l . f_i) - l . t + s |l|^2 / 2`` over the multipliers l by damped Newton
    steps; weights are proportional to ``q_i exp(l . f_i)``. When no weights reach the target (it lies outside
    what the reference has), what is left of the difference is returned as ``imbalance``.

    Parameters
    ----------
    features
        Of the reference's rows, shape ``(n, p)``, standardised.
    base
        Weights before, shape ``(n,)``, above 0.
    target
        Wanted means, shape ``(p,)``.

    References
    ----------
    Hainmueller, J. (2012). Entropy balancing for causal effects. Political Analysis 20, section 3.

    Examples
    --------
    >>> found = balanced(np.array([[0.0], [1.0]]), np.ones(2), np.array([0.75]))
    >>> found.weights.round(2).tolist()
    [0.25, 0.75]
    """
    q = np.log(base / base.sum())
    multipliers = np.zeros(features.shape[1])
    value, weights = _dual(features, q, target, multipliers)
    for _ in range(STEPS):
        mean = weights @ features
        gradient = mean - target + SLACK * multipliers
        if not gradient.size or float(np.abs(gradient).max()) < 1e-6:
            break
        centred = features - mean
        curvature = (centred * weights[:, None]).T @ centred + SLACK * np.eye(multipliers.size)
        step = np.linalg.solve(curvature, gradient)
        size, descent = 1.0, float(gradient @ step)
        while True:
            tried, tried_weights = _dual(features, q, target, multipliers - size * step)
            if tried <= value - 1e-4 * size * descent or size < 1e-6:
                break
            size /= 2
        if size < 1e-6:
            break
        multipliers, value, weights = multipliers - size * step, tried, tried_weights
    left = np.abs(weights @ features - target)
    return Balance(weights, float(1 / (weights @ weights)), float(left.max(initial=0.0)))


def _dual(features: Floats, q: Floats, target: Floats, multipliers: Floats) -> tuple[float, Floats]:
    exponents = q + features @ multipliers
    top = float(exponents.max())
    raised = np.exp(exponents - top)
    total = float(raised.sum())
    value = top + np.log(total) - float(multipliers @ target) + SLACK * float(multipliers @ multipliers) / 2
    return float(value), raised / total
