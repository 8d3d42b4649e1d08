"""Frames between the splice and its worker: a fixed header, then the bytes that passed.

    length u32 | kind u8 | connection u64 | monotonic seconds f64 | payload

The first frame of a worker is ``CONFIG``. ``GAP`` says that bytes of the connection were not copied;
its payload is the number of requests that seem to be among them (u32) and whether the last of those
bytes came from the model server (u8).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct("!IBQd")
_GAP = struct.Struct("!I?")


class FrameKind(IntEnum):
    """What a frame carries."""

    CONFIG = 0
    REQUEST_BYTES = 1
    RESPONSE_BYTES = 2
    CLOSED = 3
    GAP = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``at`` is the splice's monotonic clock in seconds, which the worker shares."""

    kind: FrameKind
    connection: int
    at: float
    payload: bytes


def pack_header(kind: FrameKind, connection: int, at: float, length: int) -> bytes:
    """Header of a frame whose payload of ``length`` bytes follows."""
    return HEADER.pack(length, kind, connection, at)


def pack(kind: FrameKind, connection: int, at: float, payload: bytes) -> bytes:
    """A whole frame."""
    return pack_header(kind, connection, at, len(payload)) + payload


def pack_gap(requests: int, answered: bool) -> bytes:
    """Payload of a ``GAP``."""
    return _GAP.pack(min(requests, 0xFFFFFFFF), answered)


def unpack_gap(payload: bytes) -> tuple[int, bool]:
    """The inverse of :func:`pack_gap`."""
    requests, answered = _GAP.unpack(payload)
    return int(requests), bool(answered)


class FrameReader:
    """Cuts a byte stream into frames, wherever it was split.

    >>> reader = FrameReader()
    >>> stream = pack(FrameKind.CLOSED, 7, 1.5, b"")
    >>> [len(list(reader.feed(stream[:5]))), [f.connection for f in reader.feed(stream[5:])]]
    [0, [7]]
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete now."""
        self._buffer += data
        start = 0
        try:
            while len(self._buffer) - start >= HEADER.size:
                length, kind, connection, at = HEADER.unpack_from(self._buffer, start)
                end = start + HEADER.size + length
                if len(self._buffer) < end:
                    return
                payload = bytes(self._buffer[start + HEADER.size : end])
                start = end
                yield Frame(FrameKind(kind), connection, at, payload)
        finally:
            del self._buffer[:start]
