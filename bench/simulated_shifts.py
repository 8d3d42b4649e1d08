"""Simulated shifts of a binary classifier whose score is too sure of itself, truth known."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from scipy.special import expit

from detectors.performance.estimates.rows import LabelledRows, labelled_rows, scored_rows

MANY = 400_000
"""Rows from which the accuracy to expect under a shift is counted: its error is below .0008."""

SHIFTS: Final = {
    "none": "nothing moved",
    "score": "an input that the model uses moved",
    "blind": "an input moved that the model does not use and the truth depends on",
    "label": "the shares of the classes moved",
    "unseen": "inputs moved to where the reference has few rows or none",
    "concept": "the relation of inputs and truth changed and nothing else",
    "concept and score": "that, and an input that the model uses moved",
}


def sampled(rng: np.random.Generator, n: int, kind: str, *, hidden: bool = False) -> LabelledRows:
    """Rows of a kind of shift; ``hidden``: the truth depends on an input that the model does not use."""
    x = rng.normal(size=(4 * n if kind == "label" else n, 4))
    if kind in ("score", "concept and score"):
        x[:, 0] += 1.2
    if kind == "blind":
        x[:, 2] += 1.0
    if kind == "unseen":
        x[:, :2] += 3.0
    eta = 1.5 * x[:, 0] - x[:, 1] + (x[:, 2] * x[:, 0] if hidden else 0)
    if kind.startswith("concept"):
        eta = 0.5 * x[:, 0] + x[:, 1]
    truth = (rng.random(len(x)) < expit(eta)).astype(np.float64)
    if kind == "label":
        wanted = np.where(truth == 1, 0.1, 0.9)
        kept = rng.choice(len(x), n, replace=False, p=wanted / wanted.sum())
        x, truth = x[kept], truth[kept]
    score = expit(2.5 * x[:, 0] - 1.7 * x[:, 1] + 0.3)
    rows = scored_rows(classes=("no", "yes"), predicted=score >= 0.5, scores=score, features=x)
    return labelled_rows(rows, truth)


@cache
def expected_accuracy(kind: str) -> float:
    """Accuracy of the whole population under a shift."""
    rng = np.random.default_rng(20_263)
    return float(sampled(rng, MANY, kind, hidden=kind == "blind").correct.mean())
