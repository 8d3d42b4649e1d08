"""Losses of events in NumPy: for references in files and for losses that are not computed in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.decay.loss import NEAREST, SUM_TOLERANCE, Loss
from driftline.errors import InvalidInput

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class LabelledColumns:
    """Columns of ``labelled_events``; those that a loss does not need may be left empty.

    ``scores`` has one row an event and a column a class.
    """

    truth: Sequence[str] = ()
    prediction: Sequence[str] = ()
    truth_value: ArrayLike = ()
    predicted_value: ArrayLike = ()
    scores: ArrayLike = ()


def event_losses(loss: Loss, columns: LabelledColumns) -> Vector:
    """Loss of every event, clipped to ``[0, loss.bound]``; NaN for those that do not count.

    Not counted are pairs of the other kind (false acceptance and rejection), percentages of 0, probabilities
    outside [0, 1] or with another sum than 1, and losses that are NaN.

    Raises
    ------
    InvalidInput
        The loss is of kind ``event``, or its bound is not known yet.

    Examples
    --------
    >>> from detectors.performance.decay.loss import Loss
    >>> columns = LabelledColumns(truth=["a", "b"], prediction=["a", "a"])
    >>> event_losses(Loss("accuracy", "wrong", 1.0), columns).tolist()
    [0.0, 1.0]
    """
    if loss.learned:
        raise InvalidInput(f"the highest loss of {loss.metric} is not known yet: learn it from the reference")
    return np.asarray(np.clip(raw_losses(loss, columns), 0.0, loss.bound))


def raw_losses(loss: Loss, columns: LabelledColumns) -> Vector:
    """:func:`event_losses` before they are clipped: what a bound is learned from."""
    truth = np.asarray(columns.truth_value, dtype=np.float64)
    predicted = np.asarray(columns.predicted_value, dtype=np.float64)
    if loss.kind == "wrong":
        return np.asarray(np.asarray(columns.truth) != np.asarray(columns.prediction), dtype=np.float64)
    if loss.kind in ("log_loss", "brier"):
        return _of_scores(loss, columns)
    if loss.kind == "absolute":
        return np.abs(truth - predicted)
    if loss.kind == "squared":
        return np.square(truth - predicted)
    if loss.kind == "percentage":
        size = np.where(truth == 0, np.nan, np.abs(truth))
        return np.asarray(np.abs(truth - predicted) / size)
    if loss.kind == "quantile":
        error = truth - predicted
        return np.asarray(np.maximum(loss.quantile * error, (loss.quantile - 1) * error))
    if loss.kind == "kpi_lost":
        return loss.origin - truth
    if loss.kind == "kpi_cost":
        return truth - loss.origin
    accepted = predicted >= loss.threshold
    same = truth >= 0.5
    if loss.kind == "wrong_pair":
        return np.asarray(accepted != same, dtype=np.float64)
    if loss.kind == "false_acceptance":
        return np.where(same, np.nan, accepted.astype(np.float64))
    if loss.kind == "false_rejection":
        return np.where(same, (~accepted).astype(np.float64), np.nan)
    raise InvalidInput(f"losses behind {loss.metric} are computed with the metric itself, one an event")


def _of_scores(loss: Loss, columns: LabelledColumns) -> Vector:
    scores = np.atleast_2d(np.asarray(columns.scores, dtype=np.float64))
    truth = np.asarray(columns.truth)
    usable = ((scores >= 0) & (scores <= 1)).all(axis=1)
    if loss.layout == "each":
        usable &= np.abs(scores.sum(axis=1) - 1) <= SUM_TOLERANCE
    return np.where(usable, _of_usable(loss, truth, scores, columns.prediction), np.nan)


def _of_usable(loss: Loss, truth: NDArray[np.str_], scores: Vector, prediction: Sequence[str]) -> Vector:
    if loss.layout == "each":
        is_true = truth[:, None] == np.asarray(loss.classes)[None, :]
        of_truth = (scores * is_true).sum(axis=1)
    else:
        told = loss.classes[0] if loss.layout == "one" else np.asarray(prediction)
        of_truth = np.where(truth == told, scores[:, 0], 1 - scores[:, 0])
    if loss.kind == "log_loss":
        return np.asarray(-np.log(np.clip(of_truth, NEAREST, 1 - NEAREST)))
    if loss.layout != "each":
        return np.asarray(np.square(1 - of_truth))
    scale = 0.5 if len(loss.classes) == 2 else 1.0
    return np.asarray((np.square(scores).sum(axis=1) - 2 * of_truth + 1) * scale)
