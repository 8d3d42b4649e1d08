"""Exact two-sample Kolmogorov-Smirnov distance."""

from __future__ import annotations

import numpy as np
from scipy.special import kolmogi, kolmogorov, ndtri

from detectors.statistics.estimate import LEVEL, POWER, Estimate, checked_rates
from detectors.statistics.samples.distribution_functions import DistributionFunctions
from detectors.statistics.samples.sample import Sample

EXACT_UP_TO = 1000
"""Rows a side up to which the p-value is exact; beyond, the limit law is right to three digits."""


def kolmogorov_smirnov_sample(baseline: Sample, current: Sample) -> float:
    """Largest difference of the two empirical distribution functions, on the rows themselves.

    .. math:: D = \\sup_x |F(x) - G(x)|

    Parameters
    ----------
    baseline, current
        Values of one field, weights allowed.

    Returns
    -------
    float
        In [0, 1]; symmetric; unchanged by any increasing transformation of the field.

    Raises
    ------
    InvalidInput
        Samples of several fields.

    Notes
    -----
    No sketch, no bins: identical samples give exactly 0. O(n log n).

    References
    ----------
    Smirnov, N. (1948). Table for estimating the goodness of fit. Ann. Math. Statist. 19(2), eq. 1.

    Examples
    --------
    >>> kolmogorov_smirnov_sample(Sample.of([1.0, 2.0, 3.0, 4.0]), Sample.of([3.0, 4.0, 5.0, 6.0]))
    0.5
    """
    functions = DistributionFunctions.of(baseline, current)
    return min(1.0, float(np.abs(functions.first - functions.second).max()))


def kolmogorov_smirnov_sample_estimate(
    baseline: Sample, current: Sample, level: float = LEVEL, power: float = POWER
) -> Estimate:
    """D with limits from the triangle inequality (lower) and the point of largest difference (upper).

    Both hold at least at the stated confidence. p-value: SciPy's exact one for up to 1,000 unweighted
    rows a side (conservative with ties), else the Kolmogorov law at the effective sizes.
    """
    checked_rates(level, power)
    functions = DistributionFunctions.of(baseline, current)
    n, m = baseline.effective, current.effective
    gap = np.abs(functions.first - functions.second)
    at = int(gap.argmax())
    value, low, high = min(1.0, float(gap[at])), float(functions.first[at]), float(functions.second[at])
    error = np.sqrt(max(0.0, low * (1 - low)) / n + max(0.0, high * (1 - high)) / m)
    spread = np.sqrt(1 / n + 1 / m)
    if baseline.weighted or current.weighted or max(n, m) > EXACT_UP_TO:
        p_value = float(kolmogorov(value / spread))
    else:
        # Slow to import, and needed here only.
        from scipy.stats import ks_2samp

        p_value = float(ks_2samp(baseline.values, current.values, method="exact").pvalue)
    return Estimate(
        value,
        max(0.0, value - float(kolmogi(level / 2) * spread)),
        min(1.0, value + float(ndtri(1 - level / 2) * error)),
        min(1.0, float((kolmogi(level) + ndtri(power) / 2) * spread)),
        p_value,
    )
