"""Metrics of predicted numbers: MAE, MSE, RMSE, MAPE, bias, quantile loss and R2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.interval import effective_size, mean_interval, quotient
from detectors.performance.metrics.means import MeanSums, mean_figure

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class RegressionSums:
    """Sums over events with true value y and prediction p, a value a window.

    Attributes
    ----------
    absolute, squared, signed, quantile
        Of ``|p - y|``, ``(p - y)^2``, ``p - y`` and the pinball loss.
    relative
        Of ``|p - y| / |y|`` over events with ``y != 0``.
    spread
        Of ``(y - mean y)^2``, the mean being the weighted one of the window.
    w2_cross
        ``sum w^2 (p - y)^2 (y - mean y)^2``.
    left_out
        Events without a finite prediction or truth.
    """

    absolute: MeanSums
    squared: MeanSums
    signed: MeanSums
    quantile: MeanSums
    relative: MeanSums
    spread: MeanSums
    w2_cross: Vector
    left_out: Vector

    @classmethod
    def of(
        cls,
        truth: ArrayLike,
        prediction: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        quantile: float = 0.5,
    ) -> RegressionSums:
        """Sums of one window from its events; those with a value that is not finite are left out."""
        y, p = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
        w = np.ones_like(y) if weights is None else np.asarray(weights, dtype=np.float64)
        if not y.shape == p.shape == w.shape:
            raise ValueError(f"truth, prediction and weights of lengths {y.size}, {p.size}, {w.size}")
        kept = np.isfinite(y) & np.isfinite(p)
        left_out = np.array([float((~kept).sum())])
        y, p, w = y[kept], p[kept], w[kept]
        error = p - y
        deviation = y - (w @ y / w.sum() if w.sum() > 0 else 0.0)
        some = y != 0
        return cls(
            MeanSums.of(np.abs(error), w),
            MeanSums.of(error**2, w),
            MeanSums.of(error, w),
            MeanSums.of(np.maximum(-quantile * error, (1 - quantile) * error), w),
            MeanSums.of(np.abs(error[some]) / np.abs(y[some]), w[some]),
            MeanSums.of(deviation**2, w),
            np.array([(w * w) @ (error * deviation) ** 2]),
            left_out,
        )


def regression_metrics(sums: RegressionSums) -> list[Measured]:
    """Every metric of predicted numbers.

    MAE, MSE, MAPE, bias (mean of prediction less truth) and quantile loss ``max(q (y - p), (q - 1) (y - p))``
    are means with Student's interval; RMSE and its interval are square roots of MSE's. MAPE leaves out events
    whose truth is 0, where it is not defined. ``R2 = 1 - sum w (p - y)^2 / sum w (y - mean y)^2``; its
    variance is that of the ratio, linearised.

    Examples
    --------
    >>> found = regression_metrics(RegressionSums.of([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]))
    >>> {each.metric: round(each.figure(0).value, 4) for each in found}["r2"]
    0.9486
    """
    notes = [
        f"left out {left:.0f} events without a finite prediction" if left else "" for left in sums.left_out
    ]
    zeros = (sums.absolute.n - sums.relative.n).tolist()
    of_relative = [
        "; ".join(filter(None, (note, f"left out {zero:.0f} events whose true value is 0" if zero else "")))
        for note, zero in zip(notes, zeros, strict=True)
    ]
    mse = mean_figure("mse", sums.squared, lowest=0.0, reasons=notes)
    rmse = Measured.of(
        "rmse",
        np.sqrt(mse.value),
        (np.sqrt(mse.lower), np.sqrt(mse.upper)),
        mse.labelled,
        mse.effective,
        reasons=notes,
    )
    return [
        mean_figure("mae", sums.absolute, lowest=0.0, reasons=notes),
        mse,
        rmse,
        mean_figure("mape", sums.relative, lowest=0.0, reasons=of_relative),
        mean_figure("bias", sums.signed, reasons=notes),
        mean_figure("quantile_loss", sums.quantile, lowest=0.0, reasons=notes),
        _determination(sums, notes),
    ]


def _determination(sums: RegressionSums, notes: list[str]) -> Measured:
    below = sums.spread.wx
    unexplained = quotient(sums.squared.wx, below)
    spread = sums.squared.w2x2 - 2 * unexplained * sums.w2_cross + unexplained**2 * sums.spread.w2x2
    variance = quotient(np.maximum(spread, 0), below**2)
    effective = effective_size(sums.squared.w, sums.squared.w2)
    lower, upper = mean_interval(1 - unexplained, variance, effective)
    reasons = [
        note or ("all true values are equal" if n > 0 and not total > 0 else "")
        for note, n, total in zip(notes, sums.squared.n.tolist(), below.tolist(), strict=True)
    ]
    return Measured.of(
        "r2", 1 - unexplained, (lower, np.minimum(upper, 1.0)), sums.squared.n, effective, reasons=reasons
    )
