"""Two-sample Cramér-von Mises distance."""

from __future__ import annotations

import dataclasses

import numpy as np

from detectors.statistics.estimate import LEVEL, POWER, Estimate
from detectors.statistics.samples.distribution_functions import DistributionFunctions
from detectors.statistics.samples.integrated_square import integrated_square, integrated_square_estimate
from detectors.statistics.samples.sample import Sample


def cramer_von_mises(baseline: Sample, current: Sample) -> float:
    """Mean squared difference of the distribution functions over the pooled rows.

    .. math:: \\omega^2 = \\int (F - G)^2 dH, \\quad T = \\frac{n m}{n + m} \\omega^2

    Parameters
    ----------
    baseline, current
        Values of one field, weights allowed; H pools them by effective rows.

    Returns
    -------
    float
        omega², in [0, 1], about 1/3 for many distinct values that do not overlap; symmetric; unchanged by
        any increasing transformation of the field. SciPy's test statistic is T, without ties.

    Raises
    ------
    InvalidInput
        Samples of several fields.

    Notes
    -----
    With ties F and G are compared after the whole tie; SciPy gives ties their mean rank instead.
    O(n log n).

    References
    ----------
    Anderson, T. (1962). On the distribution of the two-sample Cramér-von Mises criterion. Ann. Math.
    Statist. 33, eq. 1 and 2.

    Examples
    --------
    Points 1, 2 against 3, 4: squared differences 1/4, 1, 1/4, 0 at a quarter each.

    >>> cramer_von_mises(Sample.of([1.0, 2.0]), Sample.of([3.0, 4.0]))
    0.375
    """
    functions = DistributionFunctions.of(baseline, current)
    return integrated_square(functions, functions.pooled(baseline.effective, current.effective)[0])


def cramer_von_mises_estimate(
    baseline: Sample, current: Sample, level: float = LEVEL, power: float = POWER
) -> Estimate:
    """omega² with its score interval (second-order delta method, H's own error included).

    p-value: SciPy's (exact up to 20 rows a side) for unweighted rows without ties, else the gamma law
    with the null's mean and variance.
    """
    functions = DistributionFunctions.of(baseline, current)
    n, m = baseline.effective, current.effective
    found = integrated_square_estimate(
        functions,
        functions.pooled(n, m)[0],
        n,
        m,
        pooled_slope=(functions.first - functions.second) ** 2,
        upper=1.0,
        level=level,
        power=power,
    )
    tied = functions.points.size < len(baseline.rows) + len(current.rows)
    if baseline.weighted or current.weighted or tied:
        return found
    # Slow to import, and needed here only.
    from scipy.stats import cramervonmises_2samp

    test = cramervonmises_2samp(baseline.values, current.values)
    return dataclasses.replace(found, p_value=float(np.clip(test.pvalue, 0.0, 1.0)))
