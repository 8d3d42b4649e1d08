"""Rows of estimators as an attribution takes them: the kept reference, and windows without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.sampled_rows import slots_of
from detectors.performance.attribution.rows import LossRows
from detectors.performance.estimates.calibration_curve import fit_curve
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.fitting import FittedEstimators
from detectors.performance.estimates.reference import EstimatorReference
from detectors.performance.estimates.row_layout import RowLayout
from detectors.performance.estimates.row_losses import row_losses
from detectors.performance.estimates.rows import ScoredRows, Vector
from detectors.profiles.layout import ColumnLayout
from driftline.quality_contract import Quality

RowEstimator = Literal["cbpe", "dle"]
"""Estimators that expect a loss of every single row."""

OTHER = "(other)"
"""A category that the layout of the reference has no code for."""


def kept_rows(
    kept: EstimatorReference,
    quality: Quality,
    metric: str,
    layouts: Mapping[str, ColumnLayout],
    segments: Sequence[str],
) -> LossRows | None:
    """The kept rows of a reference with their realised losses; ``None`` when that loss is not kept.

    Parameters
    ----------
    layouts, segments
        Bins by column name; names of the segment columns.
    """
    losses = row_losses(kept.rows, quality).get(metric)
    return None if losses is None else _loss_rows(kept.layout, kept.rows.rows, losses, layouts, segments)


def estimated_rows(
    fitted: FittedEstimators, rows: ScoredRows, layouts: Mapping[str, ColumnLayout], segments: Sequence[str]
) -> tuple[RowEstimator, LossRows, LossRows] | str:
    """Expected losses of the reference's rows and of a window's, by the same estimator.

    Accuracy by calibrated scores (CBPE), any other loss, and accuracy without scores, by regression (DLE);
    of the reference that predicts only rows it did not see.

    Returns
    -------
    tuple or str
        Name of the estimator, reference, window; or why there is no estimate.
    """
    if fitted.status != "ok":
        return fitted.reason
    window = Compared(fitted.kept, rows)
    known, layout, metric = fitted.kept.rows, fitted.reference.layout, fitted.metric
    if fitted.cbpe is not None and metric == "accuracy" and window.usable.status == "ok":
        calibration = fitted.cbpe.calibration
        before, now = (1 - calibration.believed(side).correct for side in (known, window.rows))
        name: RowEstimator = "cbpe"
    else:
        model = fitted.dle.models.get(metric) if fitted.dle is not None else None
        if fitted.dle is None or model is None:
            return (fitted.dle.missing if fitted.dle is not None else "") or f"no estimator gives {metric}"
        if window.usable.status not in ("ok", "constant_scores", "no_scores"):
            return window.usable.reason
        ratio = window.ratio.ratio
        rng = np.random.default_rng(SEED)
        curve = fit_curve(model.seen, model.losses, model.weights * ratio[model.known], rng, binary=False)
        before, known = curve.expected(model.seen), known.taken(model.known)
        now, name = model.predict(window.rows, ratio).losses, "dle"
    return (
        name,
        _loss_rows(layout, known, before, layouts, segments),
        _loss_rows(layout, window.rows, now, layouts, segments),
    )


def _loss_rows(
    layout: RowLayout,
    rows: ScoredRows,
    losses: Vector,
    layouts: Mapping[str, ColumnLayout],
    segments: Sequence[str],
) -> LossRows:
    columns = (*layout.numeric, *layout.categorical)
    bins = {
        name: slots_of(
            layouts[name],
            rows.features[:, place]
            if place < len(layout.numeric)
            else _texts(layout, place - len(layout.numeric), rows),
        )
        for place, name in enumerate(columns)
        if name in layouts
    }
    values: dict[str, NDArray[np.str_]] = {
        name: np.asarray([text or "" for text in _texts(layout, place, rows)], dtype=np.str_)
        for place, name in enumerate(layout.categorical)
        if name in segments
    }
    found = LossRows(
        np.nan_to_num(losses), rows.weights, bins, {name: layouts[name] for name in bins}, values, rows.total
    )
    return found.taken(np.isfinite(losses))


def _texts(layout: RowLayout, place: int, rows: ScoredRows) -> list[str | None]:
    """Categories by their codes; ``None`` where missing."""
    names: list[str | None] = [*layout.categories[place], OTHER]
    codes = rows.features[:, len(layout.numeric) + place]
    return [None if np.isnan(code) else names[min(int(code), len(names) - 1)] for code in codes.tolist()]
