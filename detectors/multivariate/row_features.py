"""Rows as numbers that a linear classifier can look at: normal scores, their squares, categories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.groups import Group
from detectors.multivariate.normal_scores import Matrix, normal_score_table, scored, slot_shares
from detectors.multivariate.sampled_rows import SampledRows, Slots
from detectors.profiles.layout import MISSING_AT

RAREST = 0.002
"""Share of the baseline's rows below which a category has no feature of its own."""

MOST_CATEGORY_FEATURES = 192


@dataclass(frozen=True, slots=True)
class RowFeatures:
    """A fixed map from the slots of a group's columns to D features, learned from the baseline's sample.

    Attributes
    ----------
    table
        Normal score of every slot of the numeric columns under the baseline, shape ``(numeric, WIDTH)``.
    square_means
        Mean of the squared scores under the baseline, shape ``(numeric,)``.
    category
        Column (an index among all columns of the group) and slot of every category feature, shape ``(K, 2)``.
    owner
        Which column of the group each feature belongs to, shape ``(D,)``.
    """

    group: Group
    table: Matrix
    square_means: Matrix
    category: NDArray[np.intp]
    owner: NDArray[np.intp]

    @classmethod
    def of(cls, group: Group, sample: SampledRows) -> RowFeatures:
        """Learn the map from rows whose columns are the group's."""
        numeric = len(group.numeric)
        shares = slot_shares(sample.slots, sample.weights)
        table = normal_score_table(shares[:numeric])
        squares = np.sum(shares[:numeric] * table**2, axis=1)
        kept = np.argwhere(shares >= RAREST)
        # Of numeric columns only missing has a feature of its own.
        kept = kept[(kept[:, 0] >= numeric) | (kept[:, 1] == MISSING_AT)]
        order = np.argsort(-shares[kept[:, 0], kept[:, 1]], kind="stable")[:MOST_CATEGORY_FEATURES]
        category = kept[np.sort(order)]
        # Missing may appear where the baseline had none: that too has to be seen.
        unmissed = [(column, MISSING_AT) for column in range(numeric) if shares[column, MISSING_AT] < RAREST]
        category = np.concatenate([category, np.array(unmissed, dtype=np.intp).reshape(-1, 2)])
        owner = np.concatenate([np.arange(numeric), np.arange(numeric), category[:, 0]])
        return cls(group, table, squares, category, owner)

    def normal_scores(self, slots: Slots) -> Matrix:
        """Normal scores of the numeric columns under the baseline, shape ``(n, numeric)``."""
        return scored(slots[:, : len(self.group.numeric)], self.table)

    def __call__(self, slots: Slots) -> NDArray[np.float32]:
        """Features of rows, shape ``(n, D)``; those of the baseline's own rows have mean about 0."""
        numeric = len(self.group.numeric)
        features = np.empty((len(slots), self.owner.size), dtype=np.float32)
        scores = self.normal_scores(slots)
        features[:, :numeric] = scores
        there = slots[:, :numeric] != MISSING_AT
        features[:, numeric : 2 * numeric] = (scores**2 - self.square_means) * there
        features[:, 2 * numeric :] = slots[:, self.category[:, 0]] == self.category[:, 1].astype(np.uint8)
        return features


def columns_of(values: Matrix, owner: NDArray[np.intp], columns: int) -> Matrix:
    """Sum of the features' values by column, shape ``(columns,)``."""
    return np.asarray(np.bincount(owner, weights=values, minlength=columns), dtype=np.float64)
