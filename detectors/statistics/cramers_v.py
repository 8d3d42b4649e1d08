"""Cramér's V between "baseline or current" and the bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.chi_square import mean_square_contingency, mean_square_contingency_estimates
from detectors.statistics.counts import CountPairs, checked_pair
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.quadratic import square_root


def cramers_v(baseline: ArrayLike, current: ArrayLike) -> float:
    """Cramér's V of the 2 x B table whose rows are the two samples.

    .. math:: V = \\sqrt{X^2 / (N + M)}

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.

    Returns
    -------
    float
        In [0, 1]; 0 for equal shares, 1 for disjoint ones; symmetric.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    With two rows the usual divisor min(rows, columns) - 1 is 1. V depends on how unequal the sample sizes
    are: for the same shift it shrinks with the smaller sample's part of all rows, so it is comparable
    only between windows of about one size. Bins empty on both sides are left out. On unchanged data V² is
    about ``(B - 1) / (N + M)``. Complexity O(B).

    References
    ----------
    Cramér, H. (1946). Mathematical Methods of Statistics, section 21.9.

    Examples
    --------
    The table [[10, 20], [20, 10]] has X² = 20/3 of 60 rows, so V = 1/3.

    >>> round(cramers_v([10, 20], [20, 10]), 6)
    0.333333
    """
    return float(cramers_v_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def cramers_v_values(pairs: CountPairs) -> Vector:
    """Cramér's V of F fields at once, shape ``(F,)``, in [0, 1]."""
    return np.minimum(np.sqrt(mean_square_contingency(pairs)), 1.0)


def cramers_v_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """V with its score interval (second-order delta method on V²)."""
    return square_root(mean_square_contingency_estimates(pairs, level, power))
