"""A segment: one file, one batch, one deduplication token."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

from collector.coverage import Source
from collector.spool.clock import Moment
from collector.spool.event_record import decode_events
from collector.spool.record import Damage, Record, RecordKind, SourceRows, scan
from collector.spool.table_record import decode_columns
from driftline.events import EventBlock
from driftline.logs import get_logger

_log = get_logger(__name__)

MAGIC = b"DRIFTSPL"
VERSION = 1
_OPENING = struct.Struct("<8sH")
"""Magic and version: the only bytes that every version has in the same place."""
_HEADER = struct.Struct("<8sH6x16sqq16s")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CHECKSUM.size


class UnreadableSegment(Exception):
    """Not a segment, or one of a version that this one does not know."""

    def __init__(self, message: str, *, newer: bool) -> None:
        super().__init__(message)
        self.newer = newer


@dataclass(slots=True, eq=False)
class Segment:
    """A closed segment on disk.

    Attributes
    ----------
    created
        When its first record was written.
    size
        Bytes.
    uncertain
        It may have been sent, whole or in part: by an earlier process, or in an attempt whose outcome is not
        known.
    refusals
        How often ClickHouse refused its data.
    rows
        Events by source, when this process wrote it.
    counts_only
        It is known to hold no events, so it never becomes too old.
    """

    path: Path
    uuid: UUID
    created: Moment
    size: int
    uncertain: bool
    refusals: int = 0
    rows: Mapping[Source, int] = field(default_factory=dict)
    counts_only: bool = False

    def read(self) -> SegmentContents:
        """What is in it; damaged records are counted and left out. Raises ``OSError``."""
        return read_contents(self.path.read_bytes())


@dataclass(slots=True)
class SegmentContents:
    """Decoded records of a segment.

    Attributes
    ----------
    blocks, payloads, coverage
        Events, and columns of the tables ``payloads`` and ``coverage``.
    accepted
        Rows by source, of events that are in ``blocks``.
    corrupt
        Rows by source, of events that were accepted and came back with a wrong checksum.
    unattributed
        Damaged records that do not tell whose they were.
    """

    blocks: list[EventBlock] = field(default_factory=list)
    payloads: list[dict[str, list[Any]]] = field(default_factory=list)
    coverage: list[dict[str, list[Any]]] = field(default_factory=list)
    accepted: Counter[Source] = field(default_factory=Counter)
    corrupt: Counter[Source] = field(default_factory=Counter)

    unattributed: int = 0

    def take(self, record: Record, *, decode: bool) -> None:
        """Take in a record whose checksum is right; events are decoded or only counted."""
        try:
            if record.kind == RecordKind.EVENTS:
                if decode:
                    self.blocks.append(decode_events(record.payload))
                _count(self.accepted, record.sources)
            elif record.kind == RecordKind.PAYLOADS:
                self.payloads.append(decode_columns(record.payload))
            elif record.kind == RecordKind.COVERAGE:
                self.coverage.append(decode_columns(record.payload))
            else:
                raise ValueError(f"unknown kind of record {record.kind}")
        except (KeyError, TypeError, ValueError, struct.error) as error:
            _log.error("a record of the spool cannot be decoded", kind=record.kind, error=str(error))
            _count(self.corrupt, record.sources)

    def lose(self, damage: Damage) -> None:
        """Count what cannot be read."""
        if damage.torn:
            _log.info(
                "the last record of a segment was not finished, it was never accepted", bytes=damage.size
            )
            return
        _log.error("a record of the spool is damaged", bytes=damage.size, sources=len(damage.sources))
        _count(self.corrupt, damage.sources)
        self.unattributed += not damage.sources

    def attribute(self) -> None:
        """Records whose header is gone count as one event each, of a source that the segment names."""
        source = next(iter([*self.accepted, *self.corrupt]), None)
        if source is not None and self.unattributed:
            self.corrupt[source] += self.unattributed


def segment_header(uuid: UUID, created: Moment) -> bytes:
    """First bytes of a segment of this version."""
    fields = _HEADER.pack(MAGIC, VERSION, uuid.bytes, created.wall_ms, created.boot_ms, created.boot_id)
    return fields + _CHECKSUM.pack(crc32(fields))


def inspect_segment(path: Path, uuid: UUID) -> Segment:
    """A segment that an earlier process left.

    It counts as uncertain unless this start of the machine wrote it: a power cut can bring back files that
    were deleted after they had been sent.

    Raises
    ------
    UnreadableSegment
        It is to be left alone.
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
        size = file.seek(0, 2)
    version = segment_version(start)
    created = _created(start) if version == VERSION else None
    if created is None:
        # Older versions and a damaged header: the file system knows about when, by the wall clock.
        created = Moment(int(path.stat().st_mtime * 1000), 0, bytes(16))
    return Segment(path, uuid, created, size, uncertain=not created.is_of_this_boot())


def segment_version(data: bytes) -> int:
    """Version of the segment that begins with ``data``; raises :class:`UnreadableSegment`."""
    if len(data) < _OPENING.size:
        return VERSION  # the first write did not finish
    magic, version = _OPENING.unpack_from(data)
    if magic != MAGIC:
        raise UnreadableSegment("the file does not begin like a segment", newer=False)
    if version not in FORMATS:
        raise UnreadableSegment(
            f"the segment has version {version}, this one knows {max(FORMATS)}", newer=True
        )
    return int(version)


def read_contents(data: bytes, *, decode: bool = True) -> SegmentContents:
    """What is in a whole segment; raises :class:`UnreadableSegment`.

    Parameters
    ----------
    decode
        Without it the events are counted and ``blocks`` stays empty.
    """
    contents = SegmentContents()
    for found in FORMATS[segment_version(data)](data):
        if isinstance(found, Record):
            contents.take(found, decode=decode)
        else:
            contents.lose(found)
    contents.attribute()
    return contents


def _created(header: bytes) -> Moment | None:
    if len(header) < HEADER_BYTES:
        return None
    (expected,) = _CHECKSUM.unpack_from(header, _HEADER.size)
    if crc32(header[: _HEADER.size]) != expected:
        return None
    _, _, _, wall_ms, boot_ms, boot_id = _HEADER.unpack_from(header)
    return Moment(wall_ms, boot_ms, boot_id)


def _version_1(data: bytes) -> Iterator[Record | Damage]:
    return scan(data, HEADER_BYTES)


FORMATS: Mapping[int, Callable[[bytes], Iterator[Record | Damage]]] = {1: _version_1}
"""How the records of each version are found. A version that was ever released stays."""


def _count(counts: Counter[Source], sources: tuple[SourceRows, ...]) -> None:
    for source, rows in sources:
        counts[source] += rows
