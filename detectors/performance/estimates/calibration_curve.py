"""What a score means: the expected outcome at every score, and how uncertain that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from detectors.performance.estimates.beta_calibration import beta_features, beta_values
from detectors.performance.estimates.rows import Indices, Matrix, Vector
from detectors.statistics.weights import effective_size

MOST_BINS = 512
BIN_ROWS = 15.0
"""Effective rows of a bin: a step of fewer rows would say more than they do."""

Form = Literal["isotonic", "beta"]
FORMS: tuple[Form, ...] = ("isotonic", "beta")

DRAWS = 100
FOLDS = 5
ERROR_BINS = 15


@dataclass(frozen=True, slots=True)
class Binned:
    """Rows in the order of their bins.

    Attributes
    ----------
    score, outcome, weights
        Of the rows, shape ``(n,)``.
    starts
        Where each of the G bins starts, shape ``(G,)``; none is empty.
    """

    score: Vector
    outcome: Vector
    weights: Vector
    starts: Indices

    def sums(self, values: Vector) -> Vector:
        """Sum of every bin, shape ``(G,)``."""
        return np.asarray(np.add.reduceat(values, self.starts))

    def sums_of(self, table: Matrix) -> Matrix:
        """Sums of every column, shape ``(G, D)``."""
        return np.asarray(np.add.reduceat(table, self.starts, axis=0))


@dataclass(frozen=True, slots=True)
class Sample:
    """Score, outcome and weight of the rows, shape ``(n,)`` each."""

    score: Vector
    outcome: Vector
    weights: Vector

    def taken(self, chosen: NDArray[np.bool_]) -> Sample:
        """The chosen rows."""
        return Sample(self.score[chosen], self.outcome[chosen], self.weights[chosen])

    def binned(self, borders: Vector) -> Binned:
        """The rows by bin; borders are between rows, so that no bin is empty."""
        bins = np.searchsorted(borders, self.score, side="right")
        order = np.argsort(bins, kind="stable")
        counts = np.bincount(bins, minlength=len(borders) + 1)
        starts = np.concatenate([[0], counts.cumsum()[:-1]])
        return Binned(self.score[order], self.outcome[order], self.weights[order], starts)


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
    form
        What was fitted.
    error
        Calibration error of that form on rows it did not see; in the outcome's unit.
    noise
        What it would be on average by luck alone.
    """

    borders: Vector
    values: Vector
    draws: Matrix
    form: Form
    error: float
    noise: float

    @property
    def remaining_error(self) -> float:
        """Calibration error beyond what the luck of the splits alone would show."""
        return max(0.0, self.error - self.noise)

    def bins(self, score: Vector) -> Indices:
        """Bin of every score, shape as given."""
        return np.searchsorted(self.borders, score, side="right")

    def expected(self, score: Vector) -> Vector:
        """Expected outcome of every row, shape as given."""
        return np.asarray(self.values[self.bins(score)])


def fit_curve(
    score: Vector, outcome: Vector, weights: Vector, rng: np.random.Generator, *, binary: bool = True
) -> CalibrationCurve:
    """Regression of the outcome on the score: isotonic or, where that says more, beta calibration.

    .. math:: \\min_{c_1 \\le \\dots \\le c_G} \\sum_i w_i (y_i - c_{b(s_i)})^2

    Parameters
    ----------
    score, outcome, weights
        Of the n reference rows, finite; weights above 0.
    rng
        Splits and resamples the rows.
    binary
        Outcomes are 0 or 1 and scores probabilities. Stretches of one outcome only get half a count of the
        other: no sample shows that something never happens. Without it the regression is isotonic.

    Notes
    -----
    The form is the one of less squared error on rows that it did not see, over 5 stratified splits: steps
    follow any rising curve and win on many rows, beta calibration has three parameters and wins on few; it
    holds "the score is right as it is" as a case. Resampling is the Bayesian bootstrap (exponential
    weights), so that no bin is ever empty. Scores are binned at up to 512 quantiles: O(n B + B G).

    References
    ----------
    Zadrozny, B. and Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability
    estimates. KDD, section 3. Rubin, D. (1981). The Bayesian bootstrap. Annals of Statistics 9.
    """
    sample = Sample(score, outcome, weights)
    form, error = _best_form(sample, rng, FORMS if binary else FORMS[:1], binary)
    borders = _borders(sample, form)
    bins = sample.binned(borders)
    ones = np.ones((1, len(score)))
    values = _values(bins, ones, form, binary)[0]
    draws = _values(bins, rng.standard_exponential((DRAWS, len(score))), form, binary)
    left = float(
        np.average(
            np.square(outcome - values[np.searchsorted(borders, score, side="right")]), weights=weights
        )
    )
    noise = math.sqrt(2 / math.pi * left * ERROR_BINS * FOLDS / effective_size(weights))
    return CalibrationCurve(borders, values, draws, form, error, noise)


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


def _best_form(
    sample: Sample, rng: np.random.Generator, forms: tuple[Form, ...], binary: bool
) -> tuple[Form, float]:
    """The form of least squared error on rows it did not see, and its calibration error there."""
    fold = stratified_folds(sample.outcome, rng)
    squares, errors = dict.fromkeys(forms, 0.0), {form: [0.0] for form in forms}
    for number in range(FOLDS):
        held = fold == number
        if not held.any() or held.all():
            continue
        learned, other = sample.taken(~held), sample.taken(held)
        for form in forms:
            borders = _borders(learned, form)
            curve = _values(learned.binned(borders), np.ones((1, len(learned.score))), form, binary)[0]
            predicted = curve[np.searchsorted(borders, other.score, side="right")]
            squares[form] += float(other.weights @ np.square(other.outcome - predicted))
            errors[form].append(calibration_error(predicted, other.outcome, other.weights))
    best = min(forms, key=lambda form: squares[form])
    return best, float(np.mean(errors[best][1:] or [0.0]))


def _borders(sample: Sample, form: Form) -> Vector:
    """Borders of bins of equal weight, at most 512; of steps about 15 effective rows each."""
    order = np.argsort(sample.score, kind="stable")
    ranked, weights = sample.score[order], sample.weights[order]
    passed = weights.cumsum()
    rows = BIN_ROWS if form == "isotonic" else 1.0
    most = min(MOST_BINS, max(2, int(effective_size(weights) / rows)))
    bins = np.minimum((passed - weights / 2) / passed[-1] * most, most - 1).astype(np.intp)
    # Rows of equal score stay together: a border lies between two scores.
    new = (np.diff(bins) > 0) & (np.diff(ranked) > 0)
    return np.asarray((ranked[1:][new] + ranked[:-1][new]) / 2)


def _values(bins: Binned, luck: Matrix, form: Form, binary: bool) -> Matrix:
    """Values by bin, for every row of luck by which the rows' weights are multiplied; shape ``(B, G)``."""
    drawn = [(bins.sums(bins.weights * one), bins.sums(bins.weights * bins.outcome * one)) for one in luck]
    if form == "isotonic":
        squares = bins.sums(bins.weights**2)
        return np.stack([_pooled(weight, outcome, squares, binary) for weight, outcome in drawn])
    weight, hits = (np.stack(side) for side in zip(*drawn, strict=True))
    features = bins.sums_of(beta_features(bins.score)) / bins.sums(np.ones(len(bins.score)))[:, None]
    # Weights in effective rows: what they weigh against the ridge.
    scale = effective_size(bins.weights) / bins.weights.sum()
    return beta_values(features, weight * scale, hits * scale)


def _pooled(weight: Vector, outcome: Vector, squares: Vector, binary: bool) -> Vector:
    found = isotonic_regression(outcome / weight, weights=weight)
    values = np.asarray(found.x, dtype=np.float64)
    if not binary:
        return values
    starts = np.asarray(found.blocks[:-1], dtype=np.intp)
    total = np.add.reduceat(weight, starts)
    rows = total**2 / np.add.reduceat(squares, starts)
    least = np.repeat(0.5 / (rows + 1), np.diff(found.blocks))
    # Steps of few rows at the ends are held back furthest: what is beyond them does not fall below them.
    raised = np.minimum.accumulate(np.maximum(values, least)[::-1])[::-1]
    return np.asarray(np.maximum.accumulate(np.minimum(raised, 1 - least)))
