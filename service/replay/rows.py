"""Rows of a file as events of a model at the times that they name."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.files.table import Table, contract_of
from detectors.reference_rows import Batch
from driftline.contracts import ColumnKind, Contract
from driftline.errors import InvalidInput
from driftline.events import MISSING_CATEGORY
from driftline.store import Store
from service.replay.times import milliseconds_of_numbers, milliseconds_of_texts

WEEK_MS = 604_800_000
MOST_WEEKS = 90
"""Weeks in one insert; each is a partition, and the server takes a hundred at a time."""

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a file are for; all others are monitored."""

    time: str
    weight: str = ""
    segments: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def unmonitored(self) -> set[str]:
        """Columns that are no fields."""
        return {self.time, *self.ids, *([self.weight] if self.weight else [])}


@dataclass(slots=True)
class Loaded:
    """What became of the rows of a file.

    Attributes
    ----------
    first_ms, last_ms
        Earliest and latest time, Unix milliseconds.
    """

    rows: int = 0
    bad_times: int = 0
    bad_weights: int = 0
    first_ms: int = 0
    last_ms: int = 0
    bad_examples: list[str] = field(default_factory=list)

    @property
    def first(self) -> datetime:
        """The earliest row's time."""
        return datetime.fromtimestamp(self.first_ms / 1000, UTC)

    @property
    def last(self) -> datetime:
        """The latest row's time."""
        return datetime.fromtimestamp(self.last_ms / 1000, UTC)


def contract_of_history(table: Table, roles: Roles, model: str) -> Contract:
    """A contract of every usable column that is monitored; segments are categories with that role.

    Raises
    ------
    InvalidInput
        A named column that the file does not have, or that has two uses.
    """
    named = [roles.time, *roles.ids, *roles.segments, *([roles.weight] if roles.weight else [])]
    for name in named:
        if table.column(name) is None:
            known = ", ".join(column.name for column in table.columns[:20])
            raise InvalidInput(f"{table.path} has no column {name!r}; its columns are {known}")
        if named.count(name) > 1:
            raise InvalidInput(f"column {name!r} cannot have two uses")
    columns = [
        dataclasses.replace(column, kind="categorical", fault="") if column.name in roles.segments else column
        for column in table.columns
        if column.name not in roles.unmonitored
    ]
    contract = contract_of(dataclasses.replace(table, columns=tuple(columns)), model)
    return contract.model_copy(
        update={
            "fields": tuple(
                one.model_copy(update={"role": "segment"}) if one.name in roles.segments else one
                for one in contract.fields
            )
        }
    )


def load_timed_rows(
    store: Store,
    contract: Contract,
    table: Table,
    roles: Roles,
    advance: Callable[[int], None] = lambda rows: None,
) -> Loaded:
    """Insert every row with a readable time as an event of the contract's model; count the others."""
    loaded = Loaded()
    to_ms, time_kind = _time_reader(table, roles.time)
    kinds: dict[str, ColumnKind] = {
        column.name: column.kind for column in contract.columns() if table.column(column.name) is not None
    }
    kinds[roles.time] = time_kind
    kinds |= dict.fromkeys(roles.ids, "categorical")
    if roles.weight:
        kinds[roles.weight] = "numeric"
    row_number = 0
    for batch in table.batches(kinds):
        raw_times = batch[roles.time]
        ms = to_ms(raw_times)
        size = ms.size
        keep = ms >= 0
        loaded.bad_times += int(size - keep.sum())
        _note_bad(loaded, raw_times, keep)
        weights = np.ones(size)
        if roles.weight:
            weights = np.asarray(batch[roles.weight], dtype=np.float64)
            usable = np.isfinite(weights) & (weights > 0)
            loaded.bad_weights += int((keep & ~usable).sum())
            keep &= usable
        order = np.flatnonzero(keep)
        order = order[np.argsort(ms[order], kind="stable")]
        if order.size:
            ids = _event_ids(batch, roles.ids, row_number, size)
            for part in _by_weeks(ms, order):
                _insert(store, contract, batch, part, ms, weights, ids)
            first, last = int(ms[order[0]]), int(ms[order[-1]])
            loaded.first_ms = first if loaded.rows == 0 else min(loaded.first_ms, first)
            loaded.last_ms = max(loaded.last_ms, last)
            loaded.rows += order.size
        row_number += size
        advance(size)
    return loaded


def _insert(
    store: Store,
    contract: Contract,
    batch: Batch,
    rows: NDArray[np.int64],
    ms: NDArray[np.int64],
    weights: NDArray[np.float64],
    ids: Sequence[str],
) -> None:
    size = rows.size
    everything = size == ms.size and bool(np.all(rows == np.arange(size)))

    def chosen(values: Sequence[Any]) -> Sequence[Any]:
        return values if everything else [values[at] for at in rows]

    numbers = np.full((size, contract.width("numeric")), math.nan)
    texts: list[Sequence[object]] = [[MISSING_CATEGORY] * size] * contract.width("categorical")
    for column in contract.columns():
        values = batch.get(column.name)
        if values is None:
            continue
        if column.kind == "numeric":
            numbers[:, column.slot] = np.asarray(values, dtype=np.float64)[rows]
        else:
            texts[column.slot] = [MISSING_CATEGORY if value is None else value for value in chosen(values)]
    store.insert(
        "inference_events",
        {
            "model": [contract.model] * size,
            "ts": ms[rows].tolist(),
            "event_id": chosen(ids),
            "status": ["ok"] * size,
            "weight": weights[rows].tolist(),
            "numeric": numbers.tolist(),
            "categorical": list(zip(*texts, strict=True)) if texts else [()] * size,
        },
    )


def _time_reader(
    table: Table, name: str
) -> tuple[Callable[[Sequence[object]], NDArray[np.int64]], ColumnKind]:
    """How the times of a column are read, and as which kind its values have to come."""
    column = table.column(name)
    assert column is not None, "checked when the contract was made"
    if column.kind == "numeric":
        temporal = _is_timestamp(table, name)
        return (lambda values: milliseconds_of_numbers(values, seconds=temporal)), "numeric"
    if column.kind is None and not column.fault.startswith("mixed types"):
        raise InvalidInput(f"column {name!r} cannot hold times: {column.fault}")
    return milliseconds_of_texts, "categorical"


def _is_timestamp(table: Table, name: str) -> bool:
    """Whether the file itself says that a column holds dates or timestamps."""
    if table.path.suffix.lower() not in (".parquet", ".pq"):
        return False
    found = importlib.import_module("pyarrow.parquet").read_schema(table.path).field(name).type
    types = importlib.import_module("pyarrow").types
    return bool(types.is_timestamp(found) or types.is_date(found))


def _note_bad(loaded: Loaded, times: Sequence[object], keep: NDArray[np.bool_]) -> None:
    for at in np.flatnonzero(~keep)[: max(0, EXAMPLES - len(loaded.bad_examples))]:
        value = times[at]
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        loaded.bad_examples.append("missing" if missing else repr(value))


def _event_ids(batch: Mapping[str, Sequence[object]], ids: Sequence[str], begin: int, size: int) -> list[str]:
    if not ids:
        return [f"row {number}" for number in range(begin + 1, begin + size + 1)]
    columns = [batch[name] for name in ids]
    return [
        "/".join("" if value is None else str(value) for value in row) for row in zip(*columns, strict=True)
    ]


def _by_weeks(ms: NDArray[np.int64], order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows in the order of time, cut where a part would lie in too many weeks."""
    weeks = ms[order] // WEEK_MS
    number = np.concatenate([[0], np.cumsum(np.diff(weeks) > 0)])
    yield from np.split(order, np.flatnonzero(np.diff(number // MOST_WEEKS)) + 1)
