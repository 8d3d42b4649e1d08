"""Many windows of one column as one: counts and moments added up."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from detectors.baselines.baseline import BaselineColumn
from detectors.baselines.layouts import LaidOut
from detectors.profiles.profile import Profile


def pooled(profiles: Sequence[Profile], laid_out: LaidOut) -> BaselineColumn:
    """Add up the windows of one column.

    Means and spreads are pooled by the weight of the values that are there; the spread is that of the
    windows and between them. Infinite values have no moments: then those of the finite ones stand for all.

    Parameters
    ----------
    profiles
        Windows of the column, at least one, all over ``laid_out.layout``.
    """
    layout = laid_out.layout
    counts = np.sum([profile.counts for profile in profiles], axis=0)
    weight_sum = math.fsum(profile.weight_sum for profile in profiles)
    squares = math.fsum(
        profile.weight_sum**2 / profile.effective_rows for profile in profiles if profile.effective_rows > 0
    )
    mean, std = _moments(profiles)
    return BaselineColumn(
        layout=layout,
        counts=counts,
        rows=sum(profile.rows for profile in profiles),
        weight_sum=weight_sum,
        effective_rows=weight_sum**2 / squares if squares > 0 else 0.0,
        mean=mean if math.isfinite(mean) else laid_out.mean,
        std=std if math.isfinite(std) else laid_out.std,
    )


def _moments(profiles: Sequence[Profile]) -> tuple[float, float]:
    """Mean and standard deviation over windows that have values; NaN when a window has infinite ones."""
    present = [profile for profile in profiles if profile.counts[:-1].sum() > 0]
    if not present:
        return math.nan, math.nan
    weights = np.array([profile.counts[:-1].sum() for profile in present])
    means = np.array([profile.mean for profile in present])
    variances = np.array([profile.std for profile in present]) ** 2
    with np.errstate(over="ignore", invalid="ignore"):
        # Deviations from one window's mean keep their digits beside a huge offset.
        deviations = means - means[0]
        offset = float(weights @ deviations / weights.sum())
        variance = float(weights @ (variances + (deviations - offset) ** 2) / weights.sum())
    return float(means[0]) + offset, math.sqrt(variance) if variance >= 0 else math.nan


def with_unseen(column: BaselineColumn, singletons: int) -> BaselineColumn:
    """Counts to compare with: a category seen once stands for one that was not seen (Good-Turing).

    Without this a field with many rare categories would show unseen ones in any new sample.
    """
    layout = column.layout
    if layout.kind != "categorical" or not layout.complete or not singletons or not column.rows:
        return column
    counts = column.counts.copy()
    # Categories come most frequent first, so those seen once are the last slots, or in the groups.
    first, last = layout.top - singletons, layout.top
    if layout.other_groups:
        first, last = layout.top, layout.top + layout.other_groups
    share = singletons * column.weight_sum / column.rows / (last - first)
    moved = np.minimum(share, counts[first:last])
    counts[first:last] -= moved
    counts[-2] += moved.sum()
    return dataclasses.replace(column, counts=counts)
