"""One record of a segment: framed, checked, and found again behind damage.

A record is a header (marker, kind, lengths, checksums), the sources it counts for, and a payload. The
header's checksum covers the sources too, so a damaged payload is still counted by model, version, instance
and tap.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, cast
from zlib import crc32

import orjson

from collector.coverage import Source
from collector.reasons import Tap

MARKER = b"\xd1SPL"
_FIELDS = struct.Struct("<4sB3xIII")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size


class RecordKind(IntEnum):
    """What a payload is."""

    EVENTS = 1
    PAYLOADS = 2
    COVERAGE = 3


class SourceRows(NamedTuple):
    """How many events of a record are of one source."""

    source: Source
    rows: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is as it was written; ``kind`` may be one that this version does not know."""

    kind: int
    sources: tuple[SourceRows, ...]
    payload: memoryview


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record.

    Attributes
    ----------
    sources
        What was lost, when the header survived.
    size
        Bytes that were skipped.
    torn
        The write did not finish before the process ended, so nothing of it was accepted.
    """

    sources: tuple[SourceRows, ...]
    size: int
    torn: bool


def frame(kind: RecordKind, sources: Sequence[SourceRows], payload: Sequence[bytes]) -> list[bytes]:
    """The buffers of a record, in the order in which they are written."""
    named = orjson.dumps([[*source, rows] for source, rows in sources]) if sources else b""
    checksum = 0
    for part in payload:
        checksum = crc32(part, checksum)
    fields = _FIELDS.pack(MARKER, kind, len(named), sum(map(len, payload)), checksum)
    return [fields + _CHECKSUM.pack(crc32(named, crc32(fields))) + named, *payload]


def scan(data: bytes, at: int) -> Iterator[Record | Damage]:
    """What stands in ``data`` from the offset ``at`` to its end."""
    view = memoryview(data)
    while at < len(data):
        header = _header_at(data, at)
        if header is not None:
            if header.end > len(data):
                yield Damage(header.sources, len(data) - at, torn=True)
                return
            payload = view[header.begin : header.end]
            if crc32(payload) == header.checksum:
                yield Record(header.kind, header.sources, payload)
            else:
                yield Damage(header.sources, header.end - at, torn=False)
            at = header.end
            continue
        following = _next_header(data, at + 1)
        yield Damage((), following - at, torn=following == len(data) and _unfinished(data, at))
        at = following


@dataclass(frozen=True, slots=True)
class _Header:
    kind: int
    sources: tuple[SourceRows, ...]
    begin: int
    end: int
    checksum: int


def _header_at(data: bytes, at: int) -> _Header | None:
    """The header at ``at``, or ``None`` when there is none that its checksum vouches for."""
    begin = at + HEADER_BYTES
    if begin > len(data):
        return None
    marker, kind, named, size, checksum = _FIELDS.unpack_from(data, at)
    if marker != MARKER or begin + named > len(data):
        return None
    sources = data[begin : begin + named]
    (expected,) = _CHECKSUM.unpack_from(data, at + _FIELDS.size)
    if crc32(sources, crc32(data[at : at + _FIELDS.size])) != expected:
        return None
    begin += named
    return _Header(kind, _parse_sources(sources), begin, begin + size, checksum)


def _parse_sources(text: bytes) -> tuple[SourceRows, ...]:
    return tuple(
        SourceRows(Source(model, version, instance, cast(Tap, tap)), rows)
        for model, version, instance, tap, rows in (orjson.loads(text) if text else ())
    )


def _next_header(data: bytes, at: int) -> int:
    while (at := data.find(MARKER, at)) >= 0:
        if _header_at(data, at) is not None:
            return at
        at += 1
    return len(data)


def _unfinished(data: bytes, at: int) -> bool:
    """Whether the last bytes are the beginning of a record whose sources never came."""
    rest = data[at : at + HEADER_BYTES]
    if len(rest) < HEADER_BYTES:
        return rest[: len(MARKER)] == MARKER[: len(rest)]
    marker, _, named, _, _ = _FIELDS.unpack_from(rest)
    return bool(marker == MARKER and at + HEADER_BYTES + named > len(data))
