"""HTTP/2 in both directions of a tapped connection: its streams become requests with their responses.

The two ends settle everything among themselves (windows, settings, resets); here only what they say is
read. ``h2`` cannot do that, it plays one of the ends and answers; so this builds on the two libraries under
it, ``hyperframe`` for frames and ``hpack`` for headers.

After a gap each direction finds its frames again by itself (:mod:`collector.worker.http2_frames`) and reads
of header blocks what does not need what was lost (:mod:`collector.worker.http2_headers`). A stream whose path
or outcome is among the lost is yielded if its messages tell both (:mod:`collector.worker.recognition`). Every
other request that a gap touched is told to the sink as missed: those that were open, those that cannot be
recognised, and, because clients number their streams in order, those whose headers were in the gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hpack.exceptions import HPACKDecodingError
from hyperframe.exceptions import HyperframeError, InvalidFrameError
from hyperframe.frame import Frame, GoAwayFrame, RstStreamFrame

from collector.exchange import BodyBudget, Exchange, Message, Request, Response
from collector.worker.exchange_sink import ExchangeSink
from collector.worker.http2_frames import FrameHandlers, FrameWalker
from collector.worker.http2_headers import HeaderBlocks, LostEntries
from collector.worker.recognition import recognised

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS = 1000
"""Requests of one connection that are followed at once; those beyond are counted as missed."""
_REQUEST_BYTES = 10
"""The smallest request: a frame header and one byte of headers."""

_MALFORMED = (HyperframeError, HPACKDecodingError)


@dataclass(slots=True)
class _Stream:
    request: Request
    response: Response | None = None
    obscure: bool = False
    """Path or outcome are among headers that cannot be read."""


class Http2Connection:
    """Follows the streams of one connection.

    Parameters
    ----------
    sink
        Takes complete exchanges and faults.
    budget
        Bound of the bodies that all connections hold.
    from_middle
        What was said before the first bytes is unknown, also how many streams there were.
    upgraded
        The HTTP/1.1 request that the server answers as stream 1.
    """

    def __init__(
        self,
        sink: ExchangeSink,
        budget: BodyBudget,
        *,
        from_middle: bool = False,
        upgraded: Request | None = None,
    ) -> None:
        self._sink = sink
        self._budget = budget
        self._streams: dict[int, _Stream] = {}
        self._newest: int | None = None if from_middle else -1
        """The newest stream that the client opened, -1 for none; ``None`` when that is not known."""
        self._last_wanted: Request | None = None
        self._unseen_estimate = 0
        self._at = 0.0
        self._preface = b"" if from_middle else PREFACE
        self._asked_headers, self._replied_headers = HeaderBlocks(), HeaderBlocks()
        self._asked = FrameWalker(
            FrameHandlers(self._on_asked_headers, self._on_asked_data, self._on_asked_control)
        )
        self._replied = FrameWalker(
            FrameHandlers(self._on_replied_headers, self._on_replied_data, self._on_replied_control)
        )
        if from_middle:
            self._asked.lose(0)
            self._asked_headers.lose()
            self._replied.lose(0)
            self._replied_headers.lose()
        if upgraded is not None:
            self._newest = 1
            if upgraded.wanted:
                self._last_wanted = upgraded
                self._streams[1] = _Stream(upgraded)

    def request_bytes(self, at: float, data: bytes) -> None:
        """Bytes from the client at splice time ``at``."""
        self._at = at
        if self._preface:
            held = data[: len(self._preface)]
            if not self._preface.startswith(held):
                self._break(self._asked, self._asked_headers)
                return
            self._preface, data = self._preface[len(held) :], data[len(held) :]
        try:
            self._asked.feed(data)
        except _MALFORMED:
            self._break(self._asked, self._asked_headers)

    def response_bytes(self, at: float, data: bytes) -> None:
        """Bytes from the model server at splice time ``at``."""
        self._at = at
        try:
            self._replied.feed(data)
        except _MALFORMED:
            self._break(self._replied, self._replied_headers)

    def gap(self, requests: int, answered: bool, asked: int | None, replied: int | None) -> None:
        """``asked`` bytes of the client and ``replied`` bytes of the server are missing."""
        self._preface = b""
        if asked is None or replied is None:
            self._newest = None
        if asked != 0:
            stream = None if asked is None else self._asked.skip(asked)
            if stream is None:
                self._asked.lose(0)
                self._asked_headers.lose()
                cut = [number for number, each in self._streams.items() if each.request.ended_at is None]
                self._unseen_estimate += max(0, requests - len(cut))
                self._miss(cut)
            else:
                self._miss([stream])
        if replied != 0:
            stream = None if replied is None else self._replied.skip(replied)
            if stream is None:
                self._replied.lose(0)
                self._replied_headers.lose()
                self._miss(list(self._streams))
            else:
                self._miss([stream])

    def closed(self, at: float) -> None:
        """The connection ended: what is not answered now never will be."""
        self._at = at
        if self._unseen_estimate:
            self._sink.missed(self._last_wanted, self._unseen_estimate)
        for number in list(self._streams):
            self._reset(number)

    def _on_asked_headers(self, number: int, block: bytes | None, ends: bool) -> None:
        headers, _ = self._read(self._asked_headers, block)
        stream = self._streams.get(number)
        if stream is not None:
            stream.request.headers.update(_regular(headers))
            if ends:
                self._end(number, stream.request)
            return
        if number % 2 == 0:
            raise InvalidFrameError(f"a client opens stream {number}")
        if self._newest is not None and number <= self._newest:
            return
        self._count_unseen(number)
        self._newest = number
        if len(self._streams) >= STREAMS:
            self._sink.missed(self._last_wanted, 1)
            return
        request = Request(
            self._at,
            _regular(headers),
            method=headers.get(":method", ""),
            target=headers.get(":path", ""),
        )
        obscure = not request.method or not request.target
        request.wanted = obscure or self._sink.wants(request)
        if self._last_wanted is not None:
            request.model = self._last_wanted.model
        if request.wanted:
            if not obscure:
                self._last_wanted = request
            self._streams[number] = _Stream(request, obscure=obscure)
            if ends:
                self._end(number, request)

    def _on_asked_data(self, number: int, data: memoryview, ends: bool) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            stream.request.add(bytes(data), self._budget)
            if ends:
                self._end(number, stream.request)

    def _on_replied_headers(self, number: int, block: bytes | None, ends: bool) -> None:
        headers, whole = self._read(self._replied_headers, block)
        stream = self._streams.get(number)
        if stream is None:
            return
        # What ends a stream holds the outcome of a gRPC call.
        stream.obscure |= not whole and ends
        response = stream.response
        if response is None:
            status = headers.get(":status", "")
            if not status.isdecimal():
                self._drop(number, "unparsable" if whole else "missed")
                return
            if int(status) < 200:
                return
            response = stream.response = Response(
                self._at, _regular(headers), wanted=True, status=int(status)
            )
        else:
            response.headers.update(_regular(headers))
        if ends:
            self._end(number, response)

    def _on_replied_data(self, number: int, data: memoryview, ends: bool) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return
        if stream.response is None:
            self._drop(number, "unparsable")
            return
        stream.response.add(bytes(data), self._budget)
        if ends:
            self._end(number, stream.response)

    def _on_asked_control(self, frame: Frame) -> None:
        if isinstance(frame, RstStreamFrame):
            self._reset(frame.stream_id)

    def _on_replied_control(self, frame: Frame) -> None:
        if isinstance(frame, RstStreamFrame):
            self._reset(frame.stream_id)
        elif isinstance(frame, GoAwayFrame):
            # The server will not look at those that are newer.
            for number in [number for number in self._streams if number > frame.last_stream_id]:
                self._reset(number)

    def _read(self, blocks: HeaderBlocks, block: bytes | None) -> tuple[dict[str, str], bool]:
        """The headers of a block that can be known, and whether these are all."""
        if block is None:
            blocks.lose()
            return {}, False
        try:
            return blocks.decode(block), True
        except LostEntries as lost:
            return lost.known, False

    def _count_unseen(self, number: int) -> None:
        """The client opened this stream: those before it that were not seen were in the gap."""
        unseen, self._unseen_estimate = self._unseen_estimate, 0
        lost_bytes, self._asked.lost_bytes = self._asked.lost_bytes, 0
        if self._newest is not None:
            unseen = (number - self._newest) // 2 - 1 if lost_bytes else 0
            if unseen > lost_bytes // _REQUEST_BYTES:
                raise InvalidFrameError(f"stream {number} after {self._newest}: these are no frames")
        if unseen:
            self._sink.missed(self._last_wanted, unseen)

    def _end(self, number: int, message: Message) -> None:
        """A message is complete; its exchange is when the other one is, too."""
        message.ended_at = self._at
        stream = self._streams[number]
        response = stream.response
        if response is not None and response.ended_at is not None and stream.request.ended_at is not None:
            self._finish(number)

    def _finish(self, number: int) -> None:
        stream = self._streams[number]
        request, response = stream.request, stream.response
        assert response is not None
        if stream.obscure:
            target = recognised(request, response)
            if not target:
                self._drop(number, "missed")
                return
            request.method, request.target = "POST", target
        del self._streams[number]
        self._last_wanted = request
        self._sink.exchange(Exchange(request, response))
        self._release(stream)

    def _reset(self, number: int) -> None:
        """Nothing more will be said on a stream."""
        stream = self._streams.get(number)
        if stream is None:
            return
        if stream.response is not None and stream.response.ended_at is not None:
            # The server answered without reading to the end.
            stream.request.ended_at = self._at
            self._finish(number)
        else:
            self._drop(number, "unanswered")

    def _miss(self, numbers: list[int]) -> None:
        for number in numbers:
            self._drop(number, "missed")

    def _drop(self, number: int, why: Literal["unanswered", "unparsable", "missed"]) -> None:
        stream = self._streams.pop(number, None)
        if stream is None:
            return
        if why == "missed" or stream.obscure:
            self._sink.missed(self._last_wanted if stream.obscure else stream.request, 1)
        elif why == "unparsable":
            self._sink.unparsable(stream.request)
        else:
            self._sink.unanswered(stream.request)
        self._release(stream)

    def _release(self, stream: _Stream) -> None:
        stream.request.release(self._budget)
        if stream.response is not None:
            stream.response.release(self._budget)

    def _break(self, walker: FrameWalker, blocks: HeaderBlocks) -> None:
        """One direction is not HTTP/2: what is open cannot be told, and frames have to be found again."""
        # After a gap it was most likely not a frame that was taken for one.
        why: Literal["unparsable", "missed"] = "unparsable" if blocks.complete else "missed"
        for number in list(self._streams):
            self._drop(number, why)
        walker.lose(0)
        blocks.lose()


def _regular(headers: dict[str, str]) -> dict[str, str]:
    """Headers without the pseudo-headers, whose authority is what HTTP/1.1 calls host."""
    regular = {name: value for name, value in headers.items() if not name.startswith(":")}
    if ":authority" in headers:
        regular["host"] = headers[":authority"]
    return regular
