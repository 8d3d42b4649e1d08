"""Population stability index."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import checked_pair


def psi(baseline: ArrayLike, current: ArrayLike) -> float:
    """Population stability index of two count vectors.

    .. math:: \\mathrm{PSI} = \\sum_j (q_j - p_j) \\ln (q_j / p_j)

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.

    Returns
    -------
    float
        At least 0, in nats; symmetric. Common reading: below .1 stable, above .25 large.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins: bins empty on both sides are left out; to every other bin of *both* sides half a count
    spread over the bins, ``1 / (2 B)``, is added before the shares are taken (Jeffreys-like, symmetric).
    Filling empty bins with a tiny constant instead makes the result depend on that constant.
    On unchanged data the expected value is about ``(B - 1) (1/n + 1/m)``: small samples look unstable,
    so PSI alone decides nothing here. Complexity O(B).

    References
    ----------
    Siddiqi, N. (2006). Credit Risk Scorecards, ch. 10. Bias: Yurdakul, B. and Naranjo, J. (2020),
    Statistical properties of the population stability index, J. Risk Model Validation 14(4), eq. 3.

    Examples
    --------
    Two bins, half against three quarters: ``.25 ln 3`` up to the half count.

    >>> round(psi([500_000, 500_000], [250_000, 750_000]), 5)
    0.27465
    >>> psi([10, 20, 0], [10, 20, 0])
    0.0
    """
    first, second = checked_pair(baseline, current)
    live = (first > 0) | (second > 0)
    half = 0.5 / live.sum()
    p = first[live] + half
    q = second[live] + half
    p, q = p / p.sum(), q / q.sum()
    return max(0.0, float(np.sum((q - p) * np.log(q / p))))
