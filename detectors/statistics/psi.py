"""Population stability index."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.divergence import Derivatives, divergence_estimates, safe_log, safe_ratio
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.half_count import with_half_count
from detectors.statistics.thin_bins import with_thin_bins


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
    return float(psi_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def psi_values(pairs: CountPairs) -> Vector:
    """PSI of F fields at once, shape ``(F,)``, in nats."""
    smooth = with_half_count(pairs)
    return _psi(smooth.p, smooth.q)


def psi_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """PSI with its score interval (second-order delta method) and its detectable value.

    On unchanged data PSI is ``1/n + 1/m`` times a chi-square. Where bins hold fewer than five rows the
    limits are those of :mod:`thin_bins`: wider, and without an upper end (infinite) when a bin may be empty
    on one side, for then the true PSI may be anything.
    """
    return with_thin_bins(
        pairs, lambda dense: _estimates(dense, level, power), _terms, upper=math.inf, level=level
    )


def _estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    smooth = with_half_count(pairs)
    ratio, inverse = safe_ratio(smooth.q, smooth.p), safe_ratio(smooth.p, smooth.q)
    log = safe_log(ratio)
    derivatives = Derivatives(1 - ratio - log, 1 - inverse + log, 1 + ratio, 1 + inverse)
    return divergence_estimates(
        smooth,
        _psi(smooth.p, smooth.q),
        derivatives,
        per_degree=1 / pairs.n + 1 / pairs.m,
        upper=math.inf,
        level=level,
        power=power,
    )


def _terms(p: Counts, q: Counts, n: Vector, m: Vector) -> Counts:
    return np.where((p > 0) & (q > 0), (q - p) * safe_log(safe_ratio(q, p)), np.where(p == q, 0.0, np.inf))


def _psi(p: Counts, q: Counts) -> Vector:
    total: Vector = np.sum((q - p) * safe_log(safe_ratio(q, p)), axis=1)
    return np.maximum(total, 0.0)
