"""A bounded sample of a window's rows, read once and kept as slots of the baseline's layouts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.layout import MISSING_AT, OTHER_GROUPS, UNSEEN_AT, ColumnLayout
from detectors.statistics.weights import effective_size
from driftline.contracts import Column, Contract
from driftline.events import MISSING_CATEGORY
from driftline.store import Store, load_sql

MOST_ROWS = 2_000

Slots = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SampledRows:
    """Rows of some columns, in the order of time.

    Attributes
    ----------
    columns
        Names of the C columns.
    slots
        Aligned slot of every value, shape ``(n, C)``, 0 to 32; 32 is missing.
    weights
        Of the rows, shape ``(n,)``, above 0.
    """

    columns: tuple[str, ...]
    slots: Slots
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def effective(self) -> float:
        """Effective rows ``(sum w)^2 / sum w^2``; 0 without rows."""
        return effective_size(self.weights) if len(self.weights) else 0.0

    def taken(self, chosen: NDArray[Any]) -> SampledRows:
        """The chosen rows (a mask or indices)."""
        return SampledRows(self.columns, self.slots[chosen], self.weights[chosen])

    def only(self, columns: Sequence[str]) -> SampledRows:
        """The rows with these columns only, in this order."""
        places = [self.columns.index(name) for name in columns]
        return SampledRows(tuple(columns), np.ascontiguousarray(self.slots[:, places]), self.weights)


def read_rows(
    store: Store,
    contract: Contract,
    layouts: Mapping[str, ColumnLayout],
    *,
    model: str,
    versions: Sequence[str],
    since: datetime,
    until: datetime,
    most_rows: int = MOST_ROWS,
) -> SampledRows:
    """At most ``most_rows`` events of ``[since, until)``, those with the smallest hash of their id.

    The hash decides, so that reading again reads the same rows, and a late event displaces at most one.

    Parameters
    ----------
    model
        Whose events: the contract's model, or a stand-in that holds a file's rows.
    layouts
        Bins by column name; columns of the contract without one are left out.
    versions
        Versions to read; empty for all.
    """
    columns = [column for column in contract.columns() if column.name in layouts]
    numeric = [column for column in columns if column.kind == "numeric"]
    categorical = [column for column in columns if column.kind == "categorical"]
    found = store.query(
        load_sql(__file__, "rows"),
        {
            "model": model,
            "versions": list(versions),
            "since": since,
            "until": until,
            "most_rows": most_rows,
            "width": contract.width("numeric"),
            "texts": contract.width("categorical"),
        },
    )[0]
    weights = np.asarray(found["weights"], dtype=np.float64)
    numbers = np.asarray(found["numbers"], dtype=np.float64)
    numbers = numbers.reshape(len(weights), contract.width("numeric"))
    texts, width = found["texts"], contract.width("categorical")
    cells = [_numeric(layouts[column.name], numbers[:, column.slot]) for column in numeric]
    cells += [_categorical(layouts[column.name], texts[column.slot :: width]) for column in categorical]
    slots = np.stack(cells, axis=1) if cells else np.zeros((len(weights), 0), dtype=np.uint8)
    return SampledRows(_names(numeric, categorical), slots, weights)


def _names(numeric: Sequence[Column], categorical: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in (*numeric, *categorical))


def slots_of(layout: ColumnLayout, values: NDArray[np.float64] | Sequence[str | None]) -> Slots:
    """Aligned slot of every value of one column, as the counting query finds it.

    Parameters
    ----------
    values
        Numbers (NaN: missing) or categories (``None`` or U+0000: missing), shape ``(n,)``.

    Examples
    --------
    >>> slots_of(ColumnLayout("numeric", edges=(0.0, 1.0)), np.array([-1.0, 0.0, 2.0, np.nan])).tolist()
    [0, 1, 2, 32]
    >>> slots_of(ColumnLayout("categorical", categories=("a", "b"), top=2), ["b", "new", None]).tolist()
    [1, 31, 32]
    """
    if layout.kind == "numeric":
        return _numeric(layout, np.asarray(values, dtype=np.float64))
    return _categorical(layout, [MISSING_CATEGORY if value is None else str(value) for value in values])


def _numeric(layout: ColumnLayout, values: NDArray[np.float64]) -> Slots:
    bins = np.searchsorted(np.asarray(layout.edges, dtype=np.float64), values, side="right")
    return np.where(np.isnan(values), MISSING_AT, bins).astype(np.uint8)


def _categorical(layout: ColumnLayout, values: Sequence[str]) -> Slots:
    known = dict(zip(layout.categories, layout.category_slots(), strict=True))
    known[MISSING_CATEGORY] = MISSING_AT
    # Few values make up most rows: each distinct one is looked up once.
    for value in set(values) - known.keys():
        known[value] = (
            UNSEEN_AT if layout.complete else layout.top + zlib.crc32(value.encode()) % OTHER_GROUPS
        )
    return np.fromiter((known[value] for value in values), dtype=np.uint8, count=len(values))
