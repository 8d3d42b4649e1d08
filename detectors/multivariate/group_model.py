"""What a group of columns looks like in the baseline, and how far a window's rows lie from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from detectors.multivariate.domain_classifier import Discriminant, Told, told_apart
from detectors.multivariate.groups import Group
from detectors.multivariate.normal_scores import LARGEST, Matrix, correlations
from detectors.multivariate.reconstruction import Reconstruction
from detectors.multivariate.reference import Reference
from detectors.multivariate.row_features import RowFeatures
from detectors.multivariate.sampled_rows import SampledRows
from detectors.multivariate.vector_distance import CrossDistance, FourierFeatures

CLASSIFIER, RECONSTRUCTION, MEAN_DISTANCE, KERNEL_DISTANCE = range(4)
DISTANCES = ("domain classifier", "reconstruction error", "mean distance", "kernel distance")
"""The distances of a group, before its correlations; their places in every vector of scores."""

ONE_SIDED = np.array([True, False, True, True])
"""Can only grow when something changes; the reconstruction error may also fall."""

MOST_BETWEEN = 0.9
"""Part of a column's variance that lies between windows at most: beyond, little is left to correlate."""

FEWEST_ROWS = 40
"""Rows without which a window says nothing about dependence."""


@dataclass(frozen=True, slots=True)
class Variances:
    """Variance of every score if rows were independent draws, for windows of any size.

    ``u(n)``: of the window's own part; ``baseline``: of the part that all windows share.
    """

    group_model: GroupModel
    baseline: Matrix

    def of(self, effective_rows: Matrix) -> Matrix:
        """Of windows with these effective rows, shape ``(T, K)``."""
        model = self.group_model
        rows = np.maximum(np.asarray(effective_rows, dtype=np.float64), 4.0)
        out = np.empty((rows.size, self.baseline.size))
        out[:, CLASSIFIER] = 1 / (12 * rows)
        out[:, RECONSTRUCTION] = 1 / rows
        for place, distance in ((MEAN_DISTANCE, model.means), (KERNEL_DISTANCE, model.kernel)):
            out[:, place] = [distance.variance(n) for n in rows] if distance else 1.0
        out[:, len(DISTANCES) :] = 1 / (rows - 3)[:, None]
        return out


@dataclass(frozen=True, slots=True)
class GroupModel:
    """Everything fitted to the baseline's rows of one group.

    Attributes
    ----------
    correlations
        Of every pair of numeric columns in the baseline; empty for embeddings.
    """

    group: Group
    rows: float
    features: RowFeatures
    discriminant: Discriminant
    reconstruction: Reconstruction | None
    means: CrossDistance | None
    fourier: FourierFeatures | None
    kernel: CrossDistance | None
    correlations: Matrix
    correlation_rows: float

    @classmethod
    def of(cls, group: Group, reference: Reference) -> GroupModel:
        """Fit to the reference; O(n D² + D³), a few milliseconds for 50 columns."""
        sample = reference.sample.only(group.columns)
        features = RowFeatures.of(group, sample)
        found = features(sample.slots)
        scores = features.normal_scores(sample.slots)
        embedding = group.kind == "embedding"
        fourier = FourierFeatures.of(scores) if embedding else None
        return cls(
            group,
            sample.effective,
            features,
            Discriminant.of(found, sample.weights),
            None if embedding else Reconstruction.of(scores, sample.weights),
            CrossDistance.of(scores, sample.weights) if embedding else None,
            fourier,
            CrossDistance.of(fourier(scores), sample.weights) if fourier else None,
            np.empty(0) if embedding else reference.correlations_of(group.numeric),
            reference.correlation_rows,
        )

    @property
    def variances(self) -> Variances:
        """Variances of the scores on independent rows."""
        baseline = np.empty(len(DISTANCES) + self.correlations.size)
        baseline[CLASSIFIER] = 1 / (12 * self.rows)
        baseline[RECONSTRUCTION] = 1 / self.reconstruction.rows if self.reconstruction else 1.0
        baseline[MEAN_DISTANCE] = self.means.baseline_variance if self.means else 1.0
        baseline[KERNEL_DISTANCE] = self.kernel.baseline_variance if self.kernel else 1.0
        baseline[len(DISTANCES) :] = 1 / max(self.correlation_rows - 3, 1.0)
        return Variances(self, baseline)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of columns whose correlations are watched, in the order of the scores."""
        if self.group.kind == "embedding":
            return ()
        names = self.group.numeric
        return tuple((names[i], names[j]) for i in range(len(names)) for j in range(i + 1, len(names)))

    def expected_within(self, means: Matrix) -> tuple[Matrix, Matrix]:
        """How correlations within a window differ from the baseline's without any change of dependence.

        A baseline pools rows of many hours. What windows' means do together (a cycle of the day) is part
        of its correlations and of no window's, by the law of total covariance:

        .. math:: \\rho_{ij} = \\frac{R_{ij} - B_{ij}}{\\sqrt{(1 - B_{ii})(1 - B_{jj})}}

        Parameters
        ----------
        means
            Mean normal scores of earlier windows, shape ``(T, numeric)``; B is their covariance.

        Returns
        -------
        shift, variance
            On Fisher's scale, shape ``(pairs,)`` each.
        """
        known = means[np.isfinite(means).all(axis=1)]
        if len(known) < 2 or not self.correlations.size:
            return np.zeros(self.correlations.size), np.zeros(self.correlations.size)
        between = np.cov(known, rowvar=False)
        own = np.minimum(np.diag(between), MOST_BETWEEN)
        first, second = np.triu_indices(len(self.group.numeric), 1)
        shared = between[first, second]
        within = (self.correlations - shared) / np.sqrt((1 - own[first]) * (1 - own[second]))
        shift = np.arctanh(np.clip(within, -LARGEST, LARGEST)) - np.arctanh(self.correlations)
        variance = (own[first] * own[second] + shared**2) / (len(known) - 1)
        return shift, variance

    def measure(self, rows: SampledRows) -> Measurement:
        """Distances of a window's rows (of this group's columns) from the baseline.

        Notes
        -----
        A window of fewer than 40 rows gives no score: NaN everywhere.
        """
        values = np.full(len(DISTANCES) + self.correlations.size, np.nan)
        if len(rows) < FEWEST_ROWS:
            unknown = np.full(len(self.group.numeric) if self.correlations.size else 0, np.nan)
            return Measurement(values, unknown, rows.effective, None)
        found = self.features(rows.slots)
        told = told_apart(self.discriminant, found, rows.weights)
        values[CLASSIFIER] = told.auc - 0.5
        scores = found[:, : len(self.group.numeric)].astype(np.float64)
        if self.reconstruction is not None:
            values[RECONSTRUCTION] = self.reconstruction.rise(scores, rows.weights)
        if self.means is not None:
            values[MEAN_DISTANCE] = self.means.squared(scores, rows.weights)
        if self.fourier is not None and self.kernel is not None:
            values[KERNEL_DISTANCE] = self.kernel.squared(self.fourier(scores), rows.weights)
        means = np.empty(0)
        if self.correlations.size:
            means = rows.weights @ scores / rows.weights.sum()
            now, _ = correlations(rows.slots[:, : len(self.group.numeric)], rows.weights)
            values[len(DISTANCES) :] = np.arctanh(now) - np.arctanh(self.correlations)
        return Measurement(values, means, rows.effective, told)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One group in one window.

    Attributes
    ----------
    values
        Distances (AUC less 1/2; rise of the reconstruction error in standard deviations; squared distances
        of means and kernel means), then the change of every correlation on Fisher's scale; shape ``(K,)``.
    means
        Of the numeric columns' normal scores under the baseline, shape ``(numeric,)``; empty without pairs.
    told
        What the classifier found; None for too few rows.
    """

    values: Matrix
    means: Matrix
    effective_rows: float
    told: Told | None

    @property
    def statistics(self) -> dict[str, float]:
        """The distances by name, as people read them."""
        shown = {
            "domain_classifier_auc": 0.5 + float(self.values[CLASSIFIER]),
            "reconstruction_error_rise": float(self.values[RECONSTRUCTION]),
            "mean_distance": _root(float(self.values[MEAN_DISTANCE])),
            "kernel_distance": _root(float(self.values[KERNEL_DISTANCE])),
        }
        return {name: value for name, value in shown.items() if math.isfinite(value)}


def _root(squared: float) -> float:
    return math.nan if math.isnan(squared) else math.sqrt(max(squared, 0.0))
