"""Kullback-Leibler divergence."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.divergence import Derivatives, divergence_estimates, safe_log, safe_ratio
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.half_count import with_half_count
from detectors.statistics.thin_bins import with_thin_bins


def kullback_leibler(baseline: ArrayLike, current: ArrayLike) -> float:
    """Divergence of the current shares q from the baseline's p: the surprise of someone who expects p.

    .. math:: \\mathrm{KL}(q \\| p) = \\sum_j q_j \\ln (q_j / p_j)

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.

    Returns
    -------
    float
        At least 0, in nats, 0 for equal shares. Not symmetric: PSI is its sum over both directions.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins: as for PSI, half a count spread over the live bins is added to both sides; without it one
    row in a bin that the baseline left empty would make the divergence infinite. On unchanged data the
    expected value is about ``(B - 1) (1/n + 1/m) / 2``. Complexity O(B).

    References
    ----------
    Kullback, S. and Leibler, R. (1951). On information and sufficiency. Ann. Math. Statist. 22, eq. 2.4.

    Examples
    --------
    A fair coin expected, three heads of four seen: ``.75 ln 1.5 + .25 ln .5`` up to the half count.

    >>> round(kullback_leibler([500_000, 500_000], [750_000, 250_000]), 5)
    0.13081
    """
    return float(kullback_leibler_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def kullback_leibler_values(pairs: CountPairs) -> Vector:
    """Kullback-Leibler divergence of F fields at once, shape ``(F,)``, in nats."""
    smooth = with_half_count(pairs)
    return _divergence(smooth.p, smooth.q)


def kullback_leibler_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """The divergence with its score interval (second-order delta method) and its detectable value.

    Where bins hold fewer than five rows the limits are those of :mod:`thin_bins`: wider, and without an
    upper end (infinite) when a bin may be empty in the baseline.
    """
    return with_thin_bins(
        pairs, lambda dense: _estimates(dense, level, power), _terms, upper=math.inf, level=level
    )


def _estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    smooth = with_half_count(pairs)
    ratio = safe_ratio(smooth.q, smooth.p)
    live = (smooth.q > 0).astype(np.float64)
    return divergence_estimates(
        smooth,
        _divergence(smooth.p, smooth.q),
        Derivatives(-ratio, safe_log(ratio) + 1, ratio, live),
        per_degree=(1 / pairs.n + 1 / pairs.m) / 2,
        upper=math.inf,
        level=level,
        power=power,
    )


def _terms(p: Counts, q: Counts, n: Vector, m: Vector) -> Counts:
    # With q - p taken off, which adds up to 0, every bin's term is at least 0.
    terms = q * safe_log(safe_ratio(q, p)) - q + p
    return np.where(p > 0, terms, np.where(q > 0, np.inf, 0.0))


def _divergence(p: Counts, q: Counts) -> Vector:
    # Bin by bin of second order in the difference: q ln (q / p) alone would cancel near 0.
    change = np.maximum(safe_ratio(q - p, p), -1.0)
    total: Vector = np.sum(p * (xlog1py(1 + change, change) - change), axis=1)
    return np.maximum(total, 0.0)
