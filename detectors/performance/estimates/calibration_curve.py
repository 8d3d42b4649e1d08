"""What a score means: the expected outcome at every score, and how uncertain that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from detectors.performance.estimates.rows import Indices, Matrix, Vector
from detectors.statistics.weights import effective_size

MOST_BINS = 512
BIN_ROWS = 15.0
"""Effective rows of a bin: a step of fewer rows would say more than they do."""

DRAWS = 100
FOLDS = 5
ERROR_BINS = 15


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Expected outcome by score.

    Attributes
    ----------
    borders
        Ascending borders of the G bins of the score, shape ``(G - 1,)``.
    values
        Expected outcome of every bin, shape ``(G,)``.
    draws
        The same from resampled reference rows, shape ``(B, G)``.
    kept
        Whether the curve replaces the score; else the score is believed as it is.
    error, raw_error
        Calibration error of the curve and of the score, mean over splits; in the outcome's unit.
    noise
        What both would be on average by luck alone.
    """

    borders: Vector
    values: Vector
    draws: Matrix
    kept: bool
    error: float
    raw_error: float
    noise: float

    @property
    def remaining_error(self) -> float:
        """Calibration error of what is used, beyond what the luck of the splits alone would show."""
        return max(0.0, (self.error if self.kept else self.raw_error) - self.noise)

    def bins(self, score: Vector) -> Indices:
        """Bin of every score, shape as given."""
        return np.searchsorted(self.borders, score, side="right")

    def expected(self, score: Vector) -> Vector:
        """Expected outcome of every row, shape as given."""
        return np.asarray(self.values[self.bins(score)] if self.kept else score)

    def drawn(self, draw: int, score: Vector, bins: Indices) -> Vector:
        """Expected outcome of every row had the reference been another sample."""
        if self.kept:
            return np.asarray(self.draws[draw][bins])
        return np.asarray(score + (self.draws[draw] - self.values)[bins])


def fit_curve(
    score: Vector, outcome: Vector, weights: Vector, rng: np.random.Generator, *, binary: bool = True
) -> CalibrationCurve:
    """Isotonic regression of the outcome on the score, kept if it improves the calibration.

    .. math:: \\min_{c_1 \\le \\dots \\le c_G} \\sum_i w_i (y_i - c_{b(s_i)})^2

    Parameters
    ----------
    score, outcome, weights
        Of the n reference rows, finite; weights above 0.
    rng
        Splits and resamples the rows.
    binary
        Outcomes are 0 or 1. Stretches of one outcome only get half a count of the other: no sample shows
        that something never happens.

    Notes
    -----
    The curve is kept when the mean calibration error over 5 stratified splits is below that of the score.
    Resampling is the Bayesian bootstrap (exponential weights), so that no bin is ever empty. Scores are
    binned at up to 512 quantiles: O(n B + B G).

    References
    ----------
    Zadrozny, B. and Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability
    estimates. KDD, section 3. Rubin, D. (1981). The Bayesian bootstrap. Annals of Statistics 9.
    """
    error, raw_error = _errors(score, outcome, weights, rng, binary)
    borders = _borders(score, weights)
    values, order, starts = _isotonic(score, outcome, weights, borders, binary)
    draws = np.empty((DRAWS, len(values)))
    w, wy, squares = weights[order], (weights * outcome)[order], (weights**2)[order]
    for draw in range(DRAWS):
        luck = rng.standard_exponential(len(w))
        draws[draw] = _pooled(
            np.add.reduceat(w * luck, starts),
            np.add.reduceat(wy * luck, starts),
            np.add.reduceat(squares, starts),
            binary,
        )
    left = float(
        np.average(
            np.square(outcome - values[np.searchsorted(borders, score, side="right")]), weights=weights
        )
    )
    noise = math.sqrt(2 / math.pi * left * ERROR_BINS * FOLDS / effective_size(weights))
    return CalibrationCurve(borders, values, draws, error < raw_error, error, raw_error, noise)


def calibration_error(predicted: Vector, outcome: Vector, weights: Vector) -> float:
    """Mean distance of prediction and outcome over 15 bins of equally many rows, weighted.

    .. math:: \\mathrm{ECE} = \\sum_b \\frac{W_b}{W} | \\bar y_b - \\bar p_b |

    Examples
    --------
    >>> round(calibration_error(np.array([0.2, 0.2]), np.array([0.0, 1.0]), np.ones(2)), 9)
    0.3
    """
    _, inverse = np.unique(predicted, return_inverse=True)
    # Rows of the same prediction are judged together, whatever their order.
    middle = (np.bincount(inverse).cumsum() - np.bincount(inverse) / 2) / len(predicted)
    bins = np.minimum((middle[inverse] * ERROR_BINS).astype(np.intp), ERROR_BINS - 1)
    gaps = np.bincount(bins, weights * (outcome - predicted), ERROR_BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def stratified_folds(strata: Vector, rng: np.random.Generator, folds: int = FOLDS) -> Indices:
    """Fold of every row, so that each fold has its part of each stratum; shape ``(n,)``.

    >>> sorted(np.bincount(stratified_folds(np.repeat([0.0, 1.0], 10), np.random.default_rng(0))).tolist())
    [4, 4, 4, 4, 4]
    """
    order = np.lexsort((rng.random(len(strata)), strata))
    fold = np.empty(len(strata), dtype=np.intp)
    fold[order] = np.arange(len(strata)) % folds
    return fold


def _errors(
    score: Vector, outcome: Vector, weights: Vector, rng: np.random.Generator, binary: bool
) -> tuple[float, float]:
    fold = stratified_folds(outcome, rng)
    calibrated, raw = [], []
    for number in range(FOLDS):
        held = fold == number
        if not held.any() or held.all():
            continue
        learned = ~held
        borders = _borders(score[learned], weights[learned])
        values, _, _ = _isotonic(score[learned], outcome[learned], weights[learned], borders, binary)
        predicted = values[np.searchsorted(borders, score[held], side="right")]
        calibrated.append(calibration_error(predicted, outcome[held], weights[held]))
        raw.append(calibration_error(score[held], outcome[held], weights[held]))
    if not raw:
        return 0.0, 0.0
    return float(np.mean(calibrated)), float(np.mean(raw))


def _borders(score: Vector, weights: Vector) -> Vector:
    """Borders of bins of equal weight, at most 512 and of about 15 effective rows each."""
    order = np.argsort(score, kind="stable")
    ranked, passed = score[order], weights[order].cumsum()
    most = min(MOST_BINS, max(2, int(effective_size(weights) / BIN_ROWS)))
    bins = np.minimum((passed - weights[order] / 2) / passed[-1] * most, most - 1).astype(np.intp)
    # Rows of equal score stay together: a border lies between two scores.
    new = (np.diff(bins) > 0) & (np.diff(ranked) > 0)
    return np.asarray((ranked[1:][new] + ranked[:-1][new]) / 2)


def _isotonic(
    score: Vector, outcome: Vector, weights: Vector, borders: Vector, binary: bool
) -> tuple[Vector, Indices, Indices]:
    """Values by bin; the rows in the order of bins; where each bin starts in that order."""
    bins = np.searchsorted(borders, score, side="right")
    order = np.argsort(bins, kind="stable")
    counts = np.bincount(bins, minlength=len(borders) + 1)
    starts = np.concatenate([[0], counts.cumsum()[:-1]])
    values = _pooled(
        np.add.reduceat(weights[order], starts),
        np.add.reduceat((weights * outcome)[order], starts),
        np.add.reduceat((weights**2)[order], starts),
        binary,
    )
    return values, order, starts


def _pooled(weight: Vector, outcome: Vector, squares: Vector, binary: bool) -> Vector:
    found = isotonic_regression(outcome / weight, weights=weight)
    values = np.asarray(found.x, dtype=np.float64)
    if not binary:
        return values
    starts = np.asarray(found.blocks[:-1], dtype=np.intp)
    total = np.add.reduceat(weight, starts)
    rows = total**2 / np.add.reduceat(squares, starts)
    least = np.repeat(0.5 / (rows + 1), np.diff(found.blocks))
    return np.clip(values, least, 1 - least)
