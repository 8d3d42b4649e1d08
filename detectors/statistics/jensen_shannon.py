"""Jensen-Shannon distance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.divergence import Derivatives, divergence_estimates, safe_log, safe_ratio
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.quadratic import square_root
from detectors.statistics.thin_bins import with_thin_bins

_PER_BIT = 1 / (2 * math.log(2))


def jensen_shannon(baseline: ArrayLike, current: ArrayLike) -> float:
    """Jensen-Shannon distance (square root of the divergence, logarithm to base 2).

    .. math:: \\mathrm{JS} = \\sqrt{\\tfrac12 \\mathrm{KL}_2(p \\| m) + \\tfrac12 \\mathrm{KL}_2(q \\| m)},
              \\quad m = (p + q) / 2

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.

    Returns
    -------
    float
        In [0, 1]; 0 for equal shares, 1 for disjoint ones; symmetric; a metric.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins need no filling: ``0 log 0 = 0`` and m is positive wherever p or q is. Complexity O(B).
    On unchanged data the squared value is about ``(B - 1) (1/n + 1/m) / (8 ln 2)``.

    References
    ----------
    Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37(1), eq. 4.1.
    Endres, D. and Schindelin, J. (2003). A new metric for probability distributions. Ibid. 49(7).

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    >>> round(jensen_shannon([1, 0], [1, 1]), 6)  # sqrt of h(1/4) - 1/2 bits
    0.557923
    """
    return float(jensen_shannon_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def jensen_shannon_values(pairs: CountPairs) -> Vector:
    """Jensen-Shannon distance of F fields at once, shape ``(F,)``, in [0, 1]."""
    return np.sqrt(_divergence(pairs))


def jensen_shannon_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """The distance with its score interval (second-order delta method on its square).

    Where bins hold fewer than five rows the limits are those of :mod:`thin_bins`.
    """
    return square_root(
        with_thin_bins(
            pairs,
            lambda dense: _divergence_estimates(dense, level, power),
            lambda p, q, n, m: _terms(p, q),
            upper=1.0,
            level=level,
        )
    )


def _divergence_estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    p, q = pairs.p, pairs.q
    middle = (p + q) / 2
    derivatives = Derivatives(
        safe_log(safe_ratio(p, middle)) * _PER_BIT,
        safe_log(safe_ratio(q, middle)) * _PER_BIT,
        (p > 0) * safe_ratio(q, 2 * middle) * _PER_BIT,
        (q > 0) * safe_ratio(p, 2 * middle) * _PER_BIT,
    )
    return divergence_estimates(
        pairs,
        _divergence(pairs),
        derivatives,
        per_degree=(1 / pairs.n + 1 / pairs.m) * _PER_BIT / 4,
        upper=1.0,
        level=level,
        power=power,
    )


def _divergence(pairs: CountPairs) -> Vector:
    bits: Vector = _terms(pairs.p, pairs.q).sum(axis=1)
    return np.minimum(np.maximum(bits, 0.0), 1.0)


def _terms(p: Counts, q: Counts) -> Counts:
    # Bin by bin of second order in the difference: entropies of either side would cancel near 0.
    total = p + q
    half = safe_ratio(q - p, total)
    bits: Counts = total / 2 * (xlog1py(1 - half, -half) + xlog1py(1 + half, half)) * _PER_BIT
    return bits
