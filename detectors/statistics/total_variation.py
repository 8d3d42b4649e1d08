"""Total variation distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.simulated import SEED, simulated_estimates


def total_variation(baseline: ArrayLike, current: ArrayLike) -> float:
    """Share of the rows that would have to change bin to turn one sample into the other.

    .. math:: \\mathrm{TV} = \\tfrac12 \\sum_j | p_j - q_j |

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
    Empty bins need no filling. On unchanged data the value is about
    ``sum_j sqrt(p_j (1 - p_j) (1/n + 1/m) / (2 pi))``: it grows with the root of the number of bins.
    Complexity O(B).

    References
    ----------
    Tsybakov, A. (2009). Introduction to Nonparametric Estimation, section 2.4, definition 2.4.

    Examples
    --------
    >>> total_variation([6, 2, 2], [2, 4, 4])
    0.4
    """
    return float(total_variation_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def total_variation_values(pairs: CountPairs) -> Vector:
    """Total variation of F fields at once, shape ``(F,)``, in [0, 1]."""
    return np.minimum(half_sum(pairs.p - pairs.q), 1.0)


def total_variation_estimates(
    pairs: CountPairs, level: float = LEVEL, power: float = POWER, seed: int = SEED
) -> Estimates:
    """Total variation with an interval by test inversion over seeded normal draws.

    The detectable value is that of a change in which neighbouring bins gain and lose in turn, in
    proportion to the root of their share: the change that is hardest to find for its size.
    """
    pooled = pairs.mixture()[2]
    turns = np.where(np.arange(pooled.shape[1]) % 2 == 0, 1.0, -1.0)
    return simulated_estimates(
        pairs,
        lambda _: half_sum,
        hardest=np.sqrt(pooled) * turns,
        upper=1.0,
        level=level,
        power=power,
        seed=seed,
    )


def half_sum(difference: Counts) -> Vector:
    """Half the sum of absolute differences over the last axis."""
    total: Vector = np.abs(difference).sum(axis=-1) / 2
    return total
