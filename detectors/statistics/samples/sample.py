"""Rows of a field, or of several, as statistics on samples take them: validated once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.statistics.estimate import Vector
from detectors.statistics.weights import effective_size
from driftline.errors import InvalidInput

Rows = NDArray[np.float64]

FEWEST = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """One side of a comparison.

    Attributes
    ----------
    rows
        Finite values, shape ``(n, d)``; a single field has d = 1.
    weights
        Relative weights of the rows, summing to 1, shape ``(n,)``.
    effective
        What they are worth: Kish's ``(sum w)^2 / sum w^2``, at most n.
    weighted
        Whether the rows differ in weight.
    """

    rows: Rows
    weights: Vector
    effective: float
    weighted: bool

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None, *, name: str = "sample") -> Sample:
        """Validate values of shape ``(n,)`` or ``(n, d)``; rows of weight 0 are left out.

        Raises
        ------
        InvalidInput
            Not numbers, fewer than two rows, NaN (missing is a finding of its own: count it, then pass
            the values that are there), infinite values, or weights that do not fit the rows.
        """
        try:
            rows = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"{name} must hold numbers: {error}") from error
        if rows.ndim == 1:
            rows = rows[:, None]
        if rows.ndim != 2 or rows.shape[1] == 0:
            raise InvalidInput(f"{name} must have shape (n,) or (n, d), got {np.shape(values)}")
        if weights is None:
            given = np.ones(len(rows))
        else:
            given = np.asarray(weights, dtype=np.float64)
            if given.shape != (len(rows),):
                raise InvalidInput(f"{name} has {len(rows)} rows and weights of shape {given.shape}")
            if len(rows) > 0:
                effective_size(given)
                rows, given = rows[given > 0], given[given > 0]
        if len(rows) < FEWEST:
            raise InvalidInput(f"{name} has too few rows: {len(rows)}, at least {FEWEST} are needed")
        if np.isnan(rows).any():
            raise InvalidInput(f"{name} holds NaN: count missing values apart and pass those that are there")
        if not np.isfinite(rows).all():
            raise InvalidInput(f"{name} holds infinite values")
        return cls(rows, given / given.sum(), effective_size(given), bool((given != given[0]).any()))

    @property
    def values(self) -> Vector:
        """The values of a single field, shape ``(n,)``.

        Raises
        ------
        InvalidInput
            The sample has several fields.
        """
        if self.rows.shape[1] != 1:
            raise InvalidInput(f"one field is compared at a time, got {self.rows.shape[1]}")
        return np.asarray(self.rows[:, 0])


def checked_samples(baseline: Sample, current: Sample) -> None:
    """Refuse two samples of different fields.

    Raises
    ------
    InvalidInput
        The rows differ in length.
    """
    first, second = baseline.rows.shape[1], current.rows.shape[1]
    if first != second:
        raise InvalidInput(f"baseline has {first} fields and current {second}: not the same fields")


def needs_rows(sample: Sample, fewest: int, name: str) -> None:
    """Refuse a sample that a statistic cannot say anything about.

    Raises
    ------
    InvalidInput
        Fewer than ``fewest`` rows.
    """
    if len(sample.rows) < fewest:
        raise InvalidInput(f"{name} has too few rows: {len(sample.rows)}, at least {fewest} are needed")
