"""What a baseline knows of a field: its layout and counts, from how often each latent cell was seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bench.simulation.fields import Field
from bench.simulation.latent import CELLS, CODES, MISSING_CELL, UNSEEN_CELL, Vector
from detectors.baselines.baseline import BaselineColumn
from detectors.baselines.pooling import with_unseen
from detectors.profiles.layout import (
    QUANTILE_LEVELS,
    ColumnLayout,
    categorical_layout,
    numeric_layout,
)


def layout_of(field: Field, seen: NDArray[np.int64]) -> ColumnLayout:
    """The layout that the rows of a baseline give a field, as the database makes it.

    Parameters
    ----------
    seen
        Rows in each latent cell, shape ``(CODES,)``; unweighted, as quantiles are.
    """
    rows = seen[:CELLS]
    if field.kind == "categorical":
        counts = np.bincount(field.categories(), weights=rows)
        order = sorted(np.flatnonzero(counts), key=lambda i: (-counts[i], _name(i)))
        return categorical_layout(
            tuple(_name(i) for i in order), tuple(int(counts[i]) for i in order), len(order)
        )
    total = int(rows.sum())
    if total == 0:
        return numeric_layout(math.nan, math.nan, (), math.nan)
    live = np.flatnonzero(rows)
    up_to = np.cumsum(rows)
    ranks = np.array(QUANTILE_LEVELS) * total
    quantiles = field.values[np.searchsorted(up_to, ranks, side="right")]
    return numeric_layout(
        float(field.values[live[0]]),
        float(field.values[live[-1]]),
        tuple(quantiles.tolist()),
        float(_moments(field.values, rows)[1]),
    )


def slots_of(field: Field, layout: ColumnLayout) -> NDArray[np.int64]:
    """Aligned slot of every latent cell, of missing and of unseen, shape ``(CODES,)``."""
    slots = np.empty(CODES, dtype=np.int64)
    places = layout.aligned_slots()
    slots[MISSING_CELL], slots[UNSEEN_CELL] = places[-1], places[-2]
    if field.kind == "numeric":
        slots[:CELLS] = np.searchsorted(layout.edges, field.values, side="right")
        return slots
    known = dict(zip(layout.categories, layout.category_slots(), strict=True))
    of_category = np.array(
        [places[known.get(_name(i), layout.slots - 2)] for i in range(int(field.values.max()) + 1)]
    )
    slots[:CELLS] = of_category[field.categories()]
    return slots


def column_of(
    field: Field,
    layout: ColumnLayout,
    aligned: Vector,
    seen: NDArray[np.int64],
    effective_rows: float,
    singletons: int = 0,
) -> BaselineColumn:
    """A baseline column with these aligned, perhaps weighted, counts."""
    mean, std = _moments(field.values, seen[:CELLS]) if field.kind == "numeric" else (math.nan, math.nan)
    rows, weight_sum = int(seen.sum()), float(aligned.sum())
    counts = layout.compact(aligned)
    column = BaselineColumn(layout, counts, rows, weight_sum, effective_rows, mean, std)
    return with_unseen(column, singletons, rows)


def singletons_of(field: Field, seen: NDArray[np.int64]) -> int:
    """Categories that the baseline saw once: they stand for those it did not see."""
    if field.kind == "numeric":
        return 0
    return int((np.bincount(field.categories(), weights=seen[:CELLS]) == 1).sum())


def _moments(values: Vector, rows: NDArray[np.int64]) -> tuple[float, float]:
    total = rows.sum()
    if total == 0:
        return math.nan, math.nan
    mean = float(values @ rows / total)
    return mean, math.sqrt(float((values - mean) ** 2 @ rows / total))


def _name(category: int | np.int64) -> str:
    return f"c{category:03d}"
