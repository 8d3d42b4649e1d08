"""Distances ``T = integral of (F - G)^2 dphi``: energy, Cramér-von Mises, Anderson-Darling."""

from __future__ import annotations

import math

import numpy as np

from detectors.statistics.estimate import Estimate, Vector
from detectors.statistics.quadratic import quadratic_estimates
from detectors.statistics.samples.distribution_functions import DistributionFunctions


def integrated_square(functions: DistributionFunctions, steps: Vector) -> float:
    """T over the points, ``steps`` the increments dphi at each of them, shape ``(N,)``."""
    return float(np.sum((functions.first - functions.second) ** 2 * steps))


def integrated_square_estimate(
    functions: DistributionFunctions,
    steps: Vector,
    n: float,
    m: float,
    *,
    pooled_slope: Vector | None = None,
    upper: float = math.inf,
    level: float,
    power: float,
) -> Estimate:
    """T with its score interval.

    .. math:: E_0 T = (1/n + 1/m) \\int H (1 - H)\\, d\\phi, \\quad
              V_0 = 2 (1/n + 1/m)^2 \\iint (H(s \\wedge t) - H(s) H(t))^2 d\\phi\\, d\\phi

    and the first-order variance from the influence ``h(x) = 2 int_{t >= x} (F - G) dphi``.

    Parameters
    ----------
    n, m
        Effective sample sizes.
    pooled_slope
        When phi itself follows the pooled sample: the derivative of T for a pooled row at each point,
        weighted like the row in either sample, shape ``(N,)``.
    upper
        Largest T.

    Notes
    -----
    O(N): the double integral factors, H(s)²(1 - H(t))² for s < t, into two running sums.

    References
    ----------
    Baringhaus, L. and Franz, C. (2004). On a new multivariate two-sample test. J. Multivariate Anal. 88,
    section 2, for the limit as a sum of weighted squares.
    """
    _, pooled = functions.pooled(n, m)
    size = 1 / n + 1 / m
    gap = functions.first - functions.second
    value = float(np.sum(gap**2 * steps))
    mean = size * float(np.sum(pooled * (1 - pooled) * steps))
    below = np.cumsum(pooled**2 * steps)
    above = (1 - pooled) ** 2 * steps
    # Twice the part above the diagonal, and the diagonal itself once.
    double = 2 * float(np.sum(above * below)) - float(np.sum(above * pooled**2 * steps))
    null_variance = 2 * size**2 * double

    influence = 2 * np.cumsum((gap * steps)[::-1])[::-1]
    share = n / (n + m)
    extra = np.zeros_like(influence) if pooled_slope is None else pooled_slope
    by_first, by_second = influence + share * extra, -influence + (1 - share) * extra
    variance = _variance(by_first, functions.p) / n + _variance(by_second, functions.q) / m
    bias = float(np.sum(functions.first * (1 - functions.first) * steps)) / n
    bias += float(np.sum(functions.second * (1 - functions.second) * steps)) / m
    return quadratic_estimates(
        np.array([value]),
        bias=np.array([bias]),
        unchanged_mean=np.array([mean]),
        unchanged_variance=np.array([null_variance]),
        variance=np.array([variance]),
        upper=upper,
        level=level,
        power=power,
        leading=True,
    )[0]


def _variance(values: Vector, mass: Vector) -> float:
    centred = values - float(values @ mass)
    return float(centred**2 @ mass)
