"""Loss of every labelled row by metric."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from detectors.performance.estimates.expected_metrics import ExpectedMetrics
from detectors.performance.estimates.rows import LabelledRows, Vector
from driftline.quality_contract import Quality


def row_losses(reference: LabelledRows, quality: Quality) -> Mapping[str, Vector]:
    """Losses, each of shape ``(n,)``, the primary one first; NaN where a row has none.

    Of ``accuracy`` 1 where the answer is wrong; of a regression the absolute (``mae``), squared (``mse``),
    relative (``mape``: rows of truth 0 have none) and quantile loss.
    """
    rows, truth = reference.rows, reference.truth
    found: dict[str, Vector] = {}
    if rows.classes:
        found["accuracy"] = 1 - reference.correct
        if rows.scores.shape[1] and (truth >= 0).any():
            metrics = ExpectedMetrics(rows)
            place, row = np.maximum(truth, 0).astype(np.intp), np.arange(len(rows))
            found["log_loss"] = np.where(truth >= 0, metrics.losses("log_loss")[row, place], np.nan)
            found["brier"] = np.where(truth >= 0, metrics.losses("brier")[row, place], np.nan)
    else:
        off = truth - rows.predicted
        found["mae"] = np.abs(off)
        found["mse"] = np.square(off)
        found["mape"] = np.divide(np.abs(off), np.abs(truth), out=np.full(len(off), np.nan), where=truth != 0)
        found["quantile_loss"] = np.maximum(quality.quantile * off, (quality.quantile - 1) * off)
    known = {name: loss for name, loss in found.items() if np.isfinite(loss).any()}
    return dict(sorted(known.items(), key=lambda item: item[0] != quality.primary))
