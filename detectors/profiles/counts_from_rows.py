"""What the counting query answered about one model, as aligned counts and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.layout import MISSING_AT, WIDTH
from detectors.profiles.model_counts import ModelCounts
from driftline.store import Columns

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Sums over events, all additive but the extremes; cells by (version, segment code, window start)."""

    keys: list[tuple[str, int, int]]
    rows: NDArray[np.int64]
    weight_sum: Vector
    weight_squares: Vector
    numbers: Vector
    texts: Vector
    centred_sum: Vector
    centred_squares: Vector
    minima: Vector
    maxima: Vector


def model_counts(plan: CountingPlan, found: Columns, rows: Sequence[int]) -> ModelCounts:
    """Counts of the plan's model from these rows of the answer of ``counting.sql``."""
    keys = [(found["version"][row], found["segment"][row], found["window_start"][row]) for row in rows]
    order = sorted(range(len(rows)), key=keys.__getitem__)
    picked = [rows[index] for index in order]
    width, texts = plan.edges.shape[0], len(plan.categories)
    cells = _Cells(
        keys=[keys[index] for index in order],
        rows=np.array([found["rows"][row] for row in picked], dtype=np.int64),
        weight_sum=np.array([found["weight_sum"][row] for row in picked], dtype=np.float64),
        weight_squares=np.array([found["weight_squares"][row] for row in picked], dtype=np.float64),
        numbers=_table(found["numeric_counts"], picked, width, WIDTH),
        texts=_table(found["categorical_counts"], picked, texts, WIDTH),
        centred_sum=_table(found["centred_sum"], picked, width),
        centred_squares=_table(found["centred_squares"], picked, width),
        minima=_table(found["minima"], picked, width),
        maxima=_table(found["maxima"], picked, width),
    )
    if plan.segment:
        cells = _with_all_rows(cells)
    return _measured(plan, cells)


def _table(column: Sequence[Sequence[float]], rows: Sequence[int], *shape: int) -> Vector:
    return np.array([column[row] for row in rows], dtype=np.float64).reshape(len(rows), *shape)


def _with_all_rows(cells: _Cells) -> _Cells:
    """Cells of known segments, and of all rows in the place of code 0, which held those of no known one."""
    wanted = sorted({(version, 0, start) for version, _, start in cells.keys} | set(cells.keys))
    place = {key: index for index, key in enumerate(wanted)}
    own = np.array([place[key] for key in cells.keys], dtype=np.intp)
    whole = np.array([place[version, 0, start] for version, _, start in cells.keys], dtype=np.intp)
    known = own != whole

    def summed(values: NDArray[np.float64] | NDArray[np.int64]) -> Vector:
        total = np.zeros((len(wanted), *values.shape[1:]))
        np.add.at(total, whole, values)
        total[own[known]] = values[known]
        return total

    def extreme(values: Vector, ufunc: np.ufunc) -> Vector:
        # fmin and fmax pass over NaN, which is what a cell without values has.
        result = np.full((len(wanted), *values.shape[1:]), np.nan)
        ufunc.at(result, whole, values)
        result[own[known]] = values[known]
        return result

    return _Cells(
        keys=wanted,
        rows=summed(cells.rows).astype(np.int64),
        weight_sum=summed(cells.weight_sum),
        weight_squares=summed(cells.weight_squares),
        numbers=summed(cells.numbers),
        texts=summed(cells.texts),
        centred_sum=summed(cells.centred_sum),
        centred_squares=summed(cells.centred_squares),
        minima=extreme(cells.minima, np.fmin),
        maxima=extreme(cells.maxima, np.fmax),
    )


def _measured(plan: CountingPlan, cells: _Cells) -> ModelCounts:
    slots = plan.slots[: plan.numeric]
    shape = len(cells.keys), len(plan.columns)
    mean, std, minimum, maximum = (np.full(shape, np.nan) for _ in range(4))
    counts = np.concatenate([cells.numbers[:, slots], cells.texts[:, plan.slots[plan.numeric :]]], axis=1)
    weight = counts[:, : plan.numeric, :MISSING_AT].sum(-1)
    low, high = cells.minima[:, slots], cells.maxima[:, slots]
    some = weight > 0
    # An infinite value has no place in a mean or a spread.
    finite = some & np.isfinite(low) & np.isfinite(high)
    divisor = np.where(finite, weight, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        offset = cells.centred_sum[:, slots] / divisor
        variance = cells.centred_squares[:, slots] / divisor - offset * offset
    # Of a constant only rounding would be left, and that is no spread.
    spread = np.where(finite & (low < high) & (variance > 0), variance, 0.0)
    mean[:, : plan.numeric] = offset + plan.edges[slots, 0]
    std[:, : plan.numeric] = np.where(finite, np.sqrt(spread), np.nan)
    minimum[:, : plan.numeric] = np.where(some, low, np.nan)
    maximum[:, : plan.numeric] = np.where(some, high, np.nan)
    names = ["", *(f"{plan.segment}={value}" for value in plan.segment_values)]
    return ModelCounts(
        model=plan.model,
        columns=plan.columns,
        numeric=plan.numeric,
        versions=tuple(version for version, _, _ in cells.keys),
        segments=tuple(names[code] for _, code, _ in cells.keys),
        starts=np.array([start for _, _, start in cells.keys], dtype=np.int64),
        rows=cells.rows,
        weight_sum=cells.weight_sum,
        weight_squares=cells.weight_squares,
        counts=counts,
        mean=mean,
        std=std,
        minimum=minimum,
        maximum=maximum,
    )
