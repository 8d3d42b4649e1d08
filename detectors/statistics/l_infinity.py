"""Largest change of a single bin's share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector, checked_rates

_NEWTON_STEPS = 8


def l_infinity(baseline: ArrayLike, current: ArrayLike) -> float:
    """Largest absolute difference of a bin's shares.

    .. math:: L_\\infty = \\max_j | p_j - q_j |

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.

    Returns
    -------
    float
        In [0, 1]; symmetric; at most the total variation.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins need no filling. It depends on how fine the bins are: a shift spread over many fine bins
    stays small in each. Complexity O(B).

    References
    ----------
    Chebyshev distance of the shares; e.g. Deza, M. and Deza, E. (2009). Encyclopedia of Distances, 14.1.

    Examples
    --------
    >>> l_infinity([3, 1, 0], [1, 1, 2])
    0.5
    """
    return float(l_infinity_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def l_infinity_values(pairs: CountPairs) -> Vector:
    """Largest change of a share of F fields at once, shape ``(F,)``, in [0, 1]."""
    largest: Vector = np.abs(pairs.p - pairs.q).max(axis=1)
    return largest


def l_infinity_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """Largest change with an interval from the noise of all bins together.

    Lower limit: the value less what noise alone makes of the largest bin (Šidák's inequality over normal
    bins); upper: a normal limit in the bin observed to have moved most. At least the stated confidence.
    The detectable change is found in whichever bin it arises.

    References
    ----------
    Šidák, Z. (1967). Rectangular confidence regions for the means of multivariate normal distributions.
    J. Amer. Statist. Assoc. 62, corollary 1.
    """
    checked_rates(level, power)
    gap = np.abs(pairs.p - pairs.q)
    at = gap.argmax(axis=1)[:, None]
    value = np.take_along_axis(gap, at, axis=1)[:, 0]
    n, m = pairs.n[:, None], pairs.m[:, None]
    errors = np.sqrt(pairs.p * (1 - pairs.p) / n + pairs.q * (1 - pairs.q) / m)
    pooled = pairs.mixture()[2]
    unchanged = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    at_largest = np.take_along_axis(errors, at, axis=1)[:, 0]
    critical = _noise_quantile(unchanged, level)
    detectable = critical + ndtri(power) * unchanged.max(axis=1)
    return Estimates(
        value,
        np.maximum(value - _noise_quantile(errors, level / 2), 0.0),
        np.minimum(value + ndtri(1 - level / 2) * at_largest, 1.0),
        np.where(unchanged.max(axis=1) > 0, np.minimum(detectable, 1.0), np.nan),
        np.where(value > 0, -np.expm1(_log_all_below(value, unchanged)), 1.0),
    )


def _standardised(limit: Vector, errors: Counts) -> Counts:
    """``limit / error`` bin by bin; infinite where a bin has no noise."""
    result: Counts = np.divide(limit[:, None], errors, out=np.full_like(errors, np.inf), where=errors > 0)
    return result


def _log_all_below(limit: Vector, errors: Counts) -> Vector:
    """Log of the chance that normal noise stays within ``limit`` in every bin, by Šidák."""
    inside = np.log1p(-np.minimum(2 * ndtr(-_standardised(limit, errors)), 1 - 1e-16))
    # Two bins mirror each other: they are one.
    noisy = (errors > 0).sum(axis=1)
    total: Vector = inside.sum(axis=1) * np.where(noisy == 2, 0.5, 1.0)
    return total


def _noise_quantile(errors: Counts, tail: float) -> Vector:
    """The limit c that noise exceeds in any bin with probability ``tail``: Newton from below.

    ``log P(all below c)`` is increasing and concave, so the steps never overshoot.
    """
    largest = errors.max(axis=1)
    unit = np.where(largest > 0, largest, 1.0)
    relative = errors / unit[:, None]
    limit = np.full(len(errors), float(ndtri(1 - tail / 2)))
    share = np.where((errors > 0).sum(axis=1) == 2, 0.5, 1.0)
    for _ in range(_NEWTON_STEPS):
        z = np.minimum(_standardised(limit, relative), 40.0)
        outside = 2 * ndtr(-z)
        density = np.exp(-z * z / 2) * np.sqrt(2 / np.pi)
        slope = share * np.sum(
            np.where(relative > 0, density * z / limit[:, None] / (1 - outside), 0.0), axis=1
        )
        missed = np.log1p(-tail) - share * np.log1p(-outside).sum(axis=1)
        limit = limit + missed / np.maximum(slope, 1e-300)
    return np.where(largest > 0, limit * unit, 0.0)
