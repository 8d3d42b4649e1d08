"""Rows of the node agent on their way to ClickHouse: bounded, in order, never blocking the sampling."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from collector.store_link import StoreLink
from driftline.errors import DriftlineError, StoreQueryFailed
from driftline.logs import get_logger

_log = get_logger(__name__)

BUFFERED_ROWS = 100_000
REFUSALS = 5


@dataclass(slots=True)
class _Block:
    table: str
    rows: Sequence[Mapping[str, Any]]
    token: str
    refusals: int = 0


class Outbox:
    """Keeps blocks until they are written; the newest are dropped and counted when it is full.

    Parameters
    ----------
    link
        Where ClickHouse is.
    buffered_rows
        Most rows that wait.
    """

    def __init__(self, link: StoreLink, *, buffered_rows: int = BUFFERED_ROWS) -> None:
        self._link = link
        self._room = buffered_rows
        self._blocks: deque[_Block] = deque()
        self.dropped_rows = 0

    def put(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of one table, all with the same keys."""
        if not rows:
            return
        if len(rows) > self._room:
            if self.dropped_rows == 0:
                _log.warning("node samples are dropped: ClickHouse is away for too long", table=table)
            self.dropped_rows += len(rows)
            return
        self._room -= len(rows)
        self._blocks.append(_Block(table, rows, uuid4().hex))

    def flush(self) -> bool:
        """Write what waits as far as ClickHouse takes it; whether nothing is left."""
        store = self._link.get()
        while store is not None and self._blocks:
            block = self._blocks[0]
            try:
                store.insert_rows(block.table, block.rows, token=block.token)
            except StoreQueryFailed as error:
                self._link.lost(error)
                block.refusals += 1
                if block.refusals < REFUSALS:
                    break
                _log.error("ClickHouse refuses node samples", table=block.table, error=error.message)
                self.dropped_rows += len(block.rows)
            except DriftlineError as error:
                self._link.lost(error)
                break
            self._blocks.popleft()
            self._room += len(block.rows)
            store = self._link.get()
        return not self._blocks
