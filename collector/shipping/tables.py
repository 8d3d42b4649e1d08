"""The three tables that a segment goes to: how they are partitioned, and how their rows are told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftline.store import Rows, Store, load_sql

Columns = Mapping[str, Sequence[Any]]
_ROWS = 5000
_ID_CHARACTERS = 500_000
"""Bounds of one question about stored rows."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the store.

    Attributes
    ----------
    partition
        Number of the partition of each time (Unix milliseconds); ``PARTITION BY`` of the table or finer.
    keys
        What tells the rows of one spool apart, row by row.
    stored
        Those keys in the table, with how often they are there; of all given rows, perhaps of more.
    """

    name: str
    partition: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    keys: Callable[[Columns], list[Hashable]]
    stored: Callable[[Store, Columns], Counter[Hashable]]


def select(columns: Columns, rows: Sequence[int]) -> dict[str, list[Any]]:
    """Some rows of ``columns``."""
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def _weeks(ts_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    # Day 0 of Unix time is a Thursday: the Monday before it is day -3.
    return (ts_ms // 86_400_000 + 3) // 7


def _months(ts_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    return ts_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)


def _event_keys(columns: Columns) -> list[Hashable]:
    bits = np.asarray(columns["latency_ms"], np.float32).view(np.uint32).tolist()
    named = (columns[name] for name in ("model", "version", "instance", "ts", "event_id", "trace_id"))
    return list(zip(*named, bits, strict=True))


def _payload_keys(columns: Columns) -> list[Hashable]:
    sizes = [len(body.encode()) for body in columns["body"]]
    named = (columns[name] for name in ("model", "ts", "event_id", "field"))
    return list(zip(*named, sizes, strict=True))


def _coverage_keys(columns: Columns) -> list[Hashable]:
    names = ("model", "version", "instance", "tap", "ts", "seen", "kept", "unsampled")
    return list(zip(*(columns[name] for name in names), strict=True))


def _events_stored(store: Store, columns: Columns) -> Counter[Hashable]:
    found: Counter[Hashable] = Counter()
    for chunk in _chunks(columns):
        rows = store.query(load_sql(__file__, "events_stored"), _range(chunk, "instance") | _ids(chunk))
        found |= _counted(rows)
    return found


def _payloads_stored(store: Store, columns: Columns) -> Counter[Hashable]:
    found: Counter[Hashable] = Counter()
    for chunk in _chunks(columns):
        rows = store.query(load_sql(__file__, "payloads_stored"), _range(chunk) | _ids(chunk))
        found |= _counted(rows)
    return found


def _coverage_stored(store: Store, columns: Columns) -> Counter[Hashable]:
    return _counted(store.query(load_sql(__file__, "coverage_stored"), _range(columns, "instance")))


def _counted(rows: Rows) -> Counter[Hashable]:
    return Counter(
        {tuple(value for name, value in row.items() if name != "rows"): row["rows"] for row in rows}
    )


def _range(columns: Columns, *names: str) -> dict[str, Any]:
    distinct = {f"{name}s": sorted(set(columns[name])) for name in ("model", *names)}
    return {**distinct, "since": min(columns["ts"]), "until": max(columns["ts"])}


def _ids(columns: Columns) -> dict[str, Any]:
    return {"event_ids": sorted(set(columns["event_id"]))}


def _chunks(columns: Columns) -> Iterator[Columns]:
    """The rows in order of time, so many at once that a question stays small."""
    chunk: list[int] = []
    characters = 0
    for row in np.argsort(np.asarray(columns["ts"], np.int64), kind="stable").tolist():
        size = len(columns["event_id"][row])
        if chunk and (len(chunk) >= _ROWS or characters + size > _ID_CHARACTERS):
            yield select(columns, chunk)
            chunk, characters = [], 0
        chunk.append(row)
        characters += size
    yield select(columns, chunk)


EVENTS = Table("inference_events", _weeks, _event_keys, _events_stored)
PAYLOADS = Table("payloads", _weeks, _payload_keys, _payloads_stored)
COVERAGE = Table("coverage", _months, _coverage_keys, _coverage_stored)
