"""Weighted means and ratios of events from sums, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.interval import effective_size, mean_interval, quotient

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class MeanSums:
    """What a weighted mean and its variance need, a value a window.

    Attributes
    ----------
    n
        Events.
    w, w2
        ``sum w`` and ``sum w^2``.
    wx, w2x, w2x2
        ``sum w x``, ``sum w^2 x`` and ``sum w^2 x^2``.
    """

    n: Vector
    w: Vector
    w2: Vector
    wx: Vector
    w2x: Vector
    w2x2: Vector

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None) -> MeanSums:
        """Sums of one window from its events, as arrays of one element."""
        x = np.asarray(values, dtype=np.float64)
        w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
        if x.ndim != 1 or w.shape != x.shape:
            raise ValueError(f"values and weights must be of one length, got {x.shape} and {w.shape}")
        sums = (x.size, w.sum(), (w * w).sum(), (w * x).sum(), (w * w * x).sum(), (w * w * x * x).sum())
        return cls(*(np.array([each], dtype=np.float64) for each in sums))

    @property
    def effective(self) -> Vector:
        """Effective sample size."""
        return effective_size(self.w, self.w2)

    @property
    def mean(self) -> Vector:
        """``sum w x / sum w``; NaN without weight."""
        return quotient(self.wx, self.w)

    @property
    def variance(self) -> Vector:
        """Of the mean, linearised: ``sum w^2 (x - mean)^2 / (sum w)^2``."""
        mean = self.mean
        spread = np.maximum(self.w2x2 - 2 * mean * self.w2x + mean * mean * self.w2, 0)
        return quotient(spread, self.w**2)


def mean_figure(
    metric: str,
    sums: MeanSums,
    *,
    lowest: float = -math.inf,
    highest: float = math.inf,
    reasons: Sequence[str] | None = None,
) -> Measured:
    """A mean of single events with Student's interval on the effective sample size, cut to what is possible.

    Source: linearisation of a ratio of sums, Särndal, Swensson & Wretman (1992), section 5.5.

    Examples
    --------
    >>> found = mean_figure("mae", MeanSums.of([1.0, 3.0]), lowest=0).figure(0)
    >>> found.value, found.lower, found.labelled
    (2.0, 0.0, 2)
    """
    lower, upper = mean_interval(sums.mean, sums.variance, sums.effective)
    return Measured.of(
        metric,
        sums.mean,
        (np.maximum(lower, lowest), np.minimum(upper, highest)),
        sums.n,
        sums.effective,
        reasons=reasons,
    )


@dataclass(frozen=True)
class RatioSums:
    """What a ratio of weighted sums and its variance need, a value a window: ``sum w a / sum w b``.

    Attributes
    ----------
    n, w, w2
        Events, ``sum w``, ``sum w^2``.
    wa, wb
        ``sum w a`` and ``sum w b``.
    w2a2, w2ab, w2b2
        ``sum w^2 a^2``, ``sum w^2 a b`` and ``sum w^2 b^2``.
    """

    n: Vector
    w: Vector
    w2: Vector
    wa: Vector
    wb: Vector
    w2a2: Vector
    w2ab: Vector
    w2b2: Vector

    @classmethod
    def of(cls, above: ArrayLike, below: ArrayLike, weights: ArrayLike) -> RatioSums:
        """Sums of one window from its events, as arrays of one element."""
        a, b, w = (np.asarray(each, dtype=np.float64) for each in (above, below, weights))
        s = w * w
        sums = (a.size, w.sum(), s.sum(), w @ a, w @ b, s @ (a * a), s @ (a * b), s @ (b * b))
        return cls(*(np.array([each], dtype=np.float64) for each in sums))


def ratio_figure(metric: str, sums: RatioSums, *, reasons: Sequence[str] | None = None) -> Measured:
    """A ratio of sums, not below 0, with Student's interval of its linearisation.

    ``variance = sum w^2 (a - r b)^2 / (sum w b)^2``.

    Source: Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, result 5.6.1.

    Examples
    --------
    >>> ratio_figure("cer", RatioSums.of([1, 0], [4, 6], [1, 1])).figure(0).value
    0.1
    """
    ratio = quotient(sums.wa, sums.wb)
    spread = np.maximum(sums.w2a2 - 2 * ratio * sums.w2ab + ratio * ratio * sums.w2b2, 0)
    variance = quotient(spread, sums.wb**2)
    effective = effective_size(sums.w, sums.w2)
    lower, upper = mean_interval(ratio, variance, effective)
    return Measured.of(metric, ratio, (np.maximum(lower, 0), upper), sums.n, effective, reasons=reasons)
