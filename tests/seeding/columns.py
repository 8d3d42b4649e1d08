"""Columns profiled in memory, without a database: an independent oracle of the counting query."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import BaselineColumn
from detectors.profiles.layout import QUANTILE_LEVELS, ColumnLayout, categorical_layout, numeric_layout

Vector = NDArray[np.float64]


def numeric_counts(layout: ColumnLayout, values: Vector, weights: Vector | None = None) -> Vector:
    """Counts of ``values`` (NaN is missing) over the bins of a layout, then missing."""
    given = np.ones(values.size) if weights is None else weights
    missing = np.isnan(values)
    bins = np.searchsorted(layout.edges, values[~missing], side="right")
    counted = np.bincount(bins, weights=given[~missing], minlength=len(layout.edges) + 1)
    return np.append(counted, given[missing].sum()).astype(np.float64)


def categorical_counts(layout: ColumnLayout, values: Sequence[str | None]) -> Vector:
    """Counts over the slots of a complete layout; ``None`` is missing."""
    slots = dict(zip(layout.categories, layout.category_slots(), strict=True))
    counts = np.zeros(layout.slots)
    for value, times in Counter(values).items():
        counts[-1 if value is None else slots.get(value, layout.slots - 2)] += times
    return counts


def numeric_column(values: Vector) -> BaselineColumn:
    """A baseline column of these values, as the database makes it."""
    finite = values[np.isfinite(values)]
    if finite.size:
        layout = numeric_layout(
            float(finite.min()),
            float(finite.max()),
            tuple(np.quantile(finite, QUANTILE_LEVELS).tolist()),
            float(finite.std()),
        )
    else:
        layout = numeric_layout(math.nan, math.nan, (), math.nan)
    mean, std = (float(finite.mean()), float(finite.std())) if finite.size else (math.nan, math.nan)
    n = values.size
    return BaselineColumn(layout, numeric_counts(layout, values), n, float(n), float(n), mean, std)


def categorical_column(values: Sequence[str | None]) -> BaselineColumn:
    """A baseline column of these categories, most frequent first."""
    common = Counter(value for value in values if value is not None).most_common()
    ordered = sorted(common, key=lambda pair: (-pair[1], pair[0]))
    layout = categorical_layout(
        tuple(name for name, _ in ordered), tuple(rows for _, rows in ordered), len(ordered)
    )
    n = len(values)
    counts = categorical_counts(layout, values)
    return BaselineColumn(layout, counts, n, float(n), float(n), math.nan, math.nan)
