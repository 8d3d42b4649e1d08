"""Validation shared by every statistic on count vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from driftline.errors import InvalidInput

Counts = NDArray[np.float64]


def checked_counts(values: ArrayLike, name: str) -> Counts:
    """Return ``values`` as a one-dimensional, finite, non-negative vector with a positive sum.

    Raises
    ------
    InvalidInput
        Not one-dimensional, empty, NaN or infinite, negative, or without any mass.
    """
    counts = np.asarray(values, dtype=np.float64)
    if counts.ndim != 1 or counts.size == 0:
        raise InvalidInput(f"{name} must be a non-empty vector of counts, got shape {counts.shape}")
    if not np.isfinite(counts).all():
        raise InvalidInput(f"{name} holds NaN or infinite counts")
    if (counts < 0).any():
        raise InvalidInput(f"{name} holds negative counts (smallest {counts.min():g})")
    if counts.sum() <= 0:
        raise InvalidInput(f"{name} is empty: its counts sum to 0")
    return counts


def checked_pair(baseline: ArrayLike, current: ArrayLike) -> tuple[Counts, Counts]:
    """Validate both vectors and that they have the same bins."""
    first, second = checked_counts(baseline, "baseline"), checked_counts(current, "current")
    if first.size != second.size:
        raise InvalidInput(f"baseline has {first.size} bins and current {second.size}: not the same bins")
    return first, second


def shares(counts: Counts) -> Counts:
    """Counts divided by their sum."""
    divided: Counts = counts / counts.sum()
    return divided
