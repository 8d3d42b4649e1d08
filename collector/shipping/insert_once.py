"""An insert that counts once, whatever became of earlier attempts.

A deduplication token alone does not give that. ClickHouse remembers the last 10,000 blocks of a table, which
a fleet writes in minutes. And a server that is killed can leave its memory and its data apart: depending on
its version it notes the token first and then makes the part visible, so that a token may be known whose rows
are not there, or the other way round. So after an attempt whose outcome is unknown the rows themselves are
counted: before sending again, and once more after.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from collector.shipping.tables import Columns, Table, select
from driftline.errors import StoreQueryFailed, StoreUnavailable
from driftline.logs import get_logger
from driftline.store import Store, load_sql

_log = get_logger(__name__)

ROUNDS = 3
_ACCESS_DENIED = 497


def insert_once(store: Store, table: Table, columns: Columns, token: str, *, uncertain: bool) -> None:
    """Insert rows that nobody else inserts.

    Every partition is an insert of its own, because that is what ClickHouse commits as one.

    Parameters
    ----------
    token
        The same for the same rows at every attempt.
    uncertain
        An earlier attempt may have stored them.
    """
    for number, rows in _partitions(table, columns):
        part = f"{token}.{number}"
        if uncertain:
            _insert_missing(store, table, rows, part)
        else:
            store.insert(table.name, rows, token=part)


def missing(store: Store, table: Table, columns: Columns) -> list[int]:
    """Rows of ``columns`` that are not stored. Of equal rows as many are missing as there are too few."""
    stored = table.stored(store, columns)
    rows = []
    for row, key in enumerate(table.keys(columns)):
        if stored[key] > 0:
            stored[key] -= 1
        else:
            rows.append(row)
    return rows


def _partitions(table: Table, columns: Columns) -> Iterator[tuple[int, Columns]]:
    numbers = table.partition(np.asarray(columns["ts"], np.int64))
    if numbers.size == 0:
        return
    if (numbers == numbers[0]).all():
        yield int(numbers[0]), columns
        return
    for number in np.unique(numbers).tolist():
        yield number, select(columns, np.flatnonzero(numbers == number).tolist())


def _insert_missing(store: Store, table: Table, columns: Columns, token: str) -> None:
    _refuse_while_running(store, token)
    for attempt in range(ROUNDS):
        rows = missing(store, table, columns)
        if not rows:
            return
        # The same token first: should the earlier insert arrive after all, only one of the two counts.
        again = token if attempt == 0 else f"{token}.{attempt}"
        store.insert(table.name, select(columns, rows), token=again)
        if not _is_alone(store, table):
            return
    if missing(store, table, columns):
        # Rows beyond the table's TTL are taken and removed again.
        _log.warning("rows were taken but are not there", table=table.name, rows=len(columns["ts"]))


def _refuse_while_running(store: Store, token: str) -> None:
    """Raise :class:`StoreUnavailable` while the server still works on an insert whose client gave up."""
    try:
        running = store.query(load_sql(__file__, "insert_running"), {"token": token})[0]["running"]
    except StoreQueryFailed as error:
        if error.clickhouse_code != _ACCESS_DENIED:
            raise
        return
    if running:
        raise StoreUnavailable(f"ClickHouse at {store.address} still works on an earlier attempt")


def _is_alone(store: Store, table: Table) -> bool:
    """Whether one server holds the table, so that what it took can be read from it at once.

    Replicated tables commit rows and token together, and a replica may lag: looking again would mislead.
    """
    engines = store.query(load_sql(__file__, "table_engine"), {"table": table.name})
    return [row["engine"] for row in engines] == ["MergeTree"]
