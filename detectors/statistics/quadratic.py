"""Interval, detectable effect and p-value of distances that are quadratic in the difference.

Divergences between shares, integrated squared differences of distribution functions, kernel distances:
near "no change" all of them behave like a weighted sum of squared normal deviates, far from it like a
normal variable. One approximation covers both.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc, gammainccinv, ndtri

from detectors.statistics.estimate import Estimates, Vector, checked_rates


def quadratic_estimates(
    value: Vector,
    *,
    bias: Vector,
    unchanged_mean: Vector,
    unchanged_variance: Vector,
    variance: Vector,
    upper: float,
    level: float,
    power: float,
    leading: bool = False,
) -> Estimates:
    """Score interval for the true distance D from the plug-in estimate T.

    .. math:: E\\,T = D + b, \\quad \\mathrm{Var}\\,T = v_0 + k D, \\quad
              \\frac{(T - b - D)^2}{v_0 + k D} \\le z_{1 - \\alpha/2}^2

    Parameters
    ----------
    value
        T, at least 0, shape ``(F,)``.
    bias
        b: expectation of T less the truth at the observed distributions.
    unchanged_mean, unchanged_variance
        Mean b0 and variance v0 of T when nothing changed.
    variance
        First-order (delta method) variance of T at the observed distributions; k is its ratio to T.
        T and its delta variance are inflated alike near 0, so the ratio holds at either end.
    upper
        Largest value of the distance; limits are kept in [0, upper].
    leading
        The null is a sum of squares with one leading term, which real changes mostly follow: k is then
        drawn towards that term's, about ``sqrt(8 v0)``, with the weight b0.

    Returns
    -------
    Estimates
        Limits are the roots of the quadratic above. The p-value is that of the gamma distribution with
        mean b0 and variance v0 (for divergences of shares: the chi-square test). Detectable is the D with
        ``D + b0 - c = z_power sqrt(v0 + k0 D)``, c that distribution's upper ``level`` point and
        ``k0 = 2 v0 / b0`` (the noncentral chi-square value).

    Notes
    -----
    The delta method alone fails at 0, where its variance vanishes, and the bootstrap doubles the bias
    there. O(F).

    References
    ----------
    Wilson, E. (1927). Probable inference. J. Amer. Statist. Assoc. 22, for the inversion of a variance
    that depends on the parameter. Satterthwaite, F. (1941). Synthesis of variance. Psychometrika 6, eq. 13.
    """
    checked_rates(level, power)
    z = float(ndtri(1 - level / 2))
    flat = unchanged_mean <= 0
    mean = np.where(flat, 1.0, unchanged_mean)
    local_slope = 2 * unchanged_variance / mean
    if leading:
        slope = (variance + np.sqrt(8 * unchanged_variance) * unchanged_mean) / (value + mean)
    else:
        ratio = np.divide(variance, value, out=np.zeros_like(value), where=value > 0)
        slope = np.where(value > 0, ratio, local_slope)
    centre = value - bias
    middle = centre + z * z * slope / 2
    # Just below the null's bias the root turns imaginary: the data is closer than any truth would be.
    reach = z * np.sqrt(np.maximum(z * z * slope**2 / 4 + slope * centre + unchanged_variance, 0.0))
    lower, high = np.clip(middle - reach, 0.0, upper), np.clip(middle + reach, 0.0, upper)

    shape, scale = mean**2 / np.where(flat, 1.0, unchanged_variance), unchanged_variance / mean
    scale = np.where(flat, 1.0, scale)
    p_value = np.where(flat, np.where(value > 0, 0.0, 1.0), gammaincc(shape, value / scale))
    critical = scale * gammainccinv(shape, level)
    z_power = float(ndtri(power))
    gap = np.maximum(critical - unchanged_mean, 0.0)
    half = gap + z_power**2 * local_slope / 2
    detectable = half + np.sqrt(np.maximum(half**2 - gap**2 + z_power**2 * unchanged_variance, 0.0))
    detectable = np.where(flat, np.nan, np.minimum(detectable, upper))
    return Estimates(value, lower, high, detectable, p_value)


def square_root(squared: Estimates) -> Estimates:
    """The same of the distance's square root: every part is monotone in it."""
    return Estimates(
        np.sqrt(squared.value),
        np.sqrt(squared.lower),
        np.sqrt(squared.upper),
        np.sqrt(squared.detectable),
        squared.p_value,
    )
