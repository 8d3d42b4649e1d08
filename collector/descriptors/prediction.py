"""What a classifier said and how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Predictions:
    """Columns of ``n`` predictions.

    Attributes
    ----------
    classes
        Name of the most probable class; ``None`` where a score is not finite.
    confidence
        Its probability, 1/k..1.
    entropy
        Shannon entropy of the probabilities in nats, 0..ln k.
    margin
        Difference between the two largest probabilities, 0..1.
    """

    classes: list[str | None]
    confidence: NDArray[np.float64]
    entropy: NDArray[np.float64]
    margin: NDArray[np.float64]


def to_probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of scores as probabilities.

    A row within [0, 1] that sums to 1 (tolerance 1e-3) is normalised; any other is taken for logits and
    goes through softmax. A single score in [0, 1] is the probability of the second of two classes; a
    single one outside is its logit.

    >>> to_probabilities(np.array([[0.25]])).tolist()
    [[0.75, 0.25]]
    """
    if scores.shape[1] == 1:
        probable = (scores >= 0.0) & (scores <= 1.0)
        with np.errstate(over="ignore"):
            second = np.where(probable, scores, 1.0 / (1.0 + np.exp(-scores)))
        return np.hstack([1.0 - second, second])
    sums = scores.sum(axis=1, keepdims=True)
    inside = ((scores >= 0.0) & (scores <= 1.0)).all(axis=1, keepdims=True)
    simplex = inside & (np.abs(sums - 1.0) <= SUM_TOLERANCE)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    return np.where(simplex, scores / np.where(simplex, sums, 1.0), softmax)


def measure_predictions(scores: NDArray[Any], classes: Sequence[str] = ()) -> Predictions:
    """Columns of a batch of scores.

    Parameters
    ----------
    scores
        ``(n, k)`` probabilities or logits; see :func:`to_probabilities`.
    classes
        Names in the order of the scores; the index where there are fewer names than scores.

    Raises
    ------
    ValueError
        ``scores`` is not two-dimensional or has no column.

    >>> p = measure_predictions(np.array([[0.5, 0.5, 0.0]]), ["a", "b", "c"])
    >>> p.classes, p.confidence.tolist(), p.entropy.round(6).tolist(), p.margin.tolist()
    (['a'], [0.5], [0.693147], [0.0])
    """
    if scores.ndim != 2 or scores.shape[1] == 0:
        raise ValueError(f"scores of shape {scores.shape} are not (rows, classes)")
    scores = np.asarray(scores, dtype=np.float64)
    finite = np.asarray(np.isfinite(scores).all(axis=1))
    probabilities = to_probabilities(np.where(finite[:, None], scores, 0.0))
    best = probabilities.argmax(axis=1)
    ordered = np.sort(probabilities, axis=1)
    logs = np.log(probabilities, where=probabilities > 0.0, out=np.zeros_like(probabilities))
    entropy = np.maximum(0.0, -(probabilities * logs).sum(axis=1))
    names = [
        (classes[index] if index < len(classes) else str(index)) if known else None
        for index, known in zip(best.tolist(), finite.tolist(), strict=True)
    ]
    return Predictions(
        classes=names,
        confidence=np.where(finite, ordered[:, -1], np.nan),
        entropy=np.where(finite, entropy, np.nan),
        margin=np.where(finite, ordered[:, -1] - ordered[:, -2], np.nan),
    )
