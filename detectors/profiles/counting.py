"""Count all columns of a model, for many windows, in one ClickHouse query.

The numeric part finds each value's bin by five comparisons with edges that ``transform`` looks up in
constant arrays; measured against alternatives in docs/decisions/0003-counting-query.md. The
categorical part has one expression a column, so the text varies with their number and is built here.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from detectors.profiles.layout import BINS, MISSING_SLOT, NUMERIC_SLOTS, OTHER_GROUPS, ColumnLayout
from detectors.profiles.profile import Profile
from driftline.contracts import Column, Contract
from driftline.events import MISSING_CATEGORY
from driftline.store import Store, load_sql

LARGEST = sys.float_info.max
"""What the query puts in place of an infinite value."""


def count_profiles(
    store: Store,
    contract: Contract,
    layouts: Mapping[str, ColumnLayout],
    *,
    versions: Sequence[str],
    apart: bool,
    since: datetime,
    until: datetime,
    window_seconds: int,
    centres: Mapping[str, float] | None = None,
) -> list[Profile]:
    """Profile every laid-out column of a model in each window of ``[since, until)``.

    Parameters
    ----------
    layouts
        Bins by column name; columns without one are left out.
    versions
        Versions to count; empty for all of them.
    apart
        Count each version on its own; otherwise all together, reported as version ``""``.
    window_seconds
        Length of a window in seconds; windows begin at multiples of it since 1970.
    centres
        A typical value of each numeric column, subtracted before squares are summed, so that fields
        with a huge offset keep their digits; default 0.

    Returns
    -------
    list of Profile
        One for each window that has events, version and column; no order.
    """
    columns = [column for column in contract.columns() if column.name in layouts]
    numeric = [column for column in columns if column.kind == "numeric"]
    categorical = [column for column in columns if column.kind == "categorical"]
    width = contract.width("numeric")
    centre_of = {column.slot: (centres or {}).get(column.name, 0.0) for column in numeric}
    params: dict[str, Any] = {
        "model": contract.model,
        "versions": list(versions),
        "apart": int(apart),
        "since": since,
        "until": until,
        "window_seconds": window_seconds,
        "width": width,
        "texts": contract.width("categorical"),
        "slots": list(range(width * BINS)),
        "edges": _flat_edges(numeric, layouts, width),
        "centres": [_finite(centre_of.get(slot, 0.0)) for slot in range(width)],
    }
    expressions = []
    for index, column in enumerate(categorical):
        layout = layouts[column.name]
        params[f"names_{index}"] = [*layout.categories, MISSING_CATEGORY]
        missing = layout.slots - 1
        params[f"slots_{index}"] = [*layout.category_slots(), missing]
        cell = f"cells[{column.slot + 1}]"
        # Without a complete list an unknown category cannot be told from a rare one: it joins its group.
        unknown = str(missing - 1) if layout.complete else f"{layout.top} + CRC32({cell}) % {OTHER_GROUPS}"
        expressions.append(
            f"sumResample(0, {layout.slots}, 1)(weight, toUInt32(transform({cell}, "
            f"{{names_{index}:Array(String)}}, {{slots_{index}:Array(UInt32)}}, toUInt32({unknown}))))"
        )
    # An empty tuple() is allowed; arrays of different lengths need a tuple rather than an array.
    counts = f"tuple({', '.join(expressions)})" if expressions else "tuple(0)"
    sql = load_sql(__file__, "counting").replace("/*CATEGORICAL*/ tuple(0)", counts)
    profiles: list[Profile] = []
    for row in store.query(sql, params):
        profiles += [_numeric_profile(row, column, layouts[column.name], centre_of) for column in numeric]
        profiles += [
            _profile(row, column, np.array(row["categorical_counts"][index], dtype=np.float64))
            for index, column in enumerate(categorical)
        ]
    return profiles


def _flat_edges(numeric: Sequence[Column], layouts: Mapping[str, ColumnLayout], width: int) -> list[float]:
    """Edges of every slot, 32 cells each: a cell 0 never compared, the edges, then +inf as padding."""
    flat = np.full((width, BINS), np.inf)
    flat[:, 0] = -np.inf
    for column in numeric:
        edges = layouts[column.name].edges
        flat[column.slot, 1 : 1 + len(edges)] = edges
    return [float(edge) for edge in flat.ravel()]


def _numeric_profile(
    row: Mapping[str, Any], column: Column, layout: ColumnLayout, centre_of: Mapping[int, float]
) -> Profile:
    cells = np.array(row["numeric_counts"][column.slot], dtype=np.float64)
    assert cells.size == NUMERIC_SLOTS
    counts = np.append(cells[: len(layout.edges) + 1], cells[MISSING_SLOT])
    weight, low, high = counts[:-1].sum(), row["minima"][column.slot], row["maxima"][column.slot]
    if weight <= 0:
        return _profile(row, column, counts)
    if low <= -LARGEST or high >= LARGEST:
        # An infinite value has no place in a mean or a spread.
        return _profile(row, column, counts, minimum=_unclamped(low), maximum=_unclamped(high))
    offset = float(row["centred_sum"][column.slot] / weight)
    # Of a constant only rounding would be left, and that is no spread.
    variance = float(row["centred_squares"][column.slot] / weight) - offset * offset if low < high else 0.0
    return _profile(
        row,
        column,
        counts,
        mean=centre_of[column.slot] + offset,
        std=math.sqrt(variance) if variance > 0 else 0.0,
        minimum=low,
        maximum=high,
    )


def _unclamped(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value


def _profile(
    row: Mapping[str, Any],
    column: Column,
    counts: np.ndarray,
    mean: float = math.nan,
    std: float = math.nan,
    minimum: float = math.nan,
    maximum: float = math.nan,
) -> Profile:
    squares = row["weight_squares"]
    return Profile(
        column=column.name,
        version=row["version"],
        window_start=row["window_start"],
        counts=counts,
        rows=row["rows"],
        weight_sum=row["weight_sum"],
        effective_rows=row["weight_sum"] ** 2 / squares if squares > 0 else 0.0,
        mean=mean,
        std=std,
        minimum=minimum,
        maximum=maximum,
    )


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def window_start(moment: datetime, window_seconds: int) -> datetime:
    """Beginning of the window that holds ``moment`` (timezone-aware)."""
    seconds = moment.timestamp()
    return moment - timedelta(seconds=seconds % window_seconds)
