"""How much more often production asks for rows like each of the reference's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from detectors.performance.estimates.beta_calibration import LEAST, beta_values
from detectors.performance.estimates.calibration_curve import stratified_folds
from detectors.performance.estimates.estimate import MIN_ROWS
from detectors.performance.estimates.feature_codes import FeatureCodes
from detectors.performance.estimates.learner import line_learner, one_thread, side_learner
from detectors.performance.estimates.rows import Matrix, ScoredRows, Vector
from detectors.statistics.weights import effective_size

FOLDS = 3
MOST = 20.0
"""Highest ratio: more would let single rows decide."""


@dataclass(frozen=True, slots=True)
class DensityRatio:
    """Ratio of densities at every reference row.

    Attributes
    ----------
    ratio
        Shape ``(n_ref,)``, weighted mean 1.
    effective
        Effective reference rows under sampling weights times ratio.
    clipped
        Share of the reworked weight that sits on rows whose ratio was clipped.
    """

    ratio: Vector
    effective: float
    clipped: float


def density_ratio(reference: ScoredRows, rows: ScoredRows, rng: np.random.Generator) -> DensityRatio:
    """Ratio of production's density to the reference's, from a classifier that tells them apart.

    .. math:: r(x) = \\frac{W_{ref}}{W_{prod}} \\frac{g(x)}{1 - g(x)}, \\quad g(x) = P(production | x)

    Each row is judged by classifiers that did not see it, else its ratio would be too low: boosted trees and
    a logistic regression, which finds a shift of means on few rows. A logistic regression of the side on
    what both say, slopes not below 0, calibrates and joins them.

    Of fewer than 20 rows nothing is learned: the ratio is 1.

    Raises
    ------
    DependencyMissing
        scikit-learn is not installed.

    References
    ----------
    Bialek, J. et al. (2024). Estimating model performance under covariate shift without labels.
    arXiv:2401.08348, section 4.
    """
    if len(rows) < MIN_ROWS:
        return DensityRatio(np.ones(len(reference)), reference.effective, 0.0)
    ours, theirs = side_features(reference), side_features(rows)
    categorical = (*reference.categorical, *(False,) * (ours.shape[1] - len(reference.categorical)))
    codes = FeatureCodes.of(np.concatenate([ours, theirs]), categorical)
    raw_ours, raw_theirs = ours, theirs
    ours, theirs = codes.codes(ours), codes.codes(theirs)
    # Both sides weigh the same, so that g = 1/2 means a ratio of 1.
    own, other = reference.weights / reference.weights.mean(), rows.share * len(reference)
    x, weight = np.concatenate([ours, theirs]), np.concatenate([own, other])
    side = np.concatenate([np.zeros(len(ours)), np.ones(len(theirs))])
    fold = stratified_folds(side, rng, FOLDS)
    lines = linear_features(np.concatenate([raw_ours, raw_theirs]), categorical, len(reference))
    # Log odds as trees and as a line find them.
    told = np.empty((len(side), 2))
    for number in range(FOLDS):
        held = fold == number
        fewer = int(min(np.bincount(side[~held].astype(np.intp), minlength=2)))
        learner = side_learner(fewer, categorical, seed=number)
        with one_thread():
            for column, (one, table) in enumerate(((learner, x), (line_learner(), lines))):
                one.fit(table[~held], side[~held], sample_weight=weight[~held])
                told[held, column] = one.predict_proba(table[held])[:, 1]
    told = logit(np.clip(told, LEAST, 1 - LEAST))
    # What learners say of rows they did not see is too sure of itself on few rows: it is weighed against it.
    few = min(reference.effective, rows.effective)
    counted = weight * (few / len(reference))
    g = beta_values(told, counted[None, :], (counted * side)[None, :])[0][: len(ours)]
    odds = g / np.maximum(1 - g, 1e-9)
    high = odds > MOST
    ratio = np.clip(odds, 1 / MOST, MOST)
    weights = reference.weights * ratio
    return DensityRatio(
        ratio=ratio / np.average(ratio, weights=reference.weights),
        effective=effective_size(weights),
        clipped=float(weights[high].sum() / weights.sum()),
    )


def linear_features(table: Matrix, categorical: tuple[bool, ...], first: int) -> Matrix:
    """Numbers in standard deviations of the ``first`` rows, at most 4, missing ones the mean; ``(n, D)``."""
    z = np.zeros(table.shape)
    for number in np.flatnonzero(~np.array(categorical, dtype=bool)):
        known = table[:first, number][~np.isnan(table[:first, number])]
        if len(known) and (spread := float(known.std())) > 0:
            z[:, number] = np.clip((table[:, number] - known.mean()) / spread, -4, 4)
    return np.nan_to_num(z)


def side_features(rows: ScoredRows) -> Matrix:
    """Inputs, then scores (or the confidence): what production and reference are told apart by."""
    answers = rows.scores[:, 1:] if rows.scores.shape[1] == 2 else rows.scores
    if rows.classes and not answers.shape[1]:
        answers = rows.confidence[:, None]
    return np.concatenate([rows.features, answers], axis=1)
