"""A client and a server of HTTP/2, both played by ``h2``, and the bytes that pass between them."""

from __future__ import annotations

from collections.abc import Sequence

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived

from collector.exchange import Exchange, Request

PATH = "/inference.GRPCInferenceService/ModelInfer"
Headers = list[tuple[str, str]]


class Record:
    """Remembers what a connection yields: path, request, status, response."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, bytes, int, bytes]] = []
        self.exchanges: list[Exchange] = []
        self.asked: list[Request] = []
        self.unanswered_: list[Request] = []
        self.unparsable_ = 0
        self.missed_ = 0

    def wants(self, request: Request) -> bool:
        self.asked.append(request)
        return request.method == "POST"

    def exchange(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        assert request is not None
        assert response is not None
        assert request.ended_at is not None
        assert response.ended_at is not None
        self.exchanges.append(exchange)
        self.pairs.append((request.target, request.body(), response.status, response.body()))

    def unanswered(self, request: Request) -> None:
        self.unanswered_.append(request)

    def unparsable(self, request: Request | None) -> None:
        self.unparsable_ += request is not None

    def missed(self, like: Request | None, requests: int) -> None:
        assert requests > 0
        self.missed_ += requests


class Http2Pair:
    """Two ends that talk to each other; every flight of bytes is remembered as one chunk.

    Attributes
    ----------
    flights
        In order: whether the client sent it, and the bytes.
    """

    def __init__(self) -> None:
        self.client = H2Connection(H2Configuration(client_side=True))
        self.server = H2Connection(H2Configuration(client_side=False))
        self.flights: list[tuple[bool, bytes]] = []
        self.client.initiate_connection()
        self.server.initiate_connection()
        self.pump()

    def pump(self) -> None:
        """Carry bytes until both are silent."""
        while True:
            asked, replied = self.client.data_to_send(), self.server.data_to_send()
            if not asked and not replied:
                return
            if asked:
                self.flights.append((True, asked))
                self._take(self.server, asked)
            if replied:
                self.flights.append((False, replied))
                self._take(self.client, replied)

    def ask(self, body: bytes, path: str = PATH, headers: Sequence[tuple[str, str]] = ()) -> int:
        """Open a stream with a whole request (not carried yet)."""
        stream = self.client.get_next_available_stream_id()
        self.client.send_headers(stream, [*self.opening(path), *headers], end_stream=not body)
        for start in range(0, len(body), 16000):
            self.client.send_data(stream, body[start : start + 16000], start + 16000 >= len(body))
        return stream

    def reply(self, stream: int, body: bytes, trailers: Headers | None = None, status: str = "200") -> None:
        """Answer a stream (not carried yet)."""
        self.server.send_headers(stream, [(":status", status), ("content-type", "application/grpc")])
        for start in range(0, len(body), 16000):
            self.server.send_data(
                stream, body[start : start + 16000], trailers is None and start + 16000 >= len(body)
            )
        if trailers is not None:
            self.server.send_headers(stream, trailers, end_stream=True)

    def call(self, body: bytes, answer: bytes, path: str = PATH) -> None:
        """A whole exchange."""
        stream = self.ask(body, path)
        self.pump()
        self.reply(stream, answer, [("grpc-status", "0")])
        self.pump()

    @staticmethod
    def opening(path: str) -> Headers:
        """What a gRPC client opens a stream with."""
        return [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "localhost"),
            (":path", path),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]

    @staticmethod
    def _take(end: H2Connection, data: bytes) -> None:
        for event in end.receive_data(data):
            if isinstance(event, DataReceived):
                assert event.flow_controlled_length is not None
                assert event.stream_id is not None
                end.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
