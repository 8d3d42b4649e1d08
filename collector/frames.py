"""Frames between the splice and its worker: a fixed header, then the bytes that passed.

    length u32 | kind u8 | connection u64 | monotonic seconds f64 | payload

The first frame of a worker is ``CONFIG``. ``GAP`` says that bytes of the connection were not copied;
its payload is a :class:`Gap`. ``STATS`` carries the splice's own counters as JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

HEADER = struct.Struct("!IBQd")
_GAP = struct.Struct("!I?QQ")


class FrameKind(IntEnum):
    """What a frame carries."""

    CONFIG = 0
    REQUEST_BYTES = 1
    RESPONSE_BYTES = 2
    CLOSED = 3
    GAP = 4
    STATS = 5


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


class Gap(NamedTuple):
    """What was not copied of a connection.

    Attributes
    ----------
    requests
        How many requests seem to be among it.
    answered
        The last of it came from the model server.
    asked, replied
        Number of bytes of the client and of the server.
    """

    requests: int
    answered: bool
    asked: int
    replied: int


def pack_gap(gap: Gap) -> bytes:
    """Payload of a ``GAP``."""
    return _GAP.pack(min(gap.requests, 0xFFFFFFFF), gap.answered, gap.asked, gap.replied)


def unpack_gap(payload: bytes) -> Gap:
    """The inverse of :func:`pack_gap`."""
    return Gap._make(_GAP.unpack(payload))


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
                payload = bytes(memoryview(self._buffer)[start + HEADER.size : end])
                start = end
                yield Frame(FrameKind(kind), connection, at, payload)
        finally:
            del self._buffer[:start]
