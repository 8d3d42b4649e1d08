"""Distances of whole vectors between halves of time: of their means, and of their kernel means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.multivariate.domain_classifier import alternating, halves
from detectors.multivariate.normal_scores import Matrix
from detectors.statistics.samples.bandwidth import median_bandwidth
from detectors.statistics.samples.sample import Sample

FREQUENCIES = 128
SEED = 20_271


@dataclass(frozen=True, slots=True)
class CrossDistance:
    """Squared distance of two means, without the bias of a plug-in estimate.

    Attributes
    ----------
    early, late
        Mean features of the baseline's halves, shape ``(D,)``.
    noise
        ``tr C^2``, C the features' covariance in the baseline: the estimate's variance is this over the
        product of the halves' rows.
    rows
        Effective rows of each half.
    """

    early: Matrix
    late: Matrix
    noise: float
    rows: float

    @classmethod
    def of(cls, features: Matrix, weights: Matrix) -> CrossDistance:
        """From the features of the baseline's rows in the order of time, shape ``(n, D)``."""
        share = weights / weights.sum()
        centred = features - share @ features
        covariance = (centred * share[:, None]).T @ centred
        early, late = alternating(len(features))
        return cls(
            _mean(features[early], weights[early]),
            _mean(features[late], weights[late]),
            float(np.sum(covariance**2)),
            1 / float(share @ share) / 2,
        )

    def squared(self, features: Matrix, weights: Matrix) -> float:
        """``<y_A - x_A, y_B - x_B>``: the squared distance in expectation, 0 on unchanged data.

        The halves in time A and B do not share rows, so no noise is multiplied with itself; it may be
        negative.

        References
        ----------
        Shekhar, S., Kim, I. and Ramdas, A. (2022). A permutation-free kernel two-sample test. NeurIPS,
        eq. 5 (without the studentisation: the spread of earlier windows takes its place).
        """
        early, late = halves(len(features))
        first = _mean(features[early], weights[early]) - self.early
        second = _mean(features[late], weights[late]) - self.late
        return float(first @ second)

    def variance(self, effective: float) -> float:
        """Variance of the estimate for a window of so many independent rows, less the baseline's part."""
        half = max(effective, 1.0) / 2
        return self.noise * ((1 / half + 1 / self.rows) ** 2 - 1 / self.rows**2)

    @property
    def baseline_variance(self) -> float:
        """The baseline's part, which all windows share."""
        return self.noise / self.rows**2


@dataclass(frozen=True, slots=True)
class FourierFeatures:
    """Random features whose inner product is a Gaussian kernel: MMD as a distance of means.

    ``k(a, b) = exp(-|a - b|^2 / (2 h^2))``, h the median distance of the baseline's rows.

    References
    ----------
    Rahimi, A. and Recht, B. (2007). Random features for large-scale kernel machines. NIPS, algorithm 1.
    """

    frequencies: Matrix

    @classmethod
    def of(cls, vectors: Matrix) -> FourierFeatures:
        """With the bandwidth of the baseline's vectors, shape ``(n, d)``."""
        some = Sample.of(vectors[np.linspace(0, len(vectors) - 1, min(len(vectors), 500)).astype(np.intp)])
        drawn = np.random.default_rng(SEED).standard_normal((vectors.shape[1], FREQUENCIES))
        return cls(drawn / median_bandwidth(some, some))

    def __call__(self, vectors: Matrix) -> Matrix:
        """Features, shape ``(n, 2 FREQUENCIES)``."""
        angles = vectors @ self.frequencies
        features: Matrix = np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(FREQUENCIES)
        return features


def _mean(features: Matrix, weights: Matrix) -> Matrix:
    mean: Matrix = (weights / weights.sum()) @ features
    return mean
