"""Business figures: the mean and the sum of any number that follows a prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.interval import Z
from detectors.performance.metrics.means import MeanSums, mean_figure

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class KpiSums:
    """Sums of a figure x, a value a window.

    Attributes
    ----------
    x
        Of the figure itself.
    wx2
        ``sum w x^2``.
    left_out
        Events whose figure is not finite.
    """

    x: MeanSums
    wx2: Vector
    left_out: Vector

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None) -> KpiSums:
        """Sums of one window from its events; values that are not finite are left out."""
        x = np.asarray(values, dtype=np.float64)
        w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
        kept = np.isfinite(x)
        left_out = np.array([float((~kept).sum())])
        return cls(MeanSums.of(x[kept], w[kept]), np.array([w[kept] @ x[kept] ** 2]), left_out)


def kpi_metrics(name: str, sums: KpiSums) -> list[Measured]:
    """Mean ``sum w x / sum w`` of a figure, and ``sum w x`` over all events, called ``sum(name)``.

    The mean has Student's interval. The sum stands for all events, labelled or not, as weights are
    1 / probability of inclusion; its variance is that of events included independently of each other,
    ``sum w (w - 1) x^2``: 0 when all were included.

    Source: Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 3.5 (Poisson
    sampling).

    Examples
    --------
    >>> mean, total = kpi_metrics("revenue", KpiSums.of([1.0, 3.0]))
    >>> mean.value.tolist(), total.metric, total.value.tolist()
    ([2.0], 'sum(revenue)', [4.0])
    """
    notes = [
        f"left out {left:.0f} events whose figure is not finite" if left else "" for left in sums.left_out
    ]
    total = np.where(sums.x.n > 0, sums.x.wx, np.nan)
    half = Z * np.sqrt(np.maximum(sums.x.w2x2 - sums.wx2, 0))
    return [
        mean_figure(name, sums.x, reasons=notes),
        Measured.of(
            f"sum({name})", total, (total - half, total + half), sums.x.n, sums.x.effective, reasons=notes
        ),
    ]
