"""Kolmogorov-Smirnov distance on bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogi, kolmogorov, ndtri

from detectors.statistics.counts import CountPairs, checked_pair
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector, checked_rates


def kolmogorov_smirnov(baseline: ArrayLike, current: ArrayLike) -> float:
    """Largest difference of the two distribution functions at the bin edges.

    .. math:: D = \\max_j | P_j - Q_j |, \\quad P_j = \\sum_{i \\le j} p_i

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B *ordered* bins, shape ``(B,)``, non-negative; without missing.

    Returns
    -------
    float
        In [0, 1]; symmetric. A lower bound of the exact two-sample D of the rows:
        :func:`kolmogorov_smirnov_bounds` has both.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins change nothing. Complexity O(B).

    References
    ----------
    Smirnov, N. (1948). Table for estimating the goodness of fit. Ann. Math. Statist. 19(2), eq. 1.

    Examples
    --------
    >>> kolmogorov_smirnov([1, 1, 1, 1], [0, 0, 2, 2])
    0.5
    """
    return float(kolmogorov_smirnov_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def kolmogorov_smirnov_bounds(baseline: ArrayLike, current: ArrayLike) -> tuple[float, float]:
    """What the exact two-sample D of the rows can be, given only their counts in bins.

    .. math:: \\max_j |P_j - Q_j| \\le D \\le \\max_j \\max(P_j - Q_{j-1}, Q_j - P_{j-1})

    Both ends are attained: the lower one when each bin's rows sit on one point, the upper one when in
    some bin all rows of one side come before all of the other's.

    Examples
    --------
    >>> kolmogorov_smirnov_bounds([2, 2], [2, 2])
    (0.0, 0.5)
    """
    pairs = CountPairs.of(*checked_pair(baseline, current))
    first, second = np.cumsum(pairs.p[0]), np.cumsum(pairs.q[0])
    before_first, before_second = first - pairs.p[0], second - pairs.q[0]
    highest = max(float(np.max(first - before_second)), float(np.max(second - before_first)))
    return float(kolmogorov_smirnov_values(pairs)[0]), min(1.0, highest)


def kolmogorov_smirnov_values(pairs: CountPairs) -> Vector:
    """Binned D of F fields at once, shape ``(F,)``, in [0, 1]."""
    largest: Vector = np.abs(np.cumsum(pairs.p - pairs.q, axis=1)).max(axis=1)
    return np.minimum(largest, 1.0)


def kolmogorov_smirnov_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """Binned D with an interval from the triangle inequality and the Kolmogorov distribution.

    The noise of ``P - Q`` exceeds ``K s``, ``s = sqrt(1/n + 1/m)``, anywhere with the Kolmogorov tail's
    probability: D can be too large by no more, which gives the lower limit. At the edge where the
    observed difference is largest it is normal, which gives the upper one. Bins only make both safer.
    The detectable D is found wherever on the axis it arises. For fields whose bins hold few rows see the
    exact test on samples.
    """
    checked_rates(level, power)
    first, second = np.cumsum(pairs.p, axis=1), np.cumsum(pairs.q, axis=1)
    gap = np.abs(first - second)
    at = gap.argmax(axis=1)[:, None]
    value = np.minimum(np.take_along_axis(gap, at, axis=1)[:, 0], 1.0)
    low = np.clip(np.take_along_axis(first, at, axis=1)[:, 0], 0.0, 1.0)
    high = np.clip(np.take_along_axis(second, at, axis=1)[:, 0], 0.0, 1.0)
    error = np.sqrt(low * (1 - low) / pairs.n + high * (1 - high) / pairs.m)
    spread = np.sqrt(1 / pairs.n + 1 / pairs.m)
    return Estimates(
        value,
        np.maximum(value - kolmogi(level / 2) * spread, 0.0),
        np.minimum(value + ndtri(1 - level / 2) * error, 1.0),
        np.minimum((kolmogi(level) + ndtri(power) / 2) * spread, 1.0),
        kolmogorov(value / spread),
    )
