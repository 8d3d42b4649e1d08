"""Random labelled events for the tests of metrics: weights, ties, classes that are rare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class LabelledClasses:
    """Events of a classifier with K classes named ``a``, ``b``, ..., and the probability of every class."""

    truth: list[str]
    prediction: list[str]
    scores: Vector
    weights: Vector
    classes: tuple[str, ...]


@st.composite
def labelled_classes(draw: st.DrawFn, most_classes: int = 5) -> LabelledClasses:
    """Events of at least two true classes; scores are rounded, so that many are equal."""
    count = draw(st.integers(2, most_classes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(count + 2, 120))
    classes = tuple("abcdefgh"[:count])
    code = rng.integers(0, count, n)
    code[:count] = np.arange(count)
    raw = rng.gamma(0.7, size=(n, count)) + np.eye(count)[code] * rng.random()
    scores = np.round(raw / raw.sum(axis=1, keepdims=True), draw(st.sampled_from([1, 2, 12])))
    scores[:, -1] = 1 - scores[:, :-1].sum(axis=1)
    scores = np.clip(scores, 0, 1)
    scores /= scores.sum(axis=1, keepdims=True)
    predicted = np.where(rng.random(n) < 0.8, scores.argmax(axis=1), rng.integers(0, count, n))
    weights = np.ones(n) if draw(st.booleans()) else rng.choice([1.0, 1.25, 3.0, 10.0], n)
    return LabelledClasses(
        [classes[index] for index in code],
        [classes[index] for index in predicted],
        scores,
        weights,
        classes,
    )


def pairs_of(seed: int, n: int = 200, digits: int = 2) -> tuple[Vector, Vector, Vector]:
    """Outcome (1 or 0), scores with ties and weights of n events of both kinds."""
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.4).astype(np.float64)
    outcome[:2] = 0, 1
    scores = np.round(rng.normal(outcome, 1.0), digits)
    return outcome, scores, rng.choice([1.0, 1.5, 4.0], n)
