"""What a block of events becomes in the spool: records that are written together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector.spool.event_record import encode_events, halves
from collector.spool.record import RecordKind, SourceRows, frame
from collector.spool.table_record import Columns, encode_columns, packed, payload_columns
from driftline.events import EventBlock


class Entry(NamedTuple):
    """A record that is ready to be written.

    Attributes
    ----------
    sources
        Events in it.
    size
        Bytes of all ``buffers``.
    """

    kind: RecordKind
    buffers: list[bytes]
    sources: tuple[SourceRows, ...]
    size: int


def entry_groups(block: EventBlock, limit: int) -> list[list[Entry]]:
    """The records of ``block``, grouped by what is written as one.

    Normally that is all of it. What is larger than ``limit`` bytes is cut, because a segment is shipped from
    memory; a single event or raw payload that is larger stays whole.

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        The block cannot be represented.
    """
    groups = [[entry] for entry in _event_entries(block, limit)]
    if not block.payloads:
        return groups
    raw = [
        _entry(RecordKind.PAYLOADS, (), encode_columns(payload_columns(block.model, group)))
        for group in packed(block.payloads, limit)
    ]
    if len(groups) == 1 and groups[0][0].size + sum(entry.size for entry in raw) <= limit:
        return [[groups[0][0], *raw]]
    return [*groups, *([entry] for entry in raw)]


def coverage_entry(columns: Columns) -> Entry:
    """The record of rows of the table ``coverage``."""
    return _entry(RecordKind.COVERAGE, (), encode_columns(columns))


def _event_entries(block: EventBlock, limit: int) -> Iterator[Entry]:
    if not len(block):
        return
    sources, payload = encode_events(block)
    entry = _entry(RecordKind.EVENTS, sources, payload)
    if entry.size <= limit or len(block) == 1:
        yield entry
        return
    for half in halves(block):
        yield from _event_entries(half, limit)


def _entry(kind: RecordKind, sources: tuple[SourceRows, ...], payload: Sequence[bytes]) -> Entry:
    buffers = frame(kind, sources, payload)
    return Entry(kind, buffers, sources, sum(map(len, buffers)))
