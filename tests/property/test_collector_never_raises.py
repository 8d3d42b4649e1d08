"""Whatever bytes pass the tap, the worker's parser gives exchanges or a counted reason."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.codecs.routes import find_route
from collector.exchange import BodyBudget, Exchange, Request
from collector.frames import Frame, FrameKind, FrameReader, pack
from collector.worker.connection import TappedConnection

REQUEST = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    b"POST /v2/models/m/infer HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
)
RESPONSE = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
    b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n"
)


class Record:
    """Collects exchanges."""

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, int, bytes]] = []

    def wants(self, request: Request) -> bool:
        return find_route(request.method, request.target) is not None

    def exchange(self, exchange: Exchange) -> None:
        assert exchange.request is not None
        assert exchange.response is not None
        self.pairs.append((exchange.request.body(), exchange.response.status, exchange.response.body()))

    def unanswered(self, request: Request) -> None:
        pass

    def unparsable(self, request: Request | None) -> None:
        pass

    def missed(self, like: Request | None, requests: int) -> None:
        pass


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` cut at the given points (modulo its length)."""
    points = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(points)]


CUTS = st.lists(st.integers(0, 10_000), max_size=30)


@given(CUTS, CUTS)
def test_split_streams_give_the_same_exchanges(request_cuts: list[int], response_cuts: list[int]) -> None:
    record, budget = Record(), BodyBudget(1000)
    connection = TappedConnection(record, budget)
    for chunk in pieces(REQUEST, request_cuts):
        connection.request_bytes(0.0, chunk)
    for chunk in pieces(RESPONSE, response_cuts):
        connection.response_bytes(1.0, chunk)
    assert record.pairs == [(b"abcdefg", 200, b"first"), (b"hi", 400, b"second")]
    assert budget.take(1000)


@given(st.binary(max_size=600), st.lists(st.integers(1, 200), max_size=10))
def test_split_frames_are_the_same_frames(payload: bytes, cuts: list[int]) -> None:
    frames = [Frame(FrameKind.REQUEST_BYTES, n, n / 2, payload[:n]) for n in (0, 1, len(payload))]
    stream = b"".join(pack(frame.kind, frame.connection, frame.at, frame.payload) for frame in frames)
    reader = FrameReader()
    assert [frame for piece in pieces(stream, cuts) for frame in reader.feed(piece)] == frames


TRAFFIC = st.binary(max_size=300) | st.sampled_from([REQUEST, RESPONSE, REQUEST[:80], RESPONSE[:60]])
STEPS = st.lists(st.tuples(st.sampled_from(["request", "response", "gap", "closed"]), TRAFFIC), max_size=20)


@given(STEPS)
def test_any_traffic_is_survived_and_returns_its_memory(steps: list[tuple[str, bytes]]) -> None:
    budget = BodyBudget(500)
    connection = TappedConnection(Record(), budget)
    for step, data in steps:
        if step == "request":
            connection.request_bytes(0.0, data)
        elif step == "response":
            connection.response_bytes(0.0, data)
        elif step == "gap":
            connection.gap(len(data), answered=bool(data))
        else:
            connection.closed(0.0)
    connection.closed(1.0)
    assert budget.take(500)
