"""How wrong each answer probably is: what decay is watched by while labels are missing."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from detectors.performance.estimates.fitting import FittedEstimators
from detectors.performance.estimates.rows import ScoredRows, Vector
from detectors.performance.estimates.usable_rows import usable_rows
from detectors.performance.estimates.window import window_rows
from driftline.contracts import Contract
from driftline.store import Store

NOTHING: tuple[Vector, Vector] = (np.zeros(0), np.zeros(0))


def proxy_losses(fitted: FittedEstimators, rows: ScoredRows) -> tuple[Vector, Vector]:
    """Expected loss of every row, and the rows' weights.

    The calibrated probability of being wrong, or where there are no scores the regressed loss, in a
    regression as a share of ``loss_limit``. Rows whose scores cannot be used are left out.

    Returns
    -------
    tuple
        Losses in [0, 1] and weights above 0, both of shape ``(m,)``; empty when nothing can be said.
    """
    usable = usable_rows(rows)
    if fitted.status != "ok" or usable.status not in ("ok", "constant_scores", "no_scores"):
        return NOTHING
    kept = usable.rows
    if fitted.cbpe is not None and usable.status != "no_scores":
        return np.clip(1 - fitted.cbpe.calibration.believed(kept).correct, 0, 1), kept.weights
    if fitted.dle is None or not fitted.dle.models:
        return NOTHING
    metric, model = next(iter(fitted.dle.models.items()))
    losses = model.predict(kept, np.ones(len(fitted.kept))).losses
    scale = 1.0 if metric == "accuracy" else fitted.loss_limit
    return np.clip(losses / scale, 0, 1), kept.weights


def window_proxy_losses(
    store: Store, contract: Contract, fitted: FittedEstimators, version: str, start: datetime, end: datetime
) -> tuple[Vector, Vector]:
    """:func:`proxy_losses` of the stored events of one version in ``[start, end)``, a sample of them."""
    return proxy_losses(fitted, window_rows(store, contract, fitted, version, start, end))
