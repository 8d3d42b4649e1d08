"""Many windows of a model as one: counts and moments added up."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import BaselineColumn
from detectors.baselines.layouts import LaidOut
from detectors.profiles.layout import MISSING_AT
from detectors.profiles.model_counts import ModelCounts

Mask = NDArray[np.bool_]


def pooled(counts: ModelCounts, keep: Mask, laid_out: Mapping[str, LaidOut]) -> dict[str, BaselineColumn]:
    """Add up windows, column by column.

    Means and spreads are pooled by the weight of the values that are there; the spread is that within
    windows and between them. Infinite values have no moments: then those of the finite ones stand for all.

    Parameters
    ----------
    counts
        R cells of C columns over the layouts in ``laid_out``.
    keep
        Which cells count for which column, shape ``(R, C)``.
    """
    centres = np.array([laid_out[name].mean for name in counts.columns])
    means, stds = _moments(counts, keep, np.where(np.isfinite(centres), centres, 0.0))
    columns: dict[str, BaselineColumn] = {}
    for at, name in enumerate(counts.columns):
        found, kept = laid_out[name], keep[:, at]
        weight_sum = float(counts.weight_sum[kept].sum())
        squares = float(counts.weight_squares[kept].sum())
        mean, std = float(means[at]), float(stds[at])
        constant = found.layout.minimum == found.layout.maximum
        columns[name] = BaselineColumn(
            layout=found.layout,
            counts=found.layout.compact(counts.counts[kept, at].sum(axis=0)),
            rows=int(counts.rows[kept].sum()),
            weight_sum=weight_sum,
            effective_rows=weight_sum**2 / squares if squares > 0 else 0.0,
            mean=mean if math.isfinite(mean) else found.mean,
            # Of a constant only rounding would be left, and that is no spread.
            std=0.0 if constant and std >= 0 else std if math.isfinite(std) else found.std,
        )
    return columns


def _moments(
    counts: ModelCounts, keep: Mask, centres: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of every column; NaN where there is no value or an infinite one."""
    weight = counts.counts[..., :MISSING_AT].sum(axis=-1) * keep
    used = weight > 0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # Deviations from a typical value keep their digits beside a huge offset.
        deviation = np.where(used, counts.mean - centres, 0.0)
        variance = np.where(used, counts.std**2, 0.0)
        total = weight.sum(axis=0)
        offset = (weight * deviation).sum(axis=0) / total
        spread = (weight * (variance + (deviation - offset) ** 2)).sum(axis=0) / total
        return centres + offset, np.sqrt(spread)


def with_unseen(column: BaselineColumn, singletons: int, rows: int) -> BaselineColumn:
    """Counts to compare with: a category seen once stands for one that was not seen (Good-Turing).

    Without this a field with many rare categories would show unseen ones in any new sample.

    Parameters
    ----------
    column
        Of the whole or of a segment; a segment's new categories are expected at the rate of the whole.
    singletons, rows
        Categories that the whole has seen once, and its rows.
    """
    layout = column.layout
    if layout.kind != "categorical" or not layout.complete or not singletons or not rows:
        return column
    counts = column.counts.copy()
    # Categories come most frequent first, so those seen once are the last slots, or in the groups.
    first, last = layout.top - singletons, layout.top
    if layout.other_groups:
        first, last = layout.top, layout.top + layout.other_groups
    share = singletons * column.weight_sum / rows / (last - first)
    moved = np.minimum(share, counts[first:last])
    counts[first:last] -= moved
    counts[-2] += moved.sum()
    return dataclasses.replace(column, counts=counts)
