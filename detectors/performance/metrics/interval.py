"""95% intervals of weighted figures, over many windows at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

Vector = NDArray[np.float64]

LEVEL: Final = 0.95
Z: Final = float(ndtri(0.5 + LEVEL / 2))


def quotient(above: Vector, below: Vector) -> Vector:
    """``above / below``; NaN where ``below`` is not positive."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0))


def effective_size(weight: ArrayLike, squares: ArrayLike) -> Vector:
    """Kish's effective sample size ``(sum w)^2 / sum w^2``; 0 where there is no weight.

    Source: Kish (1965), Survey Sampling, section 11.2.

    >>> effective_size([10.0, 0.0], [4.0, 0.0]).tolist()
    [25.0, 0.0]
    """
    w, s = np.asarray(weight, dtype=np.float64), np.asarray(squares, dtype=np.float64)
    return np.divide(w * w, s, out=np.zeros(np.broadcast_shapes(w.shape, s.shape)), where=s > 0)


def wilson(share: ArrayLike, n: ArrayLike, z: float = Z) -> tuple[Vector, Vector]:
    """Wilson's score interval of shares from ``n`` effective draws; NaN where ``n`` is 0.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    >>> lower, upper = wilson([0.5, 1.0], [100, 10])
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([0.4038, 0.7225], [0.5962, 1.0])
    """
    p, size = np.asarray(share, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(size > 0, size, np.nan)
        centre = (p + z * z / (2 * size)) / (1 + z * z / size)
        spread = np.maximum(p * (1 - p) / size, 0) + z * z / (4 * size * size)
        half = z / (1 + z * z / size) * np.sqrt(spread)
    # At 0 and 1 rounding would leave the value outside its own interval.
    return np.minimum(np.maximum(0.0, centre - half), p), np.maximum(np.minimum(1.0, centre + half), p)


def share_interval(value: ArrayLike, variance: ArrayLike, n: ArrayLike) -> tuple[Vector, Vector]:
    """Interval of a figure in [0, 1] whose variance is known: Wilson's for as many draws as would vary so.

    The draws are ``v (1 - v) / variance``. Where the variance says nothing (0, or a value of 0 or 1) it is
    ``n`` draws.

    Source: Korn & Graubard (1998), Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data, Survey Methodology 24, with Wilson's limits.

    Examples
    --------
    >>> lower, upper = share_interval(0.5, 0.5 * 0.5 / 100, 7)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.4038, 0.5962)
    """
    v, var = np.asarray(value, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    bernoulli = v * (1 - v)
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = np.where((var > 1e-300) & (bernoulli > 1e-12), bernoulli / var, n)
    return wilson(v, draws)


def mean_interval(mean: ArrayLike, variance: ArrayLike, n: ArrayLike) -> tuple[Vector, Vector]:
    """Student's interval of a mean with ``n - 1`` degrees of freedom; infinite with less than two draws.

    ``variance`` is the plug-in variance of the mean, ``sum w^2 (x - mean)^2 / (sum w)^2``; the factor
    ``n / (n - 1)`` is put on here.

    >>> lower, upper = mean_interval(1.0, 0.01, 101)
    >>> round(float(lower), 3), round(float(upper), 3)
    (0.801, 1.199)
    """
    m, var, size = (np.asarray(each, dtype=np.float64) for each in (mean, variance, n))
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = np.where(size > 1, size - 1, np.nan)
        half = stdtrit(freedom, 0.5 + LEVEL / 2) * np.sqrt(np.maximum(var, 0) * size / freedom)
    half = np.where(np.isnan(half) & np.isfinite(m), np.inf, half)
    return m - half, m + half
