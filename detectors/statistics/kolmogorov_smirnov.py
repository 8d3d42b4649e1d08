"""Kolmogorov-Smirnov distance on bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import checked_pair, shares


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
        In [0, 1]; symmetric. A lower bound of the exact two-sample D: that one can be larger by at
        most the largest baseline or current share of a single bin.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins change nothing. With equal-mass bins of a baseline the bound is about ``1 / B``.
    Complexity O(B).

    References
    ----------
    Smirnov, N. (1948). Table for estimating the goodness of fit. Ann. Math. Statist. 19(2), eq. 1.

    Examples
    --------
    >>> kolmogorov_smirnov([1, 1, 1, 1], [0, 0, 2, 2])
    0.5
    """
    first, second = checked_pair(baseline, current)
    difference = np.cumsum(shares(first)) - np.cumsum(shares(second))
    return min(1.0, float(np.abs(difference).max()))
