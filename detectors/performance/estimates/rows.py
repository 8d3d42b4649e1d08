"""Rows that estimators are fitted on and asked about: answers, scores and features, with weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.statistics.weights import effective_size
from driftline.errors import InvalidInput

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Indices = NDArray[np.intp]

NO_CLASS = -1
"""Index of a class that is not among those known."""


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Answers of a model without the truth.

    Attributes
    ----------
    classes
        Names of the K classes; empty: the answer is a number.
    predicted
        Index of the predicted class, -1 for one that is not known, or the predicted number; shape ``(n,)``.
    scores
        Probability of every class, shape ``(n, K)``; NaN where missing; ``(n, 0)`` when the model gives none.
    confidence
        Probability of the predicted class, shape ``(n,)``, NaN where missing.
    features
        Inputs, shape ``(n, D)``, NaN where missing; categories are whole numbers from 0.
    categorical
        Which features are categories, length D.
    weights
        Shape ``(n,)``, above 0: 1 / inclusion probability.
    total
        Rows of the window that these are a sample of, at least n.
    """

    classes: tuple[str, ...]
    predicted: Vector
    scores: Matrix
    confidence: Vector
    features: Matrix
    categorical: tuple[bool, ...]
    weights: Vector
    total: int

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def effective(self) -> float:
        """Effective rows; 0 without rows."""
        return effective_size(self.weights) if len(self) else 0.0

    @property
    def share(self) -> Vector:
        """Weights that add up to 1, shape ``(n,)``."""
        return np.asarray(self.weights / self.weights.sum())

    @property
    def sampled_share(self) -> float:
        """Share of the window's rows that these are, in (0, 1]."""
        return len(self) / max(self.total, len(self), 1)

    def taken(self, chosen: NDArray[Any]) -> ScoredRows:
        """The chosen rows (a mask or indices)."""
        return replace(
            self,
            predicted=self.predicted[chosen],
            scores=self.scores[chosen],
            confidence=self.confidence[chosen],
            features=self.features[chosen],
            weights=self.weights[chosen],
        )


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Answers of a model with the truth.

    Attributes
    ----------
    rows
        The answers.
    truth
        Index of the true class, -1 for one that has no score, or the true number; shape ``(n,)``.
    """

    rows: ScoredRows
    truth: Vector

    def __len__(self) -> int:
        return len(self.truth)

    def taken(self, chosen: NDArray[Any]) -> LabelledRows:
        """The chosen rows (a mask or indices)."""
        return LabelledRows(self.rows.taken(chosen), self.truth[chosen])

    @property
    def correct(self) -> Vector:
        """1 where the predicted class is the true one, else 0, shape ``(n,)``."""
        right = (self.rows.predicted == self.truth) & (self.truth != NO_CLASS)
        return np.asarray(right, dtype=np.float64)


def scored_rows(
    *,
    classes: tuple[str, ...] = (),
    predicted: NDArray[Any],
    scores: NDArray[Any] | None = None,
    confidence: NDArray[Any] | None = None,
    features: NDArray[Any] | None = None,
    categorical: tuple[bool, ...] | None = None,
    weights: NDArray[Any] | None = None,
    total: int | None = None,
) -> ScoredRows:
    """Rows from arrays, what is not given filled in.

    Parameters
    ----------
    scores
        Shape ``(n, K)``, or ``(n,)`` of two classes: the probability of the second.
    confidence
        Of the predicted class; taken from the scores when not given, and the scores of two classes from it.

    Raises
    ------
    InvalidInput
        Shapes that do not fit each other, or weights that are not finite and above 0.

    Examples
    --------
    >>> rows = scored_rows(classes=("no", "yes"), predicted=np.array([1, 0]), scores=np.array([0.8, 0.3]))
    >>> rows.scores.round(9).tolist(), rows.confidence.tolist()
    ([[0.2, 0.8], [0.7, 0.3]], [0.8, 0.7])
    """
    answers = np.asarray(predicted, dtype=np.float64)
    n, k = len(answers), len(classes)
    x = np.zeros((n, 0)) if features is None else np.asarray(features, dtype=np.float64)
    given = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    table = np.zeros((n, 0)) if scores is None else np.asarray(scores, dtype=np.float64)
    if table.ndim == 1 and k == 2:
        table = np.stack([1 - table, table], axis=1)
    sure = None if confidence is None else np.asarray(confidence, dtype=np.float64)
    known = answers != NO_CLASS if k else np.ones(n, dtype=bool)
    place = np.where(known, answers, 0).astype(np.intp) if k else np.zeros(n, dtype=np.intp)
    if table.shape == (n, 0) and k == 2 and sure is not None:
        second = np.where(place == 1, sure, 1 - sure)
        table = np.stack([1 - second, second], axis=1)
        table[~known] = np.nan
    if table.shape not in ((n, 0), (n, k)):
        raise InvalidInput(
            f"scores of {n} rows and {k} classes must have shape ({n}, {k}), got {table.shape}"
        )
    if sure is None:
        sure = np.where(known, table[np.arange(n), place], np.nan) if table.shape[1] else np.full(n, np.nan)
    kinds = (False,) * (x.shape[1] if x.ndim == 2 else 0) if categorical is None else categorical
    for name, shape, wanted in (
        ("confidence", sure.shape, (n,)),
        ("weights", given.shape, (n,)),
        ("features", x.shape, (n, len(kinds))),
    ):
        if shape != wanted:
            raise InvalidInput(f"{name} of {n} rows must have shape {wanted}, got {shape}")
    if not np.isfinite(given).all() or (given <= 0).any():
        raise InvalidInput("weights of rows must be finite and above 0")
    return ScoredRows(classes, answers, table, sure, x, kinds, given, n if total is None else max(total, n))


def labelled_rows(rows: ScoredRows, truth: NDArray[Any]) -> LabelledRows:
    """Rows with their truth.

    Raises
    ------
    InvalidInput
        Another number of truths than rows, or (regression) a truth that is not finite.
    """
    values = np.asarray(truth, dtype=np.float64)
    if values.shape != (len(rows),):
        raise InvalidInput(f"truth of {len(rows)} rows must have shape ({len(rows)},), got {values.shape}")
    if not np.isfinite(values).all():
        raise InvalidInput("truth must be finite; leave rows without a label out")
    return LabelledRows(rows, values)
