"""Profiles in the database: a row a column and window."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.layout import MISSING_AT, UNSEEN_AT, WIDTH
from detectors.profiles.model_counts import ModelCounts, Vector
from driftline.store import Store, load_sql

ROWS_AN_INSERT = 25_000
"""Rows of one block: what is sent at once is held as Python objects."""

SMALL_READS = {
    "merge_tree_min_rows_for_concurrent_read": 8192,
    "merge_tree_min_bytes_for_concurrent_read": 2**20,
}
"""A month of one model is little for ClickHouse, which would read it with one thread."""


class StoredCounts(NamedTuple):
    """Counts to be stored: of a plan's model against a baseline."""

    plan: CountingPlan
    baseline_id: str
    counts: ModelCounts


def save_counts(
    store: Store, counted: Iterable[StoredCounts | tuple[CountingPlan, str, ModelCounts]], window_seconds: int
) -> int:
    """Write a profile a cell and column and return how many.

    A later one of the same window, segment, column and baseline replaces the earlier.
    """
    now, rows = time.time_ns() // 1000, 0
    block = _Block()
    for each in counted:
        _append(block, StoredCounts(*each), window_seconds, now)
        if len(block["model"]) >= ROWS_AN_INSERT:
            rows += store.insert("profiles", block)
            block = _Block()
    return rows + (store.insert("profiles", block) if block else 0)


class _Block(dict[str, list[Any]]):
    """Columns of rows to insert."""

    def __missing__(self, name: str) -> list[Any]:
        return self.setdefault(name, [])


def _append(block: _Block, each: StoredCounts, window_seconds: int, now: int) -> None:
    plan, counts = each.plan, each.counts
    columns = len(plan.columns)
    effective = counts.effective_rows.tolist()
    kinds = ["numeric"] * plan.numeric + ["categorical"] * (columns - plan.numeric)
    tails = [MISSING_AT] * plan.numeric + [UNSEEN_AT] * (columns - plan.numeric)
    for cell, aligned in enumerate(counts.counts.tolist()):
        start = int(counts.starts[cell]) * 1000
        whole = {
            "model": counts.model,
            "version": counts.versions[cell],
            "baseline_id": each.baseline_id,
            "segment": counts.segments[cell],
            # The driver takes milliseconds and microseconds as they are, much faster than moments.
            "window_start": start,
            "window_end": start + window_seconds * 1000,
            "computed_at": now,
            "rows": int(counts.rows[cell]),
            "weight_sum": float(counts.weight_sum[cell]),
            "effective_rows": effective[cell],
        }
        for name, value in whole.items():
            block[name].extend([value] * columns)
        block["field"].extend(plan.columns)
        block["kind"].extend(kinds)
        block["counts"].extend(
            row[:inner] + row[tail:] for row, inner, tail in zip(aligned, plan.inner, tails, strict=True)
        )
        for name in ("mean", "std", "minimum", "maximum"):
            block[name].extend(getattr(counts, name)[cell].tolist())


def load_counts(
    store: Store,
    plan: CountingPlan,
    version: str,
    baseline_id: str,
    *,
    since: datetime,
    until: datetime,
    segment: str = "",
) -> ModelCounts:
    """Stored counts of a plan's columns in windows that start in ``[since, until)``.

    Returns
    -------
    ModelCounts
        A cell for every window that has a profile of any of the columns; a column without one has counts of
        0 there.
    """
    found = store.query_columns(
        load_sql(__file__, "stored_counts"),
        profile_scope(plan.model, version, baseline_id, segment, since, until),
        settings=SMALL_READS,
    )
    place = {name: index for index, name in enumerate(plan.columns)}
    kept = [row for row, name in enumerate(found["field"]) if name in place]
    starts, cell = np.unique(
        np.array([found["start"][row] for row in kept], dtype=np.int64), return_inverse=True
    )
    column = np.array([place[found["field"][row]] for row in kept], dtype=np.intp)
    shape = starts.size, len(plan.columns)

    def spread(name: str, empty: float, *depth: int) -> Vector:
        values = np.full((*shape, *depth), empty)
        if kept:
            values[cell, column] = np.array([found[name][row] for row in kept], dtype=np.float64)
        return values

    rows, weight = spread("rows", 0.0).max(-1, initial=0), spread("weight_sum", 0.0).max(-1, initial=0)
    effective = spread("effective_rows", 0.0).max(-1, initial=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.where(effective > 0, weight**2 / effective, 0.0)
    return ModelCounts(
        model=plan.model,
        columns=plan.columns,
        numeric=plan.numeric,
        versions=(version,) * starts.size,
        segments=(segment,) * starts.size,
        starts=starts,
        rows=rows.astype(np.int64),
        weight_sum=weight,
        weight_squares=squares,
        counts=spread("aligned", 0.0, WIDTH),
        mean=spread("mean", math.nan),
        std=spread("std", math.nan),
        minimum=spread("minimum", math.nan),
        maximum=spread("maximum", math.nan),
    )


def profile_scope(
    model: str, version: str, baseline_id: str, segment: str, since: datetime, until: datetime
) -> dict[str, Any]:
    """Parameters that say which stored profiles."""
    return {
        "model": model,
        "version": version,
        "baseline_id": baseline_id,
        "segment": segment,
        "since": since,
        "until": until,
    }
