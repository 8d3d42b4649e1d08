"""Energy distance of one field."""

from __future__ import annotations

import numpy as np

from detectors.statistics.estimate import LEVEL, POWER, Estimate, Vector
from detectors.statistics.samples.distribution_functions import DistributionFunctions
from detectors.statistics.samples.integrated_square import integrated_square, integrated_square_estimate
from detectors.statistics.samples.sample import Sample


def energy_distance(baseline: Sample, current: Sample) -> float:
    """Energy distance between two samples of one field.

    .. math:: D = \\sqrt{2 E|X - Y| - E|X - X'| - E|Y - Y'|} = \\sqrt{2 \\int (F - G)^2 dx}

    Parameters
    ----------
    baseline, current
        Values of one field, weights allowed.

    Returns
    -------
    float
        At least 0, in the root of the field's unit; symmetric; unchanged when both are shifted together.

    Raises
    ------
    InvalidInput
        Samples of several fields.

    Notes
    -----
    The same definition as ``scipy.stats.energy_distance``. Values are moved to start at 0 first, so a
    huge offset costs no digits beyond those it has cost already. O(n log n).

    References
    ----------
    Székely, G. and Rizzo, M. (2013). Energy statistics. J. Statist. Plan. Inference 143, eq. 5 and
    proposition 2.

    Examples
    --------
    All at 0 against all at 2: sqrt(2 * 2).

    >>> energy_distance(Sample.of([0.0, 0.0]), Sample.of([2.0, 2.0]))
    2.0
    """
    functions = DistributionFunctions.of(baseline, current)
    return float(np.sqrt(2 * integrated_square(functions, _steps(functions))))


def energy_distance_estimate(
    baseline: Sample, current: Sample, level: float = LEVEL, power: float = POWER
) -> Estimate:
    """Energy distance with its score interval (second-order delta method on its square).

    p-value: gamma law with the null's exact mean and variance, which are those of the pooled sample.
    """
    functions = DistributionFunctions.of(baseline, current)
    half = integrated_square_estimate(
        functions, _steps(functions), baseline.effective, current.effective, level=level, power=power
    )
    return Estimate(
        float(np.sqrt(2 * half.value)),
        float(np.sqrt(2 * half.lower)),
        float(np.sqrt(2 * half.upper)),
        float(np.sqrt(2 * half.detectable)),
        half.p_value,
    )


def _steps(functions: DistributionFunctions) -> Vector:
    return np.append(np.diff(functions.points), 0.0)
