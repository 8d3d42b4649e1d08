"""What a tap yields: a request with the response that answers it, as they were seen, with bounded bodies."""

from __future__ import annotations

import math
import time
import zlib
from dataclasses import dataclass, field

from collector.reasons import Tap, Undecodable

MESSAGE_BYTES = 8 * 1024 * 1024
"""Largest body that is kept, as sent."""
DECODED_BYTES = 32 * 1024 * 1024
"""Largest body after decompression."""
ALL_BODIES_BYTES = 24 * 1024 * 1024
"""Bound of the bodies that all connections hold at once."""

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_RAW_DEFLATE = -zlib.MAX_WBITS


class BodyBudget:
    """Bytes that all unfinished messages of a worker may hold together."""

    def __init__(self, limit: int = ALL_BODIES_BYTES) -> None:
        self._left = limit

    def take(self, size: int) -> bool:
        """Reserve ``size`` bytes if there are as many."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Release what was taken."""
        self._left += size


@dataclass(slots=True)
class Message:
    """A request or a response; times are the splice's monotonic clock in seconds."""

    began_at: float
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    wanted: bool = False
    overflowed: bool = False
    ended_at: float | None = None

    def add(self, chunk: bytes, budget: BodyBudget) -> None:
        """Keep a piece of the body, or give the whole body up when it passes a bound."""
        if not self.wanted or self.overflowed:
            return
        if self.size + len(chunk) > MESSAGE_BYTES or not budget.take(len(chunk)):
            self.overflowed = True
            self.release(budget)
            return
        self.chunks.append(chunk)
        self.size += len(chunk)

    def release(self, budget: BodyBudget) -> None:
        """Forget the body."""
        budget.give_back(self.size)
        self.chunks.clear()
        self.size = 0

    def body(self) -> bytes:
        """The body without its content encoding; raises :class:`Undecodable`."""
        if self.overflowed:
            raise Undecodable("body_too_large", f"more than {MESSAGE_BYTES} bytes")
        data = b"".join(self.chunks)
        encodings = [part.strip().lower() for part in self.headers.get("content-encoding", "").split(",")]
        for encoding in reversed([part for part in encodings if part not in ("", "identity")]):
            if encoding not in ("gzip", "x-gzip", "deflate"):
                raise Undecodable("unsupported_encoding", encoding[:50])
            data = _inflate(data)
        return data


@dataclass(slots=True)
class Request(Message):
    """A request.

    Attributes
    ----------
    target
        Path with the query, empty when the tap does not tell it.
    model
        What its body said it is for, where the path does not; before that is known, the model of the request
        before it on the same connection.
    """

    method: str = ""
    target: str = ""
    model: str = ""


@dataclass(slots=True)
class Response(Message):
    """A response; trailers count as headers."""

    status: int = 0

    @property
    def failed(self) -> bool:
        """Whether the server answered with an error: an HTTP status from 400, or a gRPC status but OK."""
        return self.status >= 400 or self.headers.get("grpc-status", "0") != "0"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a tap knows about an exchange besides its messages; empty is what it does not know."""

    model: str = ""
    version: str = ""
    instance: str = ""
    event_id: str = ""
    trace_id: str = ""


NOBODY = Identity()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A paired record. One half may be missing: the other never came.

    Attributes
    ----------
    tap
        How it was seen.
    identity
        What the tap knows by itself; where it knows nothing, paths, headers and bodies tell.
    at
        Epoch seconds of the request (of the response when there is no request); NaN takes the time from
        ``began_at`` of the first half.
    took_ms
        Latency in milliseconds as the tap measured it; NaN takes it from the halves' times.
    """

    request: Request | None
    response: Response | None
    tap: Tap = "splice"
    identity: Identity = NOBODY
    at: float = math.nan
    took_ms: float = math.nan

    @property
    def latency_ms(self) -> float:
        """From the request's first byte to the response's last, in milliseconds; 0 when a half is missing."""
        if not math.isnan(self.took_ms):
            return max(0.0, self.took_ms)
        if self.request is None or self.response is None or self.response.ended_at is None:
            return 0.0
        return max(0.0, (self.response.ended_at - self.request.began_at) * 1000.0)

    @property
    def epoch_seconds(self) -> float:
        """Wall-clock time of the request."""
        if not math.isnan(self.at):
            return self.at
        half = self.request or self.response
        return time.time() - (time.monotonic() - half.began_at) if half is not None else time.time()


def _inflate(data: bytes) -> bytes:
    try:
        return _inflate_with(data, _GZIP_OR_ZLIB)
    except zlib.error:
        # "deflate" should be zlib-wrapped, but some servers send the bare stream.
        try:
            return _inflate_with(data, _RAW_DEFLATE)
        except zlib.error as error:
            raise Undecodable("malformed_body", f"compressed body: {error}") from error


def _inflate_with(data: bytes, window_bits: int) -> bytes:
    parts: list[bytes] = []
    room = DECODED_BYTES
    while data:
        stream = zlib.decompressobj(window_bits)
        part = stream.decompress(data, room + 1)
        room -= len(part)
        if room < 0:
            raise Undecodable("body_too_large", f"more than {DECODED_BYTES} bytes after decompression")
        if not stream.eof:
            raise zlib.error("incomplete stream")
        parts.append(part)
        data = stream.unused_data  # gzip allows several members in a row
    return b"".join(parts)
