"""Counts of one model in many windows, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.layout import ColumnLayout
from detectors.profiles.profile import Profile

Vector = NDArray[np.float64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ModelCounts:
    """All columns of a model, counted in R cells: windows of a version, of all rows or of one segment.

    Attributes
    ----------
    model
        Model whose events were counted.
    columns
        Names of the C columns, numeric ones first.
    numeric
        How many of them are numeric.
    versions, segments
        Of every cell; segment ``""`` is all rows, else ``field=value``. Cells are ordered by version,
        segment and window.
    starts
        Beginning of every cell's window, whole seconds since 1970, shape ``(R,)``.
    rows
        Events, unweighted, shape ``(R,)``.
    weight_sum, weight_squares
        Sum of weights and of their squares, shape ``(R,)``.
    counts
        Weighted counts, aligned, shape ``(R, C, WIDTH)``.
    mean, std, minimum, maximum
        Weighted, in the column's unit, shape ``(R, C)``; NaN for categorical columns or without values. An
        infinite value makes mean and std NaN and one end of the range infinite.
    """

    model: str
    columns: tuple[str, ...]
    numeric: int
    versions: tuple[str, ...]
    segments: tuple[str, ...]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    weight_sum: Vector
    weight_squares: Vector
    counts: Vector
    mean: Vector
    std: Vector
    minimum: Vector
    maximum: Vector

    @classmethod
    def joined(cls, parts: Sequence[ModelCounts]) -> ModelCounts:
        """Cells of the same columns one after another; at least one part."""
        first = parts[0]
        if len(parts) == 1:
            return first
        return cls(
            first.model,
            first.columns,
            first.numeric,
            tuple(version for part in parts for version in part.versions),
            tuple(segment for part in parts for segment in part.segments),
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.weight_sum for part in parts]),
            np.concatenate([part.weight_squares for part in parts]),
            np.concatenate([part.counts for part in parts]),
            np.concatenate([part.mean for part in parts]),
            np.concatenate([part.std for part in parts]),
            np.concatenate([part.minimum for part in parts]),
            np.concatenate([part.maximum for part in parts]),
        )

    @property
    def cells(self) -> int:
        """Number of cells, R."""
        return int(self.starts.size)

    @property
    def effective_rows(self) -> Vector:
        """Kish's ``(sum w)^2 / sum w^2`` of every cell, shape ``(R,)``; 0 without weight."""
        with np.errstate(invalid="ignore", divide="ignore"):
            effective = self.weight_sum**2 / self.weight_squares
        return np.where(self.weight_squares > 0, effective, 0.0)

    def select(self, cells: NDArray[np.intp] | NDArray[np.bool_]) -> ModelCounts:
        """Only these cells, by index or mask of shape ``(R,)``."""
        chosen = np.arange(self.cells)[cells]
        return ModelCounts(
            self.model,
            self.columns,
            self.numeric,
            tuple(self.versions[cell] for cell in chosen),
            tuple(self.segments[cell] for cell in chosen),
            self.starts[chosen],
            self.rows[chosen],
            self.weight_sum[chosen],
            self.weight_squares[chosen],
            self.counts[chosen],
            self.mean[chosen],
            self.std[chosen],
            self.minimum[chosen],
            self.maximum[chosen],
        )

    def profile(self, cell: int, column: int, layout: ColumnLayout) -> Profile:
        """One column in one cell."""
        return Profile(
            column=self.columns[column],
            version=self.versions[cell],
            window_start=_EPOCH + timedelta(seconds=int(self.starts[cell])),
            counts=layout.compact(self.counts[cell, column]),
            rows=int(self.rows[cell]),
            weight_sum=float(self.weight_sum[cell]),
            effective_rows=float(self.effective_rows[cell]),
            mean=float(self.mean[cell, column]),
            std=float(self.std[cell, column]),
            minimum=float(self.minimum[cell, column]),
            maximum=float(self.maximum[cell, column]),
        )
