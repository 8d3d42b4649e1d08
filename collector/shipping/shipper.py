"""The thread that talks to ClickHouse: from the spool, oldest first, for as long as it takes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from collector.coverage import CoverageLedger
from collector.shipping.coverage_outlet import CoverageOutlet
from collector.shipping.delivery import Delivered, deliver
from collector.shipping.refusal import refuses_data
from collector.spool.event_record import block_sources
from collector.spool.segment import Segment, UnreadableSegment
from collector.spool.spool import SPAN_SECONDS, Loss, Spool
from collector.store_link import StoreLink
from driftline.errors import DriftlineError, StoreQueryFailed, StoreUnavailable
from driftline.events import EventBlock
from driftline.logs import get_logger
from driftline.store import Store

_log = get_logger(__name__)

REFUSALS = 5
"""Data that ClickHouse refused so often is sent block by block, and what it refuses then is given up."""
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_AT_END_SECONDS = 0.5
_ROUND_SECONDS = 0.1
_EXPIRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ShippingStats:
    """Figures of the spool now, and of the shipper since it was made.

    Attributes
    ----------
    spool_bytes, fill
        Size of the spool, and that as a share of its bound.
    segments, oldest_seconds
        Batches in it, and the age of the oldest.
    set_aside
        Files in its folder that this version cannot read.
    bytes_accepted
        Bytes that were written to it.
    batches_sent, events_sent
        Batches, and the events in them, that ClickHouse has.
    retries
        Attempts that failed.
    last_error
        Why the last attempt failed, or why the spool takes nothing; empty when all is well.
    """

    spool_bytes: int
    fill: float
    segments: int
    oldest_seconds: float
    set_aside: int
    bytes_accepted: int
    batches_sent: int
    events_sent: int
    retries: int
    last_error: str


class Shipper:
    """Takes events over into the spool, and ships from there in a thread of its own.

    Parameters
    ----------
    link
        Where ClickHouse is; used by the shipper's thread alone.
    ledger
        Told the fate of every event; what it counts is written to the table ``coverage``.
    spool
        Opened by :meth:`start` and closed by :meth:`stop`.
    flush_seconds
        Longest time an event waits for its batch while ClickHouse keeps up.
    chores
        Other work that needs the store, done every round (contracts).
    """

    def __init__(
        self,
        link: StoreLink,
        ledger: CoverageLedger,
        spool: Spool,
        *,
        flush_seconds: float,
        chores: Callable[[Store], None] | None = None,
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._spool = spool
        self._flush_seconds = flush_seconds
        self._chores = chores
        self._outlet = CoverageOutlet(ledger, spool)
        self._changed = threading.Event()
        self._deadline: float | None = None
        self._retry_at = 0.0
        self._failures = 0
        self._expired_at = 0.0
        self._unfit = 0
        self._batches = self._events = self._retries = 0
        self._last_error = ""
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)

    def start(self) -> None:
        """Open the spool and start the thread. What an earlier run left is shipped first."""
        self._spool.open()
        self._thread.start()

    def offer(self, block: EventBlock) -> None:
        """Take events over, or count them as dropped. Never raises, and never waits but for a local write."""
        try:
            losses = self._spool.append_events(block)
        # The boundary to the taps: whatever a block may hold, the traffic goes on.
        except Exception as error:  # noqa: BLE001
            losses = self._unfitting(block, error)
        for source, rows, reason in losses:
            self._ledger.dropped(source, rows, reason)

    def stop(self, seconds: float) -> None:
        """Ship what is left within about ``seconds``; the rest stays in the spool for the next run."""
        self._deadline = time.monotonic() + seconds
        self._retry_at = 0.0
        self._changed.set()
        if self._thread.ident is not None:
            self._thread.join(seconds + 2.0)
        # Without the thread, or when an insert holds it up, the counts are saved from here.
        columns = self._ledger.take()
        if columns["ts"]:
            self._spool.append_coverage(columns)
        self._spool.close()

    def stats(self) -> ShippingStats:
        """Figures for Prometheus."""
        spool = self._spool.usage()
        return ShippingStats(
            spool_bytes=spool.bytes,
            fill=spool.fill,
            segments=spool.segments,
            oldest_seconds=spool.oldest_seconds,
            set_aside=spool.set_aside,
            bytes_accepted=spool.bytes_accepted,
            batches_sent=self._batches,
            events_sent=self._events,
            retries=self._retries,
            last_error=self._last_error or spool.error,
        )

    def _run(self) -> None:
        while not self._finished():
            self._changed.wait(min(_ROUND_SECONDS, self._flush_seconds))
            self._changed.clear()
            try:
                self._round()
            # The thread's boundary: one odd failure must not end all shipping.
            except Exception as error:  # noqa: BLE001
                _log.exception("shipping failed and is tried again")
                self._failed(str(error))
        self._outlet.spool(at_once=True)
        left = self._spool.usage()
        if left.segments:
            _log.warning(
                "events stay in the spool for the next run", segments=left.segments, bytes=left.bytes
            )
        if self._outlet.pending():
            _log.error("counts of what was dropped were not written before the end", reason="shutdown")
        self._link.close()

    def _round(self) -> None:
        self._keep_up()
        if time.monotonic() < self._retry_at:
            return
        store = self._link.get()
        if store is None:
            return
        try:
            self._work(store)
        except StoreQueryFailed as error:
            self._failed(error.message)
            if not refuses_data(error):
                self._link.lost(error)  # a database that was dropped is made anew with the next connection
        except DriftlineError as error:
            self._failed(error.message)
            self._link.lost(error)
        except OSError as error:
            self._failed(f"the spool cannot be read or emptied: {error}")

    def _work(self, store: Store) -> None:
        while True:
            self._do_chores(store)
            segment = self._next()
            if segment is None:
                break
            self._ship(store, segment)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                return
            self._keep_up()
        self._outlet.send(store)
        if self._failures:
            self._failures, self._last_error = 0, ""

    def _do_chores(self, store: Store) -> None:
        if self._chores is None:
            return
        try:
            self._chores(store)
        except StoreUnavailable:
            raise
        except DriftlineError as error:
            _log.warning("contracts cannot be read or written", error=error.message)

    def _keep_up(self) -> None:
        """What must not wait for ClickHouse."""
        self._outlet.spool(at_once=self._deadline is not None)
        self._spool.close_active(SPAN_SECONDS)
        if time.monotonic() - self._expired_at >= _EXPIRY_SECONDS:
            self._expired_at = time.monotonic()
            for source, rows in self._spool.expire().items():
                self._ledger.settled(source, rows, "spool_expired")

    def _next(self) -> Segment | None:
        segment = self._spool.head()
        if segment is not None:
            return segment
        self._spool.close_active(self._flush_seconds if self._deadline is None else 0.0)
        return self._spool.head()

    def _ship(self, store: Store, segment: Segment) -> None:
        try:
            delivered = deliver(store, segment, piecemeal=segment.refusals >= REFUSALS)
        except StoreQueryFailed as error:
            segment.refusals += refuses_data(error)
            raise
        except FileNotFoundError:
            _log.error("a segment of the spool has vanished", path=str(segment.path))
            self._spool.remove(segment)
            self._lose(segment)
            return
        except (OSError, UnreadableSegment) as error:
            segment.refusals += 1
            if segment.refusals < REFUSALS:
                raise OSError(str(error)) from error
            _log.error("a segment of the spool cannot be read", path=str(segment.path), error=str(error))
            self._spool.set_aside(segment)
            self._lose(segment)
            return
        self._spool.remove(segment)
        self._settle(delivered)

    def _lose(self, segment: Segment) -> None:
        for source, rows in segment.rows.items():
            self._ledger.dropped(source, rows, "spool_corrupt")

    def _settle(self, delivered: Delivered) -> None:
        for source, rows in delivered.kept.items():
            self._ledger.settled(source, rows, "kept")
        for reason, dropped in delivered.dropped.items():
            for source, rows in dropped.items():
                self._ledger.settled(source, rows, reason)
        self._batches += 1
        self._events += delivered.kept.total()
        self._failures, self._last_error = 0, ""

    def _failed(self, message: str) -> None:
        self._failures += 1
        self._retries += 1
        self._last_error = message
        pause = min(LONGEST_PAUSE_SECONDS, 0.1 * 2 ** min(self._failures, 10))
        if self._deadline is not None:
            pause = min(pause, LONGEST_PAUSE_AT_END_SECONDS)
        self._retry_at = time.monotonic() + pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if self._failures & (self._failures - 1) == 0:
            _log.warning("a batch is sent again", error=message, failures=self._failures)

    def _unfitting(self, block: EventBlock, error: Exception) -> list[Loss]:
        self._unfit += 1
        if self._unfit & (self._unfit - 1) == 0:
            _log.error("events cannot be represented and are dropped", error=str(error), blocks=self._unfit)
        try:
            return [Loss(source, rows, "rejected") for source, rows in block_sources(block)]
        except (AttributeError, TypeError, ValueError):
            return []

    def _finished(self) -> bool:
        if self._deadline is None:
            return False
        if time.monotonic() >= self._deadline:
            return True
        return not self._outlet.pending() and self._spool.usage().segments == 0
