"""The spool: what is accepted is on disk before it counts, within bounds of bytes and age."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.coverage import Source
from collector.reasons import DropReason
from collector.spool.active_segment import ActiveSegment
from collector.spool.clock import Moment
from collector.spool.entries import Entry, coverage_entry, entry_groups
from collector.spool.expiry import without_events
from collector.spool.folder import DAMAGED, UNFINISHED, SpoolFolder
from collector.spool.options import SpoolOptions
from collector.spool.record import RecordKind
from collector.spool.segment import Segment, UnreadableSegment
from collector.spool.table_record import Columns
from driftline.events import EventBlock
from driftline.logs import get_logger

_log = get_logger(__name__)

LOCK_SECONDS = 2.0
"""Time that an earlier worker is given to let go of the folder."""
SPAN_SECONDS = 60.0
"""A segment that nobody asks for is closed after this, so that its coverage stays close to its events."""
PAUSE_SECONDS = 1.0
"""After a failed write the disk is left alone for so long."""


class Loss(NamedTuple):
    """Events that did not get into the spool."""

    source: Source
    rows: int
    reason: DropReason


@dataclass(frozen=True, slots=True)
class SpoolUsage:
    """How full the spool is.

    Attributes
    ----------
    bytes, fill
        Size of all segments, and that as a share of the bound.
    bytes_accepted
        What was written since the start.
    segments
        Files, the one that is being written included.
    oldest_seconds
        Age of the oldest; 0 when the spool is empty.
    set_aside
        Files in the folder that no reader of this version understands.
    error
        Why nothing can be written; empty when it can.
    """

    bytes: int
    fill: float
    bytes_accepted: int
    segments: int
    oldest_seconds: float
    set_aside: int
    error: str


class Spool:
    """Segments in a folder. One thread appends, one ships; both may ask for the usage.

    Nothing here raises for a fault of the disk, except where it says so: events that cannot be written are
    returned as losses, and the folder is tried again a little later.
    """

    def __init__(self, options: SpoolOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._folder: SpoolFolder | None = None
        self._closed: deque[Segment] = deque()
        self._active: ActiveSegment | None = None
        self._bytes = self._bytes_accepted = 0
        self._retry_at = 0.0
        self._error = ""
        self._ended = False

    def open(self, wait_seconds: float = LOCK_SECONDS) -> None:
        """Take the folder over with all that earlier workers left in it; harmless when already done."""
        with self._lock:
            if self._folder is None:
                self._open(wait_seconds)

    def append_events(self, block: EventBlock) -> list[Loss]:
        """Write ``block``; what is not among the losses is accepted.

        Raises
        ------
        TypeError, ValueError, ArithmeticError
            The block cannot be represented; nothing of it was written.
        """
        losses = []
        for group in entry_groups(block, self._options.segment_bytes):
            reason = self._append(group)
            if reason is not None:
                losses += [Loss(*counted, reason) for entry in group for counted in entry.sources]
        return losses

    def append_coverage(self, columns: Columns) -> bool:
        """Write rows of the table ``coverage``; ``False`` when there is no room or no disk for them."""
        return self._append([coverage_entry(columns)]) is None

    def close_active(self, older_than_seconds: float) -> None:
        """Close the segment that is being written, if it is as old as that."""
        with self._lock:
            if self._active is not None and self._active.age_seconds >= older_than_seconds:
                self._close_active()

    def head(self) -> Segment | None:
        """The oldest closed segment."""
        with self._lock:
            return self._closed[0] if self._closed else None

    def remove(self, segment: Segment) -> None:
        """Delete a segment that ClickHouse has. Raises ``OSError`` when the file cannot be deleted."""
        segment.path.unlink(missing_ok=True)
        with self._lock:
            if segment in self._closed:
                self._closed.remove(segment)
                self._bytes -= segment.size

    def set_aside(self, segment: Segment) -> None:
        """Rename a segment that cannot be read, so that the others are shipped. Raises ``OSError``."""
        segment.path.rename(segment.path.with_name(segment.path.name + DAMAGED))
        with self._lock:
            if segment in self._closed:
                self._closed.remove(segment)
                self._bytes -= segment.size
            if self._folder is not None:
                self._folder.set_aside += 1

    def expire(self) -> Counter[Source]:
        """Drop the events of segments that are too old; return how many, by source.

        What remains of such a segment is the count of what was dropped, under the same id, so that it is
        written exactly once. The oldest segment stays while ClickHouse may have it.
        """
        expired: Counter[Source] = Counter()
        now = Moment.now()
        with self._lock:
            old = [
                segment
                for position, segment in enumerate(self._closed)
                if not segment.counts_only
                and not (position == 0 and segment.uncertain)
                and segment.created.seconds_until(now) > self._options.max_age_seconds
            ]
        for segment in old:
            try:
                expired += self._condemn(segment)
            except (OSError, UnreadableSegment) as error:
                _log.error("a segment that is too old cannot be dropped", error=str(error))
        return expired

    def usage(self) -> SpoolUsage:
        """How full it is now."""
        with self._lock:
            active = self._active
            oldest = self._closed[0].created.seconds_until(Moment.now()) if self._closed else None
            return SpoolUsage(
                bytes=self._bytes,
                fill=self._bytes / self._options.max_bytes,
                bytes_accepted=self._bytes_accepted,
                segments=len(self._closed) + (active is not None),
                oldest_seconds=oldest if oldest is not None else active.age_seconds if active else 0.0,
                set_aside=self._folder.set_aside if self._folder is not None else 0,
                error=self._error,
            )

    def close(self) -> None:
        """Close the files and give the folder back; what is offered from now on is lost as ``shutdown``."""
        with self._lock:
            self._ended = True
            self._close_active()
            if self._folder is not None:
                self._folder.release()
                self._folder = None

    def _append(self, group: Sequence[Entry]) -> DropReason | None:
        """Write entries as one, or say why not. Counts may use the room that is kept for them."""
        buffers = [buffer for entry in group for buffer in entry.buffers]
        sources = [counted for entry in group for counted in entry.sources]
        size = sum(entry.size for entry in group)
        events = sum(counted.rows for counted in sources)
        with self._lock:
            if self._ended:
                return "shutdown"
            if not self._writable():
                return "spool_failed"
            reserve = 0 if group[0].kind == RecordKind.COVERAGE else self._options.coverage_bytes
            if self._bytes + size > self._options.max_bytes - reserve:
                return "spool_full"
            try:
                written = self._segment_for(size, events).append(buffers, sources)
            except OSError as error:
                self._failed(error)
                return "spool_failed"
            self._error = ""
            self._bytes += written
            self._bytes_accepted += written
        return None

    def _segment_for(self, size: int, events: int) -> ActiveSegment:
        active, options = self._active, self._options
        if active is not None and active.size:
            too_large = active.size + size > options.segment_bytes
            if too_large or active.events + events > options.segment_events:
                self._close_active()
        if self._active is None:
            assert self._folder is not None
            path, uuid = self._folder.next_segment()
            self._active = ActiveSegment(path, uuid, fsync=options.fsync)
        return self._active

    def _close_active(self) -> None:
        active, self._active = self._active, None
        if active is not None:
            segment = active.close()
            if segment is not None:
                self._closed.append(segment)

    def _writable(self) -> bool:
        if self._error and time.monotonic() < self._retry_at:
            return False
        if self._folder is None or (self._error and not self._folder.exists()):
            self._open(0.0)
        return self._folder is not None

    def _open(self, wait_seconds: float) -> None:
        self._let_go()
        known = list(self._closed)
        self._closed.clear()
        try:
            self._folder = SpoolFolder(Path(self._options.folder), wait_seconds)
            left = self._folder.leftovers()
        except OSError as error:
            self._let_go()
            self._failed(error)
            return
        # What was there when the folder was removed comes first, to be missed and counted.
        paths = {segment.path for segment in left}
        self._closed.extend(segment for segment in known if segment.path not in paths)
        self._closed.extend(left)
        self._bytes = sum(segment.size for segment in self._closed)
        if left:
            _log.info("segments of an earlier run are shipped", segments=len(left), bytes=self._bytes)

    def _let_go(self) -> None:
        if self._folder is not None:
            self._folder.release()
            self._folder = None
        self._close_active()

    def _failed(self, error: OSError) -> None:
        if not self._error:
            _log.error("the spool cannot be written, events are dropped", error=str(error))
        self._error = str(error)
        self._retry_at = time.monotonic() + PAUSE_SECONDS
        if self._active is not None and (self._active.broken or self._active.size == 0):
            self._close_active()

    def _condemn(self, segment: Segment) -> Counter[Source]:
        """Put the count of a segment's events in its place."""
        rows, data = without_events(segment, "spool_expired")
        segment.counts_only = True
        if rows:
            beside = segment.path.with_suffix(UNFINISHED)
            beside.write_bytes(data)
            os.replace(beside, segment.path)
            with self._lock:
                self._bytes -= segment.size - len(data)
                segment.size = len(data)
        return rows
