"""Large-deviation distance of a mean: how surprising a mean is when the normal law is no guide.

A nearly constant field has its location in a few rare rows. Their mean is Poisson-like, and taking it for
normal calls a single odd row in a thousand six standard deviations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

ITERATIONS = 80
TOLERANCE = 1e-10
INSIDE = 1e-9
"""A mean is kept so far inside the range of its weights, as a part of it: at the end the tilt is infinite."""


def tilted_divergence(weights: Vector, shares: Vector, mean: Vector) -> Vector:
    """Smallest Kullback-Leibler divergence from ``shares`` of a distribution with this mean, in nats.

    .. math:: K(m) = \\sup_t \\; t m - \\ln \\sum_j p_j e^{t w_j}

    Parameters
    ----------
    weights
        Value of each slot, shape ``(..., B)``.
    shares
        Probability of each slot, shape ``(..., B)``, non-negative, summing to 1.
    mean
        Means, shape ``(...)``; outside the range of weights with mass the divergence is infinite.

    Returns
    -------
    ndarray
        At least 0; 0 when ``mean`` is the mean of ``shares``.

    References
    ----------
    Cramér, H. (1938). Sur un nouveau théorème-limite de la théorie des probabilités.

    Examples
    --------
    For a coin it is the binomial divergence, here ``ln 2`` for heads only:

    >>> import numpy as np
    >>> round(float(tilted_divergence(np.array([0.0, 1.0]), np.array([0.5, 0.5]), np.array(1.0))), 6)
    0.693147
    """
    tilt, log_mass = tilted(weights, shares, mean)
    low, high, _ = _range(weights, shares)
    slack = 1e-12 * np.maximum(high - low, 1e-300)
    outside = (mean < low - slack) | (mean > high + slack)
    return np.where(outside, np.inf, np.maximum(tilt * np.clip(mean, low, high) - log_mass, 0.0))


def tilted(weights: Vector, shares: Vector, mean: Vector) -> tuple[Vector, Vector]:
    """Tilt t that gives the shares ``p_j exp(t w_j)`` this mean, and the log of their sum.

    Means out of range are taken to its end. Shapes as for :func:`tilted_divergence`. Newton's method in a
    bracket; O(B) an element and step.
    """
    low, _, scale = _range(weights, shares)
    shape = np.broadcast_shapes(np.shape(mean), weights.shape[:-1])
    x = np.broadcast_to((weights - low[..., None]) / scale[..., None], (*shape, weights.shape[-1]))
    with np.errstate(divide="ignore"):
        log_p = np.broadcast_to(np.log(shares), x.shape)
    target = np.clip((mean - low) / scale, INSIDE, 1 - INSIDE)
    x, log_p, target = x.reshape(-1, x.shape[-1]), log_p.reshape(-1, x.shape[-1]), target.reshape(-1)
    t = np.zeros(target.size)
    log_mass = np.zeros(target.size)
    lower, upper = np.full(target.size, -1e9), np.full(target.size, 1e9)
    active = np.arange(target.size)
    for _ in range(ITERATIONS):
        here = log_p[active] + t[active, None] * x[active]
        top = here.max(-1, keepdims=True)
        mass = np.exp(here - top)
        total = mass.sum(-1, keepdims=True)
        log_mass[active] = (top + np.log(total))[:, 0]
        mass /= total
        first = (mass * x[active]).sum(-1)
        spread = (mass * x[active] ** 2).sum(-1) - first**2
        excess = first - target[active]
        upper[active] = np.where(excess > 0, t[active], upper[active])
        lower[active] = np.where(excess > 0, lower[active], t[active])
        done = np.abs(excess) <= TOLERANCE * np.maximum(target[active], 1e-6)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = t[active] - excess / spread
        # Where Newton leaves the bracket, halve it on a scale that is fine near 0 and coarse far off.
        middle = np.sinh((np.arcsinh(lower[active]) + np.arcsinh(upper[active])) / 2)
        good = np.isfinite(step) & (step > lower[active]) & (step < upper[active])
        t[active] = np.where(done, t[active], np.where(good, step, middle))
        active = active[~done]
        if active.size == 0:
            break
    tilt = t.reshape(shape) / scale
    return tilt, log_mass.reshape(shape) + tilt * low


def mean_deviance(weights: Vector, shares: Vector, mean: Vector, n0: Vector, n1: Vector) -> Vector:
    """Squared deviation of a mean from that of a reference: its two-sample deviance.

    .. math:: 2 n_0 K(p \\| \\bar p) + 2 n_1 K(p_m \\| \\bar p)

    with :math:`p_m` and :math:`\\bar p` the tilts of the reference's shares p to the mean m and to the pooled
    mean. For a share (weights 0 and 1) this is exactly the two-sample binomial deviance, for a smooth field
    about the squared difference over its standard error.

    Parameters
    ----------
    weights, shares
        Value and reference share of each slot, shape ``(..., B)``.
    mean
        Current mean, shape ``(...)``.
    n0, n1
        Effective rows of the reference and now, positive, shape ``(...)``.

    Examples
    --------
    >>> import numpy as np
    >>> half = np.array([0.5, 0.5])
    >>> round(float(mean_deviance(np.array([0.0, 1.0]), half, np.array(0.9), 10.0, 10.0)), 4)
    4.07
    """
    base = (weights * shares).sum(-1)
    low, high, _ = _range(weights, shares)
    mean = np.clip(mean, low, high)
    middle = (n0 * base + n1 * mean) / (n0 + n1)
    t1, a1 = tilted(weights, shares, mean)
    t, a = tilted(weights, shares, middle)
    nats = n0 * (a - t * base) + n1 * ((t1 - t) * mean - a1 + a)
    return np.asarray(np.maximum(2 * nats, 0.0))


def _range(weights: Vector, shares: Vector) -> tuple[Vector, Vector, Vector]:
    """Least and greatest weight with mass, and their distance (1 when they are one)."""
    live = shares > 0
    low = np.where(live, weights, np.inf).min(-1)
    high = np.where(live, weights, -np.inf).max(-1)
    return low, high, np.where(high > low, high - low, 1.0)
