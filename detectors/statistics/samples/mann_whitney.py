"""Mann-Whitney: the chance that a current value exceeds a baseline one."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from detectors.statistics.estimate import LEVEL, POWER, Estimate, checked_rates
from detectors.statistics.samples.distribution_functions import DistributionFunctions
from detectors.statistics.samples.sample import Sample

EXACT_UP_TO = 50
ROUNDING = 1e-12


def mann_whitney(baseline: Sample, current: Sample) -> float:
    """Probability that a current value is larger than a baseline one, ties counting half.

    .. math:: \\theta = P(Y > X) + \\tfrac12 P(Y = X) = U / (n m)

    Parameters
    ----------
    baseline, current
        Values of one field, weights allowed.

    Returns
    -------
    float
        In [0, 1], 1/2 on unchanged data; swapping the samples gives ``1 - theta``; unchanged by any
        increasing transformation of the field. Also the area under the ROC curve of the field as a score.

    Raises
    ------
    InvalidInput
        Samples of several fields.

    Notes
    -----
    Sees shifts; a change of spread around the same centre stays at 1/2. O(n log n).

    References
    ----------
    Mann, H. and Whitney, D. (1947). On a test of whether one of two random variables is stochastically
    larger than the other. Ann. Math. Statist. 18, eq. 1.

    Examples
    --------
    >>> mann_whitney(Sample.of([1.0, 2.0]), Sample.of([2.0, 3.0]))
    0.875
    """
    functions = DistributionFunctions.of(baseline, current)
    return _probability(functions)


def mann_whitney_estimate(
    baseline: Sample, current: Sample, level: float = LEVEL, power: float = POWER
) -> Estimate:
    """theta with DeLong's interval on the logit scale, and the *two-sided* p-value.

    When no two rows overlap DeLong's variance is 0; the limit is then ``(level / 2)^(1 / k)``, k the
    effective rows of the smaller side. ``detectable`` is the smallest theta above 1/2; below 1/2 it is
    ``1 - detectable``. p-value: SciPy's exact one up to 50 unweighted rows a side without ties, else
    normal with the tie-corrected variance (and continuity correction when unweighted).

    References
    ----------
    DeLong, E. et al. (1988). Comparing the areas under two or more correlated receiver operating
    characteristic curves. Biometrics 44, eq. 4 and 5.
    """
    checked_rates(level, power)
    functions = DistributionFunctions.of(baseline, current)
    n, m = baseline.effective, current.effective
    below = functions.first - functions.p / 2
    above = 1 - functions.second + functions.q / 2
    value = _probability(functions)
    variance = float(functions.p @ (above - value) ** 2) / max(n - 1, 1.0)
    variance += float(functions.q @ (below - value) ** 2) / max(m - 1, 1.0)
    z = float(ndtri(1 - level / 2))
    furthest = (level / 2) ** (1 / min(n, m))
    if value in (0.0, 1.0) or variance <= 0:
        tied = variance <= 0 and value not in (0.0, 1.0)
        lower = value if tied or value == 0 else furthest
        upper = value if tied or value == 1 else 1 - furthest
    else:
        reach = z * np.sqrt(variance) / (value * (1 - value))
        lower, upper = float(expit(logit(value) - reach)), float(expit(logit(value) + reach))

    mass, pooled = functions.pooled(n, m)
    middle = pooled - mass / 2
    null_error = np.sqrt(max(0.0, float(mass @ (middle - 0.5) ** 2)) * (1 / n + 1 / m))
    detectable = 0.5 + (z + float(ndtri(power))) * float(null_error)
    return Estimate(
        value, lower, upper, min(1.0, detectable), _two_sided(baseline, current, value, float(null_error))
    )


def _probability(functions: DistributionFunctions) -> float:
    value = float(functions.q @ (functions.first - functions.p / 2))
    # Rounding must neither leave the range nor hide that no two rows overlap.
    ends = [end for end in (0.0, 1.0) if abs(value - end) < ROUNDING]
    return ends[0] if ends else value


def _two_sided(baseline: Sample, current: Sample, value: float, null_error: float) -> float:
    if null_error <= 0:
        return 1.0
    if baseline.weighted or current.weighted:
        return float(2 * ndtr(-abs(value - 0.5) / null_error))
    # Slow to import, and needed here only.
    from scipy.stats import mannwhitneyu

    x, y = baseline.values, current.values
    tied = np.unique(np.concatenate([x, y])).size < x.size + y.size
    method: Literal["exact", "asymptotic"] = (
        "exact" if max(x.size, y.size) <= EXACT_UP_TO and not tied else "asymptotic"
    )
    return float(mannwhitneyu(y, x, alternative="two-sided", method=method).pvalue)
