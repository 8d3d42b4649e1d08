"""Two-sample chi-square test of homogeneity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from detectors.statistics.counts import checked_pair
from driftline.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """Outcome of the test.

    Attributes
    ----------
    statistic
        Pearson's X², at least 0.
    degrees_of_freedom
        Bins with any mass, less one.
    p_value
        In [0, 1]; 1 when only one bin has mass.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float


def chi_square(
    baseline: ArrayLike,
    current: ArrayLike,
    *,
    effective_baseline: float | None = None,
    effective_current: float | None = None,
) -> ChiSquare:
    """Pearson's chi-square test that two count vectors come from one distribution.

    .. math:: X^2 = \\sum_j \\frac{(\\sqrt{M/N}\\, n_j - \\sqrt{N/M}\\, m_j)^2}{n_j + m_j}

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.
    effective_baseline, effective_current
        Effective sample sizes ``(sum w)^2 / sum w^2``; the counts are scaled to them. Default: the sums.

    Returns
    -------
    ChiSquare

    Raises
    ------
    InvalidInput
        As for the other statistics, or an effective size that is not positive.

    Notes
    -----
    Both samples are random: a test that takes a finite baseline for exact rejects almost everything at
    large n. Bins empty on both sides are left out. The chi-square approximation needs about five
    expected counts a bin; the p-value of one look says nothing about many looks. O(B).

    References
    ----------
    Pearson, K. (1911). On the probability that two independent distributions of frequency are really
    samples from the same population. Biometrika 8, eq. iii.

    Examples
    --------
    The table [[10, 20], [20, 10]]: 60 (10·10 - 20·20)² / 30⁴ = 20/3.

    >>> result = chi_square([10, 20], [20, 10])
    >>> round(result.statistic, 6), result.degrees_of_freedom, round(result.p_value, 6)
    (6.666667, 1, 0.009823)
    """
    first, second = checked_pair(baseline, current)
    first = _scaled(first, effective_baseline)
    second = _scaled(second, effective_current)
    live = (first + second) > 0
    n, m = first[live], second[live]
    degrees = int(live.sum()) - 1
    if degrees == 0:
        return ChiSquare(0.0, 0, 1.0)
    ratio = np.sqrt(m.sum() / n.sum())
    statistic = float(np.sum((ratio * n - m / ratio) ** 2 / (n + m)))
    return ChiSquare(statistic, degrees, float(chdtrc(degrees, statistic)))


def _scaled(counts: np.ndarray, effective: float | None) -> np.ndarray:
    if effective is None:
        return counts
    if not np.isfinite(effective) or effective <= 0:
        raise InvalidInput(f"an effective sample size must be positive, got {effective!r}")
    return np.asarray(counts * (effective / counts.sum()))
