"""What stays of a segment that waited too long: how much it held."""

from __future__ import annotations

from collections import Counter

from collector.coverage import Source
from collector.reasons import DropReason
from collector.spool.coverage_rows import coverage_rows
from collector.spool.entries import coverage_entry
from collector.spool.segment import Segment, read_contents, segment_header


def without_events(segment: Segment, reason: DropReason) -> tuple[Counter[Source], bytes]:
    """The events of ``segment`` by source, and a segment of the same id that counts them as dropped.

    Raises
    ------
    OSError, UnreadableSegment
        The segment cannot be read.
    """
    contents = read_contents(segment.path.read_bytes(), decode=False)
    rows = contents.accepted + contents.corrupt
    records = [coverage_rows(segment.created, {reason: rows}), *contents.coverage]
    buffers = [buffer for columns in records for buffer in coverage_entry(columns).buffers]
    return rows, segment_header(segment.uuid, segment.created) + b"".join(buffers)
