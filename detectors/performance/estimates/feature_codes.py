"""Features as small whole numbers: trees split between them as well, and learn many times sooner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.rows import Matrix, Vector

BINS = 64
MISSING_CATEGORY = 254
"""Code of a category that is missing; the highest that the learner takes."""

LEVELS = np.arange(1, BINS) / BINS


@dataclass(frozen=True, slots=True)
class FeatureCodes:
    """Bins of every feature.

    Attributes
    ----------
    borders
        Ascending borders of the bins of each feature, at most 63 of them; ``None``: a category, taken as
        it is.
    """

    borders: tuple[Vector | None, ...]

    @classmethod
    def of(cls, features: Matrix, categorical: tuple[bool, ...]) -> FeatureCodes:
        """Bins at quantiles of these rows, shape ``(n, D)``.

        >>> found = FeatureCodes.of(np.array([[1.0], [2.0], [np.nan]]), (False,))
        >>> found.codes(np.array([[0.0], [9.0]])).tolist()
        [[0.0], [1.0]]
        """
        return cls(
            tuple(
                None if category else _borders(features[:, number])
                for number, category in enumerate(categorical)
            )
        )

    def codes(self, features: Matrix) -> Matrix:
        """Bin of every value, shape as given; missing is a bin of its own."""
        coded = np.empty(features.shape)
        for number, borders in enumerate(self.borders):
            column = features[:, number]
            if borders is None:
                coded[:, number] = np.where(np.isnan(column), MISSING_CATEGORY, column)
            else:
                bins = np.searchsorted(borders, column, side="right")
                coded[:, number] = np.where(np.isnan(column), -1, bins)
        return coded


def _borders(column: Vector) -> Vector:
    known = column[~np.isnan(column)]
    distinct = np.unique(known)
    if len(distinct) > BINS:
        return np.unique(np.quantile(known, LEVELS))
    return np.asarray((distinct[1:] + distinct[:-1]) / 2)
