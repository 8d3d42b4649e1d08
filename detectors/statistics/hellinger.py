"""Hellinger distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.divergence import Derivatives, divergence_estimates, safe_ratio
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.quadratic import square_root
from detectors.statistics.thin_bins import with_thin_bins


def hellinger(baseline: ArrayLike, current: ArrayLike) -> float:
    """Hellinger distance of two count vectors.

    .. math:: H = \\sqrt{\\tfrac12 \\sum_j (\\sqrt{p_j} - \\sqrt{q_j})^2}

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
    Empty bins need no filling. On unchanged data the squared value is about ``(B - 1) (1/n + 1/m) / 8``.
    Complexity O(B).

    References
    ----------
    Tsybakov, A. (2009). Introduction to Nonparametric Estimation, section 2.4, definition 2.3 (without
    the factor 1/2).

    Examples
    --------
    >>> hellinger([1, 0], [0, 1])
    1.0
    >>> round(hellinger([1, 1], [1, 0]), 6)  # sqrt(1 - sqrt(1/2))
    0.541196
    """
    return float(hellinger_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def hellinger_values(pairs: CountPairs) -> Vector:
    """Hellinger distance of F fields at once, shape ``(F,)``, in [0, 1]."""
    return np.sqrt(_squared(pairs))


def hellinger_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """The distance with its score interval (second-order delta method on its square).

    Where bins hold fewer than five rows the limits are those of :mod:`thin_bins`.
    """
    return square_root(
        with_thin_bins(
            pairs, lambda dense: _squared_estimates(dense, level, power), _terms, upper=1.0, level=level
        )
    )


def _squared_estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    ratio, inverse = np.sqrt(safe_ratio(pairs.q, pairs.p)), np.sqrt(safe_ratio(pairs.p, pairs.q))
    return divergence_estimates(
        pairs,
        _squared(pairs),
        Derivatives(-ratio / 2, -inverse / 2, ratio / 4, inverse / 4),
        per_degree=(1 / pairs.n + 1 / pairs.m) / 8,
        upper=1.0,
        level=level,
        power=power,
    )


def _terms(p: Counts, q: Counts, n: Vector, m: Vector) -> Counts:
    terms: Counts = (np.sqrt(p) - np.sqrt(q)) ** 2 / 2
    return terms


def _squared(pairs: CountPairs) -> Vector:
    # Not 1 - sum sqrt(p q): that loses half the digits of a small distance.
    half: Vector = ((np.sqrt(pairs.p) - np.sqrt(pairs.q)) ** 2).sum(axis=1) / 2
    return np.minimum(half, 1.0)
