"""Connection parsers and taps as fuzz targets: bytes become steps, which must leave nothing behind."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator, Sequence

from google.protobuf.message import DecodeError

from collector.codecs.codec import Body
from collector.codecs.routes import find_route
from collector.exchange import BodyBudget, Exchange, Identity, Request
from collector.frames import Frame, FrameKind, FrameReader, pack
from collector.reasons import DropReason, Tap, Undecodable
from collector.taps.client_frames import ClientConnection
from collector.taps.cloudevents.event import BadEvent, binary_event, is_binary_mode, structured_events
from collector.taps.cloudevents.half import half_of, kind_of
from collector.taps.cloudevents.pairing import Pairing
from collector.taps.ext_proc.messages import ProcessingRequest
from collector.taps.ext_proc.stream import StreamedExchange
from collector.worker.connection import TappedConnection

BUDGET = 50_000
_STEP = struct.Struct("<BH")
Step = tuple[int, bytes]


def packed_steps(steps: Sequence[Step]) -> bytes:
    """Steps as bytes: what, how many bytes, the bytes."""
    return b"".join(_STEP.pack(what, len(data)) + data for what, data in steps)


def steps_of(data: bytes) -> Iterator[Step]:
    """The steps that any bytes are."""
    at = 0
    while at + _STEP.size <= len(data):
        what, length = _STEP.unpack_from(data, at)
        at += _STEP.size
        yield what, data[at : at + length]
        at += length


class Sink:
    """Takes what a parser yields, and reads it as the pipeline does."""

    def wants(self, request: Request) -> bool:
        """Every other path that is no inference is wanted too, so that its body is kept."""
        content_type = request.headers.get("content-type", "")
        return (
            find_route(request.method, request.target, content_type) is not None
            or len(request.target) % 2 == 0
        )

    def exchange(self, exchange: Exchange) -> None:
        """Both bodies can be taken apart, or are refused by a reason."""
        assert exchange.latency_ms >= 0.0
        assert exchange.epoch_seconds >= 0.0 or exchange.at < 0.0
        for half in (exchange.request, exchange.response):
            if half is not None:
                try:
                    Body(half.body(), half.headers)
                except Undecodable:
                    continue
        if exchange.response is not None:
            assert exchange.response.failed in (True, False)

    def unanswered(self, request: Request) -> None:
        """Only what was wanted."""
        assert request.wanted

    def unparsable(self, request: Request | None) -> None:
        """Only what was wanted."""
        assert request is None or request.wanted

    def missed(self, like: Request | None, requests: int) -> None:
        """Some number."""
        assert requests >= 0

    def lost(self, identity: Identity, rows: int, reason: DropReason, tap: Tap) -> None:
        """At least one."""
        assert rows >= 1


CLIENT, SERVER, GAP, CLOSED = range(4)


def connection_target(data: bytes) -> None:
    """Bytes of client and server, gaps between them, and the end."""
    budget = BodyBudget(BUDGET)
    connection = TappedConnection(Sink(), budget)
    now = 0.0
    for what, chunk in steps_of(data):
        now += 0.001
        if what % 4 == CLIENT:
            connection.request_bytes(now, chunk)
        elif what % 4 == SERVER:
            connection.response_bytes(now, chunk)
        elif what % 4 == GAP:
            known = len(chunk) % 2 == 0
            asked, replied = (len(chunk), what) if known else (None, None)
            connection.gap(len(chunk) % 5, answered=what > 127, asked=asked, replied=replied)
        else:
            connection.closed(now)
            connection = TappedConnection(Sink(), budget)
    connection.closed(now + 1.0)
    assert budget.take(BUDGET), "a body is still held after its connection"


def frames_target(data: bytes) -> None:
    """Any bytes cut anywhere are the same frames; what is no kind of frame is refused by a ValueError."""
    cut = data[0] if data else 0
    assert _frames([data]) == _frames([data[:cut], data[cut : 2 * cut], data[2 * cut :]])


def _frames(pieces: Sequence[bytes]) -> list[tuple[FrameKind, int, bytes]] | None:
    reader = FrameReader()
    found: list[Frame] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except ValueError:
        return None
    for frame in found:
        assert next(iter(FrameReader().feed(pack(frame.kind, frame.connection, frame.at, frame.payload))))
    return [(frame.kind, frame.connection, frame.payload) for frame in found]


def cloudevents_target(data: bytes) -> None:
    """Steps are a request of a logger each: its header lines, an empty one, its body."""
    sink = Sink()
    pairing = Pairing(sink.exchange)
    for _, request in steps_of(data):
        head, _, body = request.partition(b"\n\n")
        headers = {}
        for line in head.decode("utf-8", "replace").split("\n"):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        try:
            if is_binary_mode(headers):
                events = [binary_event(headers, body)]
            else:
                found = structured_events(headers.get("content-type", ""), body)
                events = [event for event in found if not isinstance(event, BadEvent)]
            for event in events:
                kind = kind_of(event)
                if kind is not None:
                    pairing.add(half_of(event, kind))
        except BadEvent:
            continue
    pairing.flush()


class _Transport(asyncio.Transport):
    """Swallows what is written."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody reads it."""

    def get_write_buffer_size(self) -> int:
        """Never behind."""
        return 0

    def abort(self) -> None:
        """The target goes on: bytes may still be on their way."""


def client_target(data: bytes) -> None:
    """Steps are chunks of one connection of an in-process client."""
    budget = BodyBudget(BUDGET)
    connection = ClientConnection(Sink(), budget, set(), 10)
    connection.connection_made(_Transport())
    for _, chunk in steps_of(data):
        connection.data_received(chunk)
    connection.connection_lost(None)
    assert budget.take(BUDGET), "a body is still held after its connection"


def ext_proc_target(data: bytes) -> None:
    """Steps are the messages of one stream of Envoy."""
    budget = BodyBudget(BUDGET)
    stream = StreamedExchange(Sink(), budget)
    for _, message in steps_of(data):
        try:
            parsed = ProcessingRequest.FromString(message)
        except DecodeError:
            continue
        if stream.take(parsed):
            break
    stream.finish()
    assert budget.take(BUDGET), "a body is still held after its stream"
