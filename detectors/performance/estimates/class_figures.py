"""Figures of a classifier's window under calibrated probabilities, with intervals."""

from __future__ import annotations

import numpy as np

from detectors.performance.estimates.class_calibration import Believed, ClassCalibration
from detectors.performance.estimates.estimate import Estimate, loss_interval, share_interval
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.expected_metrics import ExpectedMetrics
from detectors.performance.estimates.rows import LabelledRows

UNBOUNDED = ("log_loss", "brier")

Figures = dict[tuple[str, str], float]


def realised_figures(reference: LabelledRows) -> Figures:
    """The same metrics with the truth known, by metric and class."""
    rows = reference.rows
    k = rows.scores.shape[1]
    classes = np.asarray(reference.truth[:, None] == np.arange(k)[None, :], dtype=np.float64)
    metrics = ExpectedMetrics(rows)
    return dict(
        zip(metrics.names(), metrics.values(Believed(reference.correct, classes)).tolist(), strict=True)
    )


def class_figures(frame: Frame, calibration: ClassCalibration, baseline: Figures) -> tuple[Estimate, ...]:
    """Every metric of the window; its interval joins the classes' luck and the calibration's."""
    rows = frame.window.rows
    metrics, believed = ExpectedMetrics(rows), calibration.believed(rows)
    values = metrics.values(believed)
    drawn = np.stack([metrics.values(one) for one in calibration.resampled(rows)])
    variances = metrics.variances(believed) + drawn.var(axis=0, ddof=1)
    found = []
    for (metric, name), value, variance in zip(
        metrics.names(), values.tolist(), variances.tolist(), strict=True
    ):
        if not np.isfinite(value) or not np.isfinite(variance):
            continue
        interval = (
            loss_interval(value, variance)
            if metric in UNBOUNDED
            else share_interval(value, variance, rows.effective)
        )
        details = {}
        if metric == "accuracy" and believed.classes.shape[1]:
            matrix = metrics.confusion(believed.classes)
            details = {"confusion_shares": {"classes": list(rows.classes), "matrix": matrix.tolist()}}
        found.append(
            frame.figure(
                metric,
                value,
                interval,
                baseline.get((metric, name), np.nan),
                class_name=name,
                details=details,
            )
        )
    return tuple(found)
