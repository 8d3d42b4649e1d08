"""Two-sample chi-square test of homogeneity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.divergence import Derivatives, divergence_estimates, safe_ratio
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.thin_bins import with_thin_bins


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
    pairs = CountPairs.of(
        first, second, effective_baseline=effective_baseline, effective_current=effective_current
    )
    degrees = int(pairs.degrees_of_freedom[0])
    if degrees == 0:
        return ChiSquare(0.0, 0, 1.0)
    statistic = float(chi_square_values(pairs)[0])
    return ChiSquare(statistic, degrees, float(chdtrc(degrees, statistic)))


def chi_square_values(pairs: CountPairs) -> Vector:
    """X² of F fields at once, shape ``(F,)``, the counts scaled to their effective sizes."""
    statistic: Vector = mean_square_contingency(pairs) * (pairs.n + pairs.m)
    return statistic


def chi_square_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """X² with an interval for what windows of these sizes would give on average.

    The limits are those of ``N phi² + B - 1`` with phi² the mean square contingency of the truth; without
    any change that is ``B - 1``, the lower limit's smallest value. Score interval (second-order delta
    method); a p-value to compare across fields, an effect to read in :mod:`cramers_v`.
    """
    per_row = mean_square_contingency_estimates(pairs, level, power)
    rows, degrees = pairs.n + pairs.m, pairs.degrees_of_freedom
    return Estimates(
        per_row.value * rows,
        per_row.lower * rows + degrees,
        per_row.upper * rows + degrees,
        per_row.detectable * rows + degrees,
        per_row.p_value,
    )


def mean_square_contingency(pairs: CountPairs) -> Vector:
    """Pearson's ``phi² = X² / N``, shape ``(F,)``, in [0, 1]."""
    first, second, mixed = pairs.mixture()
    squared: Vector = (first * second)[:, 0] * safe_ratio((pairs.q - pairs.p) ** 2, mixed).sum(axis=1)
    return np.minimum(squared, 1.0)


def mean_square_contingency_estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    """phi² with its score interval, from the derivatives of ``ab (q - p)² / (ap + bq)``.

    Where bins hold fewer than five rows the limits are those of :mod:`thin_bins`.
    """
    return with_thin_bins(
        pairs,
        lambda dense: _dense_estimates(dense, level, power),
        _terms,
        upper=1.0,
        level=level,
        keep_p_value=True,
    )


def _terms(p: Counts, q: Counts, n: Vector, m: Vector) -> Counts:
    first, second = n / (n + m), m / (n + m)
    terms: Counts = first * second * safe_ratio((q - p) ** 2, first * p + second * q)
    return terms


def _dense_estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    first, second, mixed = pairs.mixture()
    product = first * second
    slope = safe_ratio(pairs.q - pairs.p, mixed)
    cubed = mixed**3
    derivatives = Derivatives(
        -product * (2 * slope + first * slope**2),
        product * (2 * slope - second * slope**2),
        2 * product * safe_ratio(pairs.p * pairs.q**2, cubed),
        2 * product * safe_ratio(pairs.q * pairs.p**2, cubed),
    )
    return divergence_estimates(
        pairs,
        mean_square_contingency(pairs),
        derivatives,
        per_degree=1 / (pairs.n + pairs.m),
        upper=1.0,
        level=level,
        power=power,
    )
