"""HTTP on a tapped connection: pairing, interim answers, gaps and resynchronisation."""

from __future__ import annotations

import gzip
import zlib

import pytest

from collector import exchange as exchanges
from collector.exchange import BodyBudget, Exchange, Request
from collector.reasons import Undecodable
from collector.worker.connection import TappedConnection
from collector.worker.http1 import PIPELINED

ASK = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Record:
    """Remembers what a connection yields."""

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, int, bytes]] = []
        self.latencies: list[float] = []
        self.lost: list[str] = []

    def wants(self, request: Request) -> bool:
        return request.method == "POST"

    def exchange(self, exchange: Exchange) -> None:
        assert exchange.request is not None
        assert exchange.response is not None
        self.pairs.append((exchange.request.body(), exchange.response.status, exchange.response.body()))
        self.latencies.append(exchange.latency_ms)

    def unanswered(self, request: Request) -> None:
        self.lost.append("unanswered")

    def unparsable(self, request: Request | None) -> None:
        self.lost.append("unparsable")

    def missed(self, like: Request | None, requests: int) -> None:
        self.lost.append(f"missed {requests}")


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def budget() -> BodyBudget:
    return BodyBudget(1000)


@pytest.fixture
def connection(record: Record, budget: BodyBudget) -> TappedConnection:
    return TappedConnection(record, budget)


def test_latency_is_first_byte_to_last(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(1.0, ASK)
    connection.request_bytes(1.5, b"abc")
    connection.response_bytes(1.75, ANSWER)
    connection.response_bytes(2.0, b"ok")
    assert record.pairs == [(b"abc", 200, b"ok")]
    assert record.latencies == [1000.0]


def test_pipelined_requests_pair_in_order(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(0.0, b"".join(ASK + bytes([65 + n]) * 3 for n in range(3)))
    connection.response_bytes(0.0, b"".join(ANSWER + bytes([97 + n]) * 2 for n in range(3)))
    assert record.pairs == [(b"AAA", 200, b"aa"), (b"BBB", 200, b"bb"), (b"CCC", 200, b"cc")]


def test_continue_is_passed_over(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(0.0, ASK.replace(b"Host: h", b"Expect: 100-continue"))
    connection.response_bytes(0.1, b"HTTP/1.1 100 Continue\r\n\r\n")
    connection.request_bytes(0.2, b"abc")
    connection.response_bytes(0.3, ANSWER + b"ok")
    assert record.pairs == [(b"abc", 200, b"ok")]


def test_an_early_answer_waits_for_the_rest_of_its_request(
    connection: TappedConnection, record: Record
) -> None:
    connection.request_bytes(0.0, ASK + b"a")
    connection.response_bytes(0.1, ANSWER + b"no")
    assert record.pairs == []
    connection.request_bytes(0.2, b"bc")
    assert record.pairs == [(b"abc", 200, b"no")]


def test_an_answer_without_length_ends_with_the_connection(
    connection: TappedConnection, record: Record
) -> None:
    connection.request_bytes(0.0, ASK + b"abc")
    connection.response_bytes(0.1, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart")
    connection.response_bytes(0.2, b"ial")
    connection.closed(0.3)
    assert record.pairs == [(b"abc", 200, b"partial")]
    assert record.lost == []


def test_a_cut_off_answer_is_no_answer(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(0.0, ASK + b"abc")
    connection.response_bytes(0.1, ANSWER + b"o")
    connection.closed(0.2)
    assert (record.pairs, record.lost) == ([], ["unanswered"])


@pytest.mark.parametrize(("sent", "complete"), [(b"abc", True), (b"ab", False)])
def test_an_unanswered_request_tells_whether_it_was_complete(sent: bytes, complete: bool) -> None:
    class Unanswered(Record):
        def unanswered(self, request: Request) -> None:
            self.lost.append(f"{request.body().decode()} {request.ended_at}")

    record = Unanswered()
    connection = TappedConnection(record, BodyBudget(1000))
    connection.request_bytes(0.5, ASK + sent)
    connection.closed(2.0)
    assert record.lost == [f"{sent.decode()} {0.5 if complete else None}"]


def test_pipelined_requests_are_bounded(record: Record, budget: BodyBudget) -> None:
    connection = TappedConnection(record, budget)
    for _ in range(PIPELINED + 1):
        connection.request_bytes(0.0, b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    assert record.lost == ["unparsable"]


def test_a_gap_counts_the_requests_that_waited(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(0.0, (ASK + b"abc") * 3)
    connection.gap(1, answered=True)
    assert record.lost == ["missed 3"]


def test_declined_upgrade_goes_on(connection: TappedConnection, record: Record) -> None:
    upgrade = ASK.replace(b"Host: h", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c")
    connection.request_bytes(0.0, upgrade + b"abc")
    connection.response_bytes(0.1, ANSWER + b"ok")
    connection.request_bytes(0.2, ASK + b"def")
    connection.response_bytes(0.3, ANSWER + b"ok")
    assert [pair[0] for pair in record.pairs] == [b"abc", b"def"]


def test_head_is_followed_by_a_clean_start(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(0.0, b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n")
    connection.response_bytes(0.1, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    connection.request_bytes(0.2, ASK + b"abc")
    connection.response_bytes(0.3, ANSWER + b"ok")
    assert record.pairs == [(b"abc", 200, b"ok")]
    assert record.lost == []


def test_after_a_gap_the_next_request_is_found(connection: TappedConnection, record: Record) -> None:
    connection.request_bytes(0.0, ASK)
    connection.gap(2, answered=False)
    connection.request_bytes(0.1, b"POST in the middle of a body")
    connection.response_bytes(0.2, b"tail of an answer")
    connection.request_bytes(0.3, ASK + b"abc")
    connection.response_bytes(0.4, ANSWER + b"ok")
    assert record.pairs == [(b"abc", 200, b"ok")]
    assert record.lost == ["missed 2"]


@pytest.mark.parametrize("side", ["request", "response"])
def test_garbage_is_counted_and_left_behind(side: str, connection: TappedConnection, record: Record) -> None:
    if side == "request":
        connection.request_bytes(0.0, b"\x16\x03\x01 this is TLS\r\n\r\n")
    else:
        connection.request_bytes(0.0, ASK + b"abc")
        connection.response_bytes(0.0, b"nonsense\r\n\r\n")
    assert record.lost == ["unparsable"]
    connection.response_bytes(0.1, b"whatever")
    connection.request_bytes(0.2, ASK + b"abc")
    connection.response_bytes(0.3, ANSWER + b"ok")
    assert record.pairs == [(b"abc", 200, b"ok")]


def test_bodies_beyond_the_budget_are_given_up_and_returned() -> None:
    class Flags(Record):
        def exchange(self, exchange: Exchange) -> None:
            assert exchange.request is not None
            self.lost += ["overflow"] * exchange.request.overflowed

    record, budget = Flags(), BodyBudget(4)
    connection = TappedConnection(record, budget)
    connection.request_bytes(0.0, ASK.replace(b": 3", b": 5") + b"ab")
    assert not budget.take(3)
    connection.request_bytes(0.0, b"cde")
    connection.response_bytes(0.1, ANSWER + b"ok")
    assert record.lost == ["overflow"]
    assert budget.take(4)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw", "gzip, deflate", "two members"])
def test_encodings(encoding: str) -> None:
    plain = b"body " * 100
    if encoding == "two members":
        packed, header = gzip.compress(plain[:100]) + gzip.compress(plain[100:]), "gzip"
    elif encoding == "raw":
        compressor = zlib.compressobj(wbits=-15)
        packed, header = compressor.compress(plain) + compressor.flush(), "deflate"
    elif encoding == "gzip, deflate":
        packed, header = zlib.compress(gzip.compress(plain)), encoding
    else:
        packed, header = (gzip.compress if encoding == "gzip" else zlib.compress)(plain), encoding
    request = Request(0.0, headers={"content-encoding": header}, chunks=[packed])
    assert request.body() == plain


def test_a_decompression_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "DECODED_BYTES", 1000)
    request = Request(0.0, headers={"content-encoding": "gzip"}, chunks=[gzip.compress(b"0" * 1_000_000)])
    with pytest.raises(Undecodable) as refused:
        request.body()
    assert refused.value.reason == "body_too_large"


@pytest.mark.parametrize(("encoding", "reason"), [("br", "unsupported_encoding"), ("gzip", "malformed_body")])
def test_unreadable_encodings(encoding: str, reason: str) -> None:
    with pytest.raises(Undecodable) as refused:
        Request(0.0, headers={"content-encoding": encoding}, chunks=[b"not packed"]).body()
    assert refused.value.reason == reason
