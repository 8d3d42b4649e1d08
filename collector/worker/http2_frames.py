"""One direction of an HTTP/2 connection cut into frames (RFC 9113, 4), from its start or from the middle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hyperframe.exceptions import InvalidFrameError, InvalidPaddingError
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, PushPromiseFrame

from collector.worker.http2_headers import HEADER_BYTES

FRAME_HEADER_BYTES = 9
DEFAULT_FRAME_BYTES = 16 * 1024
"""Largest payload unless the receiver allows more."""

_DATA, _HEADERS, _PRIORITY, _RESET, _SETTINGS, _PUSH, _PING, _GOAWAY, _WINDOW, _CONTINUATION = range(10)
_FLAGS = (0x09, 0x2D, 0x00, 0x00, 0x01, 0x0C, 0x01, 0x00, 0x00, 0x04)
"""Flags that each type defines; senders leave the others unset."""
_LENGTHS = {_PRIORITY: (5, 5), _RESET: (4, 4), _PING: (8, 8), _WINDOW: (4, 4), _GOAWAY: (8, 1024)}
_OF_CONNECTION = (_SETTINGS, _PING, _GOAWAY)


@dataclass(frozen=True, slots=True)
class FrameHandlers:
    """What the frames of a direction are given to.

    Attributes
    ----------
    headers
        Stream, header block (``None`` when it was too large to be kept) and whether the stream ends.
    data
        Stream, a piece of its body and whether the stream ends.
    control
        Every other frame that is complete and not about header blocks.
    """

    headers: Callable[[int, bytes | None, bool], None]
    data: Callable[[int, memoryview, bool], None]
    control: Callable[[Frame], None]


class FrameWalker:
    """Walks along the frames of one direction and holds no more than one header block.

    After :meth:`skip` of bytes whose frames cannot be told, it waits for a chunk that begins with a frame:
    programs write whole frames, so chunks of a connection that is not saturated do.
    """

    def __init__(self, handlers: FrameHandlers) -> None:
        self._on = handlers
        self._partial = b""
        self._stream = 0
        self._payload_left = 0
        self._padding_left = 0
        self._ends = False
        self._block: bytearray | None = None
        self._block_stream = 0
        self._block_ends = False
        self._promised = False
        self._largest = DEFAULT_FRAME_BYTES
        self.lost = False
        """Where frames begin is not known."""
        self.lost_bytes = 0
        """Bytes that passed since that was last known."""

    def lose(self, size: int) -> None:
        """Where the next frame begins is not known any more; ``size`` bytes were missed."""
        if not self.lost:
            self.lost, self.lost_bytes = True, 0
        self.lost_bytes += size
        self._partial = b""
        self._payload_left = self._padding_left = self._stream = 0
        self._block = None

    def skip(self, size: int) -> int | None:
        """Go over ``size`` bytes that are missing.

        Returns
        -------
        Stream of the ``DATA`` frame that all of them belong to, 0 when that stream is not of interest,
        ``None`` when frame boundaries were lost.
        """
        if self.lost or self._partial or size > self._payload_left + self._padding_left:
            self.lose(size)
            return None
        stream, of_payload = self._stream, min(size, self._payload_left)
        self._payload_left -= of_payload
        self._padding_left -= size - of_payload
        return stream

    def feed(self, data: bytes) -> None:
        """Take a chunk; raises what ``hyperframe`` raises for bytes that are no frames."""
        if self.lost:
            if not begins_with_frames(data, self._largest):
                self.lost_bytes += len(data)
                return
            self.lost = False
        if self._partial:
            data, self._partial = self._partial + data, b""
        view = memoryview(data)
        while view:
            left = self._payload_left + self._padding_left
            if left:
                self._body(view[:left])
                view = view[left:]
                continue
            taken = self._frame(view)
            if not taken:
                self._partial = bytes(view)
                return
            view = view[taken:]

    def _body(self, view: memoryview) -> None:
        payload = view[: self._payload_left]
        self._payload_left -= len(payload)
        self._padding_left -= len(view) - len(payload)
        if payload and self._stream:
            self._on.data(self._stream, payload, self._ends and not self._payload_left)

    def _frame(self, view: memoryview) -> int:
        """Take what can be taken of the frame that begins here; the number of bytes, 0 for too few."""
        if len(view) < FRAME_HEADER_BYTES:
            return 0
        frame, length = Frame.parse_frame_header(view[:FRAME_HEADER_BYTES])
        if self._block is not None and not isinstance(frame, ContinuationFrame):
            raise InvalidFrameError("a header block is interrupted")
        self._largest = max(self._largest, length)
        if isinstance(frame, DataFrame):
            return self._data(frame, length, view)
        if length > HEADER_BYTES:
            return self._oversized(frame, length)
        if len(view) < FRAME_HEADER_BYTES + length:
            return 0
        frame.parse_body(view[FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + length])
        if isinstance(frame, HeadersFrame | PushPromiseFrame | ContinuationFrame):
            self._header_block(frame)
        else:
            self._on.control(frame)
        return FRAME_HEADER_BYTES + length

    def _data(self, frame: DataFrame, length: int, view: memoryview) -> int:
        taken, padding = FRAME_HEADER_BYTES, 0
        if "PADDED" in frame.flags:
            if len(view) <= FRAME_HEADER_BYTES:
                return 0
            taken, padding = taken + 1, view[FRAME_HEADER_BYTES]
            length -= 1
        if padding > length or length < 0:
            raise InvalidPaddingError("more padding than frame")
        self._stream, self._ends = frame.stream_id, "END_STREAM" in frame.flags
        self._payload_left, self._padding_left = length - padding, padding
        if not self._payload_left and self._ends:
            self._on.data(self._stream, memoryview(b""), True)
        return taken

    def _oversized(self, frame: Frame, length: int) -> int:
        """Go over a frame that is too large to be held; a lost header block is told."""
        if isinstance(frame, HeadersFrame) and "END_HEADERS" in frame.flags:
            self._on.headers(frame.stream_id, None, "END_STREAM" in frame.flags)
        elif isinstance(frame, HeadersFrame | PushPromiseFrame | ContinuationFrame):
            raise InvalidFrameError(f"{type(frame).__name__} of {length} bytes")
        self._stream, self._payload_left = 0, length
        return FRAME_HEADER_BYTES

    def _header_block(self, frame: HeadersFrame | PushPromiseFrame | ContinuationFrame) -> None:
        if isinstance(frame, ContinuationFrame):
            if self._block is None or frame.stream_id != self._block_stream:
                raise InvalidFrameError("a header block is continued that was not begun")
            if len(self._block) <= HEADER_BYTES:
                self._block += frame.data
        else:
            self._block = bytearray(frame.data)
            # A promise's block belongs to the table's past, but to no request of the client.
            self._block_stream = frame.stream_id
            self._block_ends = "END_STREAM" in frame.flags
            self._promised = isinstance(frame, PushPromiseFrame)
        if "END_HEADERS" in frame.flags:
            block, self._block = self._block, None
            whole = bytes(block) if len(block) <= HEADER_BYTES else None
            self._on.headers(0 if self._promised else self._block_stream, whole, self._block_ends)


def begins_with_frames(chunk: bytes, largest: int = DEFAULT_FRAME_BYTES) -> bool:
    """Whether a chunk is frames from its first byte on, as far as their headers tell.

    Every frame header has to be one that a sender may write, and the chunk has to end with a frame or hold
    the beginning of a header block: nine bytes of a tensor may look like a header, a row of them does not.

    >>> begins_with_frames(bytes.fromhex("000004 08 00 00000000 0000ffff"))
    True
    >>> begins_with_frames(bytes(64))
    False
    """
    at, holds_headers, size = 0, False, len(chunk)
    while at + FRAME_HEADER_BYTES <= size:
        length = int.from_bytes(chunk[at : at + 3])
        kind, flags = chunk[at + 3], chunk[at + 4]
        stream = int.from_bytes(chunk[at + 5 : at + 9])
        if kind >= len(_FLAGS) or flags & ~_FLAGS[kind] or stream >= 2**31:
            return False
        shortest, longest = _LENGTHS.get(kind, (0, largest))
        if not shortest <= length <= longest or (at == 0 and kind == _CONTINUATION):
            return False
        if kind == _SETTINGS and length % 6:
            return False
        if kind != _WINDOW and (stream == 0) != (kind in _OF_CONNECTION):
            return False
        if kind == _HEADERS and stream % 2 == 0:
            return False
        holds_headers |= kind == _HEADERS
        at += FRAME_HEADER_BYTES + length
    return holds_headers or (at == size and size > 0)
