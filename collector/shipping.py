"""Events on their way to ClickHouse: batched, bounded, and sent again under the same token."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from collector.coverage import CoverageLedger
from collector.reasons import DropReason
from collector.store_link import StoreLink
from driftline.errors import DriftlineError, StoreUnavailable
from driftline.events import Event, insert_events
from driftline.logs import get_logger
from driftline.store import Store

_log = get_logger(__name__)

BATCH_EVENTS = 20_000
BATCH_BYTES = 16 * 1024 * 1024
BUFFER_EVENTS = 100_000
BUFFER_BYTES = 64 * 1024 * 1024
COVERAGE_SECONDS = 2.0
REFUSALS = 5
"""A batch that ClickHouse refuses so often (bad data, no memory) is given up."""


@dataclass(slots=True)
class _Batch:
    token: str
    events: list[Event]
    refusals: int = 0


@dataclass(slots=True)
class _CoverageBatch:
    token: str
    columns: dict[str, Sequence[Any]]


class Shipper:
    """Owns the thread that talks to ClickHouse; everything else only hands over.

    Parameters
    ----------
    link
        Where ClickHouse is; used by the shipper's thread alone.
    ledger
        Told the fate of every event, and written to the table ``coverage``.
    flush_seconds
        Longest time an event waits for its batch.
    chores
        Other work that needs the store, done every round (contracts).
    buffer_events, buffer_bytes
        Bounds of what waits; when they are reached, new events are dropped and counted.
    """

    def __init__(
        self,
        link: StoreLink,
        ledger: CoverageLedger,
        *,
        flush_seconds: float,
        chores: Callable[[Store], None] | None = None,
        buffer_events: int = BUFFER_EVENTS,
        buffer_bytes: int = BUFFER_BYTES,
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._flush_seconds = flush_seconds
        self._chores = chores
        self._bounds = buffer_events, buffer_bytes
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Event, int]] = deque()
        self._waiting_bytes = 0
        self._oldest_at = 0.0
        self._batch: _Batch | None = None
        self._coverage: _CoverageBatch | None = None
        self._coverage_at = time.monotonic()
        self._deadline: float | None = None
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, events: Sequence[Event]) -> None:
        """Take events of one model and version over, or drop and count what does not fit. Never blocks."""
        refused = 0
        with self._changed:
            if not self._waiting:
                self._oldest_at = time.monotonic()
            for event in events:
                size = _size(event)
                if len(self._waiting) >= self._bounds[0] or self._waiting_bytes + size > self._bounds[1]:
                    refused += 1
                    continue
                self._waiting.append((event, size))
                self._waiting_bytes += size
            if self._full():
                self._changed.notify()
        if refused:
            self._ledger.dropped(events[0].model, events[0].version, refused, "buffer_full")

    def nudge(self) -> None:
        """Let the thread do its chores now."""
        with self._changed:
            self._changed.notify()

    def stop(self, seconds: float) -> None:
        """Write what is left within about ``seconds``; the rest is counted as dropped in the log."""
        with self._changed:
            self._deadline = time.monotonic() + seconds
            self._changed.notify()
        self._thread.join(seconds + 2.0)

    def _run(self) -> None:
        while not self._finished():
            with self._changed:
                if not self._due():
                    self._changed.wait(min(0.1, self._flush_seconds))
            try:
                self._round()
            # The thread's boundary: one odd failure must not end all shipping.
            except Exception:  # noqa: BLE001
                _log.exception("shipping failed and is tried again")
                time.sleep(1.0)
        lost = len(self._batch.events if self._batch else ()) + len(self._waiting)
        if lost:
            _log.error("events were not written before the collector ended", events=lost, reason="shutdown")
        self._link.close()

    def _round(self) -> None:
        store = self._link.get()
        if store is None:
            return
        try:
            if self._chores is not None:
                self._chores(store)
            while self._due():
                self._send_batch(store)
            self._send_coverage(store)
        except DriftlineError as error:
            self._link.lost(error)

    def _send_batch(self, store: Store) -> None:
        if self._batch is None:
            self._batch = self._cut()
        try:
            insert_events(store, self._batch.events, self._batch.token)
        except StoreUnavailable:
            raise
        # Whatever else is raised, by the server or the driver, is about this batch.
        except Exception as error:
            self._refused(str(error))
            raise
        self._count(self._batch.events, None)
        self._batch = None

    def _send_coverage(self, store: Store) -> None:
        if self._coverage is None:
            stopping = self._deadline is not None
            if time.monotonic() - self._coverage_at < COVERAGE_SECONDS and not stopping:
                return
            columns = self._ledger.take()
            self._coverage_at = time.monotonic()
            if not columns["ts"]:
                return
            self._coverage = _CoverageBatch(uuid4().hex, columns)
        store.insert("coverage", self._coverage.columns, token=self._coverage.token)
        self._coverage = None

    def _cut(self) -> _Batch:
        events: list[Event] = []
        size = 0
        with self._changed:
            while self._waiting and len(events) < BATCH_EVENTS and size < BATCH_BYTES:
                event, event_size = self._waiting.popleft()
                events.append(event)
                size += event_size
            self._waiting_bytes -= size
            self._oldest_at = time.monotonic()
        return _Batch(uuid4().hex, events)

    def _refused(self, message: str) -> None:
        batch = self._batch
        if batch is None:
            return
        batch.refusals += 1
        if batch.refusals < REFUSALS:
            return
        _log.error("ClickHouse refuses a batch, it is given up", events=len(batch.events), error=message)
        self._count(batch.events, "rejected")
        self._batch = None

    def _count(self, events: Sequence[Event], reason: DropReason | None) -> None:
        counts: dict[tuple[str, str], int] = {}
        for event in events:
            key = event.model, event.version
            counts[key] = counts.get(key, 0) + 1
        for (model, version), rows in counts.items():
            if reason is None:
                self._ledger.kept(model, version, rows)
            else:
                self._ledger.dropped(model, version, rows, reason)

    def _full(self) -> bool:
        return len(self._waiting) >= BATCH_EVENTS or self._waiting_bytes >= BATCH_BYTES

    def _due(self) -> bool:
        if self._batch is not None:
            return True
        if not self._waiting:
            return False
        aged = time.monotonic() - self._oldest_at >= self._flush_seconds
        return aged or self._full() or self._deadline is not None

    def _finished(self) -> bool:
        if self._deadline is None:
            return False
        done = (
            not self._waiting
            and self._batch is None
            and self._coverage is None
            and not self._ledger.pending()
        )
        return done or time.monotonic() >= self._deadline


def _size(event: Event) -> int:
    return 200 + 8 * len(event.numeric) + sum(50 + len(value) for value in event.categorical)
