"""How the columns of a reference are laid out: ranges, quantiles and categories, read in the database."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from detectors.baselines.baseline import EventRange
from detectors.profiles.layout import KNOWN_CATEGORIES, ColumnLayout, categorical_layout, numeric_layout
from driftline.contracts import Column, Contract
from driftline.errors import InvalidInput
from driftline.events import MISSING_CATEGORY
from driftline.store import Store, load_sql

QUANTILE_ROWS = 200_000
"""Rows that the quantiles are taken from, about."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """The layout of one column and what was seen while it was made.

    Attributes
    ----------
    mean, std
        Unweighted, of the finite values, in the column's unit; NaN for a categorical column.
    infinite_rows
        Rows with an infinite value.
    distinct
        Categories in all, not only those that are listed; 0 for a numeric column.
    singletons
        Categories that were seen once.
    category_rows
        Rows of each category that is listed, in their order.
    """

    layout: ColumnLayout
    mean: float = math.nan
    std: float = math.nan
    infinite_rows: int = 0
    distinct: int = 0
    singletons: int = 0
    category_rows: tuple[int, ...] = ()


def lay_out(
    store: Store,
    contract: Contract,
    events: EventRange,
    *,
    window_seconds: int = 1,
    excluded: Collection[int] = (),
) -> dict[str, LaidOut]:
    """Lay out every column of a contract over a range of events.

    Parameters
    ----------
    window_seconds, excluded
        Windows that are left out, by their number since 1970.

    Raises
    ------
    InvalidInput
        The range holds no events.
    """
    scope: dict[str, Any] = {
        "model": events.model,
        "versions": list(events.versions),
        "since": events.since,
        "until": events.until,
        "window_seconds": window_seconds,
        "excluded": sorted(excluded),
    }
    rows = int(store.scalar(load_sql(__file__, "rows"), scope))
    if rows == 0:
        left = f" outside the {len(excluded)} excluded windows" if excluded else ""
        of = f" version {', '.join(events.versions)}" if events.versions else ""
        raise InvalidInput(
            f"no events of {events.model!r}{of} between {events.since:%Y-%m-%d %H:%M:%S} and "
            f"{events.until:%Y-%m-%d %H:%M:%S} UTC{left}: nothing to make a baseline of"
        )
    columns = contract.columns()
    numeric = [column for column in columns if column.kind == "numeric"]
    categorical = [column for column in columns if column.kind == "categorical"]
    found = _numeric(store, numeric, scope, contract.width("numeric"), rows) if numeric else {}
    if categorical:
        found |= _categorical(store, categorical, scope, contract.width("categorical"))
    return {column.name: found[column.name] for column in columns}


def _numeric(
    store: Store, columns: list[Column], scope: Mapping[str, Any], width: int, rows: int
) -> dict[str, LaidOut]:
    keep = max(1, math.ceil(rows / QUANTILE_ROWS))
    ranges = store.query(load_sql(__file__, "ranges"), {**scope, "width": width, "keep_one_in": keep})[0]
    found = {}
    for column in columns:
        slot = column.slot
        quantiles = tuple(ranges["quantiles"][slot]) if ranges["quantiles"] else ()
        found[column.name] = LaidOut(
            layout=numeric_layout(
                ranges["minima"][slot], ranges["maxima"][slot], quantiles, ranges["stds"][slot]
            ),
            mean=ranges["means"][slot],
            std=ranges["stds"][slot],
            infinite_rows=ranges["infinite_rows"][slot],
        )
    return found


def _categorical(
    store: Store, columns: list[Column], scope: Mapping[str, Any], width: int
) -> dict[str, LaidOut]:
    rows = store.query(
        load_sql(__file__, "categories"),
        {**scope, "width": width, "missing": MISSING_CATEGORY, "known": KNOWN_CATEGORIES},
    )
    by_slot: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_slot.setdefault(row["slot"], []).append(row)
    found = {}
    for column in columns:
        mine = by_slot.get(column.slot, [])
        distinct, singletons = (mine[0]["distinct_categories"], mine[0]["singletons"]) if mine else (0, 0)
        rows_of = tuple(row["rows"] for row in mine)
        layout = categorical_layout(tuple(row["category"] for row in mine), rows_of, distinct)
        found[column.name] = LaidOut(layout, distinct=distinct, singletons=singletons, category_rows=rows_of)
    return found
