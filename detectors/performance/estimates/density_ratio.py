"""How much more often production asks for rows like each of the reference's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.calibration_curve import stratified_folds
from detectors.performance.estimates.feature_codes import FeatureCodes
from detectors.performance.estimates.learner import one_thread, side_learner
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

    Each reference row is judged by a classifier that did not see it; else its ratio would be too low.

    Raises
    ------
    DependencyMissing
        scikit-learn is not installed.

    References
    ----------
    Bialek, J. et al. (2024). Estimating model performance under covariate shift without labels.
    arXiv:2401.08348, section 4.
    """
    ours, theirs = side_features(reference), side_features(rows)
    categorical = (*reference.categorical, *(False,) * (ours.shape[1] - len(reference.categorical)))
    codes = FeatureCodes.of(np.concatenate([ours, theirs]), categorical)
    ours, theirs = codes.codes(ours), codes.codes(theirs)
    fold = stratified_folds(reference.confidence, rng, FOLDS)
    # Both sides weigh the same, so that g = 1/2 means a ratio of 1.
    own, other = reference.weights / reference.weights.mean(), rows.share * len(reference)
    odds = np.empty(len(reference))
    for number in range(FOLDS):
        held = fold == number
        learned = ~held
        x = np.concatenate([ours[learned], theirs])
        side = np.concatenate([np.zeros(learned.sum()), np.ones(len(theirs))])
        weight = np.concatenate([own[learned], other * learned.mean()])
        learner = side_learner(min(int(learned.sum()), len(theirs)), categorical, seed=number)
        with one_thread():
            learner.fit(x, side, sample_weight=weight)
            g = learner.predict_proba(ours[held])[:, 1]
        odds[held] = g / np.maximum(1 - g, 1e-9)
    high = odds > MOST
    ratio = np.clip(odds, 1 / MOST, MOST)
    weights = reference.weights * ratio
    return DensityRatio(
        ratio=ratio / np.average(ratio, weights=reference.weights),
        effective=effective_size(weights),
        clipped=float(weights[high].sum() / weights.sum()),
    )


def side_features(rows: ScoredRows) -> Matrix:
    """Inputs, then scores (or the confidence): what production and reference are told apart by."""
    answers = rows.scores[:, 1:] if rows.scores.shape[1] == 2 else rows.scores
    if rows.classes and not answers.shape[1]:
        answers = rows.confidence[:, None]
    return np.concatenate([rows.features, answers], axis=1)
