"""Large-deviation distance of a mean: how surprising a mean is when the normal law is no guide.

A nearly constant field has its location in a few rare rows. Their mean is Poisson-like, and taking it for
normal calls a single odd row in a thousand six standard deviations.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

Vector = NDArray[np.float64]


def tilted_divergence(weights: Vector, shares: Vector, mean: float) -> float:
    """Smallest Kullback-Leibler divergence from ``shares`` of a distribution with this mean, in nats.

    .. math:: K(m) = \\sup_t \\; t m - \\ln \\sum_j p_j e^{t w_j}

    Parameters
    ----------
    weights
        Value of each slot, shape ``(B,)``.
    shares
        Probability of each slot, shape ``(B,)``, non-negative, summing to 1.
    mean
        A mean; outside the range of weights with mass the divergence is infinite.

    Returns
    -------
    float
        At least 0; 0 when ``mean`` is the mean of ``shares``.

    References
    ----------
    Cramér, H. (1938). Sur un nouveau théorème-limite de la théorie des probabilités.

    Examples
    --------
    For a coin it is the binomial divergence, here ``ln 2`` for heads only:

    >>> import numpy as np
    >>> round(tilted_divergence(np.array([0.0, 1.0]), np.array([0.5, 0.5]), 1.0), 6)
    0.693147
    """
    live = shares > 0
    w, log_p = weights[live], np.log(shares[live])
    low, high = float(w.min()), float(w.max())
    scale = high - low
    if scale == 0:
        return 0.0 if math.isclose(mean, low, abs_tol=1e-12) else math.inf
    if mean < low - 1e-12 * scale or mean > high + 1e-12 * scale:
        return math.inf
    x, target = (w - low) / scale, (mean - low) / scale
    if target >= 1 - 1e-12:
        return float(-logsumexp(log_p[w == high]))
    if target <= 1e-12:
        return float(-logsumexp(log_p[w == low]))

    def excess(t: float) -> float:
        tilted = log_p + t * x
        return float(np.exp(tilted - logsumexp(tilted)) @ x) - target

    bound = 1.0
    while excess(bound) < 0 or excess(-bound) > 0:
        bound *= 4
    t = float(brentq(excess, -bound, bound, xtol=1e-10))
    return max(0.0, t * target - float(logsumexp(log_p + t * x)))


def mean_deviance(weights: Vector, first: Vector, second: Vector, n0: float, n1: float) -> float:
    """Root of the two-sample deviance of a mean, in standard deviations.

    Both samples are tilts of their pooled shares; for a share (weights 0 and 1) this is exactly the root
    of the two-sample binomial deviance, for a smooth field about the difference over its standard error.

    Parameters
    ----------
    weights
        Value of each slot, shape ``(B,)``.
    first, second
        Shares of both samples, shape ``(B,)``, each summing to 1.
    n0, n1
        Their effective rows, positive.

    Examples
    --------
    >>> import numpy as np
    >>> round(mean_deviance(np.array([0.0, 1.0]), np.array([0.5, 0.5]), np.array([0.0, 1.0]), 10, 10), 4)
    2.9378
    """
    pooled = (n0 * first + n1 * second) / (n0 + n1)
    nats = n0 * tilted_divergence(weights, pooled, float(weights @ first))
    nats += n1 * tilted_divergence(weights, pooled, float(weights @ second))
    return math.sqrt(2 * nats)
