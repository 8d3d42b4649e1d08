"""The loss of a row, predicted from its inputs and its answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.performance.estimates.calibration_curve import fit_curve, stratified_folds
from detectors.performance.estimates.density_ratio import side_features
from detectors.performance.estimates.feature_codes import FeatureCodes
from detectors.performance.estimates.learner import Learner, loss_learner, one_thread
from detectors.performance.estimates.rows import LabelledRows, Matrix, ScoredRows, Vector

FOLDS = 5
SEED = 20_261


@dataclass(frozen=True, slots=True)
class PredictedLoss:
    """Loss of a window's rows as a model expects it.

    Attributes
    ----------
    losses
        Expected loss of every row, shape ``(n,)``.
    value
        Weighted mean of them.
    counted, sampled
        Variance of the window's realised mean around it, given its rows; and of drawing the rows.
    learned
        Variance by what the reference happened to hold.
    """

    losses: Vector
    value: float
    counted: float
    sampled: float
    learned: float


@dataclass(frozen=True, slots=True)
class LossModel:
    """A regression of a loss, and what it predicted for reference rows that it did not see.

    Attributes
    ----------
    codes
        Bins of the features.
    learners
        One a fold, each fitted without it.
    known
        Reference rows that have this loss, shape ``(n_ref,)``.
    seen, losses, weights
        Of those rows: prediction, loss, weight.
    """

    codes: FeatureCodes
    learners: tuple[Learner, ...]
    known: NDArray[np.bool_]
    seen: Vector
    losses: Vector
    weights: Vector

    def predict(self, rows: ScoredRows, ratio: Vector) -> PredictedLoss:
        """Expected loss of a window, n at least 1.

        Parameters
        ----------
        ratio
            Density of production over that of the reference at every reference row, shape ``(n_ref,)``:
            predictions are calibrated on rows like the window's.
        """
        rng, weights = np.random.default_rng(SEED), self.weights * ratio[self.known]
        curve = fit_curve(self.seen, self.losses, weights, rng, binary=False)
        squares = np.square(self.losses - curve.expected(self.seen))
        spread = fit_curve(self.seen, squares, weights, rng, binary=False)
        x, u = self.codes.codes(loss_features(rows)), rows.share
        with one_thread():
            raw = np.stack([np.asarray(learner.predict(x), dtype=np.float64) for learner in self.learners])
        bins = curve.bins(raw)
        by_learner = curve.expected(raw)
        losses = by_learner.mean(axis=0)
        draws = [float(draw[bins].mean(axis=0) @ u) for draw in curve.draws]
        means = by_learner @ u
        value = float(means.mean())
        # Leaving one group out at a time: what the learners themselves owe to the reference's luck.
        grouped = (len(means) - 1) / len(means) * float(np.square(means - value).sum())
        return PredictedLoss(
            losses=losses,
            value=value,
            counted=float(u**2 @ spread.values[spread.bins(raw)].mean(axis=0)),
            sampled=float(u**2 @ np.square(losses - value)),
            learned=float(np.var(draws, ddof=1)) + grouped,
        )


def fit_loss_model(reference: LabelledRows, losses: Vector, rng: np.random.Generator) -> LossModel:
    """Regress a loss on inputs and answers.

    Parameters
    ----------
    losses
        Of the n reference rows, shape ``(n,)``; NaN: the row has no such loss.

    Notes
    -----
    Learners are fitted on four fifths of the rows; what each predicts for the fifth it did not see shows
    what its predictions mean. A window is predicted by all of them.

    Raises
    ------
    DependencyMissing
        scikit-learn is not installed.
    """
    known = np.isfinite(losses)
    rows, y = reference.rows.taken(known), losses[known]
    raw = loss_features(rows)
    extra = raw.shape[1] - len(rows.categorical)
    # Of several classes the predicted one is a category; of a regression it is a number.
    answer = len(rows.classes) > 2
    categorical = (*rows.categorical, *(False,) * (extra - 1), answer)
    codes = FeatureCodes.of(raw, categorical)
    x, weights = codes.codes(raw), rows.weights / rows.weights.mean()
    fold = stratified_folds(y, rng, FOLDS)
    seen = np.empty(len(y))
    learners = []
    with one_thread():
        for number in range(FOLDS):
            held = fold == number
            learner = loss_learner(int((~held).sum()), categorical, seed=number)
            learner.fit(x[~held], y[~held], sample_weight=weights[~held])
            seen[held] = learner.predict(x[held])
            learners.append(learner)
    return LossModel(codes, tuple(learners), known, seen, y, weights)


def loss_features(rows: ScoredRows) -> Matrix:
    """Inputs, scores and the answer itself, shape ``(n, D + ...)``; a class that is not known is missing."""
    answer = np.where(rows.predicted < 0, np.nan, rows.predicted) if rows.classes else rows.predicted
    return np.concatenate([side_features(rows), answer[:, None]], axis=1)
