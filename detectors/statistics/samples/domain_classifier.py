"""Domain classifier: how well baseline and current rows can be told apart."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from detectors.statistics.estimate import LEVEL, POWER, Estimate
from detectors.statistics.samples.mann_whitney import mann_whitney, mann_whitney_estimate
from detectors.statistics.samples.sample import Rows, Sample, checked_samples, needs_rows

SEED = 20_262
FEWEST = 10
RIDGE = 1e-3
"""Penalty relative to the features' own variance."""


def domain_classifier(baseline: Sample, current: Sample, *, seed: int = SEED) -> float:
    """Area under the ROC curve, on unseen rows, of a classifier between the two samples.

    Ridge regression of the label (0 baseline, 1 current) on the standardised fields and their squares,
    fitted on one half of either sample and judged on the other.

    .. math:: w = (X^T W X + \\lambda I)^{-1} X^T W y

    Parameters
    ----------
    baseline, current
        Rows of the same d fields, weights allowed, at least 10 rows a side.
    seed
        Of the halves.

    Returns
    -------
    float
        AUC in [0, 1]: 1/2 when they cannot be told apart.

    Raises
    ------
    InvalidInput
        Different fields, or fewer than 10 rows a side.

    Notes
    -----
    Linear and squared terms see moves of means and spreads of single fields; a change of dependence alone
    stays at 1/2. Fields are standardised by the pooled rows, so units and offsets do not matter; a
    constant field says nothing. Which half a row falls into depends on its place: the order of rows
    changes the value within its error. One split, not folds: the errors of folds are correlated, and
    intervals that ignore it cover 88% instead of 95%. O(n d² + d³).

    References
    ----------
    Lopez-Paz, D. and Oquab, M. (2017). Revisiting classifier two-sample tests. ICLR, section 2. Ridge as
    Fisher's discriminant: Hastie, T. et al. (2009). The Elements of Statistical Learning, exercise 4.2.

    Examples
    --------
    >>> rows = [float(i) for i in range(20)]
    >>> round(domain_classifier(Sample.of(rows), Sample.of(rows)), 9)
    0.5
    >>> round(domain_classifier(Sample.of(rows), Sample.of([row + 100 for row in rows])), 9)
    1.0
    """
    return mann_whitney(*_held_out(baseline, current, seed))


def domain_classifier_estimate(
    baseline: Sample, current: Sample, level: float = LEVEL, power: float = POWER, seed: int = SEED
) -> Estimate:
    """AUC of the classifier trained on half of this data, with DeLong's interval on the logit scale.

    p-value: one-sided, AUC above 1/2, since only skill on unseen rows is evidence. ``detectable`` is the
    AUC that would be found, not the shift: with more training data the same shift gives a higher AUC.
    """
    first, second = _held_out(baseline, current, seed)
    found = mann_whitney_estimate(first, second, level, power)
    error = float(np.sqrt((1 / first.effective + 1 / second.effective) / 12))
    return dataclasses.replace(
        found,
        detectable=min(1.0, 0.5 + float(ndtri(1 - level) + ndtri(power)) * error),
        p_value=float(ndtr(-(found.value - 0.5) / error)),
    )


def _held_out(baseline: Sample, current: Sample, seed: int) -> tuple[Sample, Sample]:
    """Scores of the halves that the classifier has not seen."""
    checked_samples(baseline, current)
    needs_rows(baseline, FEWEST, "baseline")
    needs_rows(current, FEWEST, "current")
    train_x, train_y = _half(len(baseline.rows), seed), _half(len(current.rows), seed)
    features = _features(baseline, current)
    x, y = features[: len(baseline.rows)], features[len(baseline.rows) :]
    weights = _direction(x[train_x], baseline.weights[train_x], y[train_y], current.weights[train_y])
    return (
        Sample.of(x[~train_x] @ weights, baseline.weights[~train_x], name="baseline"),
        Sample.of(y[~train_y] @ weights, current.weights[~train_y], name="current"),
    )


def _half(rows: int, seed: int) -> NDArray[np.bool_]:
    """Which rows train; the same rows twice fall into the same half."""
    chosen: NDArray[np.bool_] = np.random.default_rng(seed).permutation(rows) % 2 == 0
    return chosen


def _features(baseline: Sample, current: Sample) -> Rows:
    """Standardised fields and their centred squares, shape ``(n + m, 2 d)``."""
    rows = np.concatenate([baseline.rows, current.rows])
    weights = np.concatenate([baseline.weights, current.weights]) / 2
    centred = rows - rows[0]
    centred = centred - weights @ centred
    largest = np.abs(centred).max(axis=0)
    # In units of the largest value first: squares of 1e-200 would vanish.
    centred = np.divide(centred, largest, out=np.zeros_like(centred), where=largest > 0)
    spread = np.sqrt(weights @ centred**2)
    standard = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    # Beyond ten deviations one row would be the whole fit.
    squares = np.clip(standard, -10, 10) ** 2
    return np.hstack([standard, squares - weights @ squares])


def _direction(x: Rows, x_weights: Rows, y: Rows, y_weights: Rows) -> Rows:
    p, q = x_weights / x_weights.sum(), y_weights / y_weights.sum()
    mean_x, mean_y = p @ x, q @ y
    a, b = x - mean_x, y - mean_y
    scatter = (a * p[:, None]).T @ a + (b * q[:, None]).T @ b
    penalty = RIDGE * max(float(np.trace(scatter)) / len(scatter), 1e-12)
    solved: Rows = np.linalg.solve(scatter + penalty * np.eye(len(scatter)), mean_y - mean_x)
    return solved
