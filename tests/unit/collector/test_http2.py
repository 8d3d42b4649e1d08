"""HTTP/2 on a tapped connection, as two ends of ``h2`` speak it."""

from __future__ import annotations

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame

from collector.exchange import BodyBudget
from collector.worker.connection import TappedConnection
from collector.worker.http2 import PREFACE, STREAMS
from tests.unit.collector.http2_pair import PATH, Http2Pair, Record


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def pair() -> Http2Pair:
    return Http2Pair()


def replay(pair: Http2Pair, record: Record, *, cut: int = 0, budget: BodyBudget | None = None) -> None:
    """Show the tap everything that was said, in pieces of ``cut`` bytes if that is set."""
    budget = budget or BodyBudget()
    connection = TappedConnection(record, budget)
    for number, (asked, data) in enumerate(pair.flights):
        take = connection.request_bytes if asked else connection.response_bytes
        for start in range(0, len(data), cut or len(data)):
            take(float(number), data[start : start + (cut or len(data))])
    connection.closed(float(len(pair.flights)))


@pytest.mark.parametrize("cut", [0, 1, 7, 24, 1000])
def test_exchanges_however_the_bytes_are_cut(cut: int, pair: Http2Pair, record: Record) -> None:
    bodies = [bytes([65 + n]) * (1 + 9000 * n) for n in range(5)]
    for body in bodies:
        pair.call(body, body.lower())
    replay(pair, record, cut=cut)
    assert record.pairs == [(PATH, body, 200, body.lower()) for body in bodies]
    first = record.exchanges[0]
    assert first.request is not None
    assert first.response is not None
    assert first.request.headers == {
        "content-type": "application/grpc",
        "te": "trailers",
        "host": "localhost",
    }
    assert first.response.headers == {"content-type": "application/grpc", "grpc-status": "0"}
    assert not first.response.failed


def test_interleaved_streams_are_told_apart(pair: Http2Pair, record: Record) -> None:
    streams = [pair.client.get_next_available_stream_id() + 2 * n for n in range(3)]
    for stream in streams:
        pair.client.send_headers(stream, pair.opening(f"/{stream}"))
    for piece in range(3):
        for stream in streams:
            pair.client.send_data(stream, b"%d:%d " % (stream, piece), end_stream=piece == 2)
    pair.pump()
    for stream in reversed(streams):
        pair.reply(stream, b"answer %d" % stream)
    pair.pump()
    replay(pair, record)
    assert record.pairs == [
        (f"/{n}", b"%d:0 %d:1 %d:2 " % (n, n, n), 200, b"answer %d" % n) for n in reversed(streams)
    ]


def test_latency_is_first_byte_to_last(pair: Http2Pair, record: Record) -> None:
    connection = TappedConnection(record, BodyBudget())
    pair.call(b"ask", b"answer")
    times = iter([*range(len(pair.flights) - 2), 100, 103])
    for asked, data in pair.flights:
        (connection.request_bytes if asked else connection.response_bytes)(float(next(times)), data)
    assert record.exchanges[0].latency_ms == 3000.0


def test_a_grpc_error_is_a_failure(pair: Http2Pair, record: Record) -> None:
    stream = pair.ask(b"ask")
    pair.pump()
    # "Trailers only": one block that is headers and end at once.
    pair.server.send_headers(stream, [(":status", "200"), ("grpc-status", "5")], end_stream=True)
    pair.pump()
    replay(pair, record)
    assert record.pairs == [(PATH, b"ask", 200, b"")]
    response = record.exchanges[0].response
    assert response is not None
    assert response.failed


def test_server_streaming_is_one_response(pair: Http2Pair, record: Record) -> None:
    stream = pair.ask(b"ask")
    pair.pump()
    pair.server.send_headers(stream, [(":status", "200")])
    for n in range(3):
        pair.server.send_data(stream, b"part %d " % n)
        pair.pump()
    pair.server.send_headers(stream, [("grpc-status", "0")], end_stream=True)
    pair.pump()
    replay(pair, record)
    assert record.pairs == [(PATH, b"ask", 200, b"part 0 part 1 part 2 ")]


def test_padding_is_no_part_of_a_body(pair: Http2Pair, record: Record) -> None:
    stream = pair.client.get_next_available_stream_id()
    pair.client.send_headers(stream, pair.opening("/padded"))
    pair.client.send_data(stream, b"abc", pad_length=200)
    pair.client.send_data(stream, b"", pad_length=5, end_stream=True)
    pair.pump()
    pair.reply(stream, b"ok")
    pair.pump()
    for cut in (0, 1):
        replay(pair, record, cut=cut)
    assert record.pairs == [("/padded", b"abc", 200, b"ok")] * 2


def test_header_blocks_are_continued(pair: Http2Pair, record: Record) -> None:
    pair.call(b"ask", b"answer")
    value = "v" * 40_000  # three frames
    stream = pair.ask(b"long", headers=[("x-long", value)])
    pair.pump()
    pair.reply(stream, b"answer")
    pair.pump()
    replay(pair, record, cut=999)
    assert [body for _, body, _, _ in record.pairs] == [b"ask", b"long"]
    assert record.asked[1].headers["x-long"] == value


def test_table_sizes_may_change(pair: Http2Pair, record: Record) -> None:
    pair.call(b"one", b"1")
    for size in (0, 16384, 1 << 20, 100, 4096):
        pair.server.update_settings({SettingCodes.HEADER_TABLE_SIZE: size})
        pair.pump()
        for n in range(3):
            pair.call(b"%d" % size, b"answer", f"/{size}/{n}")
    replay(pair, record)
    assert [path for path, *_ in record.pairs] == [
        PATH,
        *(f"/{size}/{n}" for size in (0, 16384, 1 << 20, 100, 4096) for n in range(3)),
    ]


@pytest.mark.parametrize("by", ["client", "server", "goaway", "close"])
def test_what_is_ended_without_answer_is_unanswered(by: str, pair: Http2Pair, record: Record) -> None:
    pair.call(b"ask", b"answer")
    whole = pair.ask(b"complete")
    half = pair.client.get_next_available_stream_id()
    pair.client.send_headers(half, pair.opening("/half"))
    pair.pump()
    for stream in (whole, half):
        if by in ("client", "server"):
            (pair.client if by == "client" else pair.server).reset_stream(stream)
    if by == "goaway":
        pair.server.close_connection(last_stream_id=1)
    pair.pump()
    replay(pair, record)
    assert [(each.target, each.ended_at is not None) for each in record.unanswered_] == [
        (PATH, True),
        ("/half", False),
    ]
    assert len(record.pairs) == 1


def test_a_client_that_says_goodbye_still_gets_its_answer(pair: Http2Pair, record: Record) -> None:
    stream = pair.ask(b"last")
    pair.pump()
    pair.client.close_connection()
    goodbye = pair.client.data_to_send()
    pair.flights.append((True, goodbye))
    pair.reply(stream, b"answer")
    pair.flights.append((False, pair.server.data_to_send()))
    replay(pair, record)
    assert record.pairs == [(PATH, b"last", 200, b"answer")]


def test_an_answer_before_the_request_ended_counts(pair: Http2Pair, record: Record) -> None:
    stream = pair.client.get_next_available_stream_id()
    pair.client.send_headers(stream, pair.opening("/too-large"))
    pair.client.send_data(stream, b"beginning")
    pair.pump()
    pair.server.send_headers(stream, [(":status", "200"), ("grpc-status", "8")], end_stream=True)
    pair.server.reset_stream(stream, error_code=0)
    pair.pump()
    replay(pair, record)
    assert record.pairs == [("/too-large", b"beginning", 200, b"")]
    assert record.unanswered_ == []


def test_only_wanted_bodies_are_kept(pair: Http2Pair, record: Record) -> None:
    budget = BodyBudget(5)
    stream = pair.client.get_next_available_stream_id()
    opening = [("GET" if name == ":method" else name, value) for name, value in pair.opening("/metrics")]
    opening[0] = (":method", "GET")
    pair.client.send_headers(stream, opening)
    pair.client.send_data(stream, b"not for us " * 100, end_stream=True)
    pair.pump()
    pair.reply(stream, b"neither is this " * 100)
    pair.pump()
    pair.call(b"123", b"45")
    replay(pair, record, budget=budget)
    assert record.pairs == [(PATH, b"123", 200, b"45")]
    assert [request.method for request in record.asked] == ["GET", "POST"]
    assert budget.take(5)


def test_streams_are_bounded(record: Record) -> None:
    encoder = Encoder()
    connection = TappedConnection(record, BodyBudget())
    connection.request_bytes(0.0, PREFACE)
    for n in range(STREAMS + 10):
        frame = HeadersFrame(2 * n + 1, encoder.encode(Http2Pair.opening("/x")), flags=["END_HEADERS"])
        connection.request_bytes(0.0, frame.serialize())
    assert record.missed_ == 10
    connection.closed(1.0)
    assert len(record.unanswered_) == STREAMS


def test_header_bytes_are_bounded(record: Record) -> None:
    encoder = Encoder()
    connection = TappedConnection(record, BodyBudget())
    connection.request_bytes(0.0, PREFACE)
    connection.request_bytes(
        0.0, HeadersFrame(1, encoder.encode(Http2Pair.opening("/a")), flags=["END_HEADERS"]).serialize()
    )
    connection.request_bytes(0.0, HeadersFrame(3, b"\0\1a\x7f" + b"x" * 100).serialize())
    for _ in range(1000):
        connection.request_bytes(0.0, ContinuationFrame(3, b"x" * 16000).serialize())
    connection.request_bytes(0.0, ContinuationFrame(3, b"x", flags=["END_HEADERS"]).serialize())
    # The table is lost, but not what does not need it.
    plain = b"\x83\x86\x04\x02/b"  # POST, http, and a literal path
    connection.request_bytes(0.0, HeadersFrame(5, plain, flags=["END_HEADERS"]).serialize())
    assert [request.target for request in record.asked] == ["/a", "/b"]
    connection.closed(1.0)
    assert (record.missed_, len(record.unanswered_)) == (1, 2)


@pytest.mark.parametrize("side", ["client", "server"])
def test_garbage_is_counted_and_frames_are_found_again(side: str, pair: Http2Pair, record: Record) -> None:
    connection = TappedConnection(record, BodyBudget())
    pair.call(b"ask", b"answer")
    stream = pair.ask(b"open")
    pair.pump()
    for asked, data in pair.flights:
        (connection.request_bytes if asked else connection.response_bytes)(0.0, data)
    garbage = DataFrame(0x7FFFFFFF, b"").serialize()[:9] + b"\x00\x00\x05\x02\x00\x00\x00\x00\x00hello"
    (connection.request_bytes if side == "client" else connection.response_bytes)(0.0, garbage)
    assert record.unparsable_ == 1
    plain = b"\x83\x86\x04\x02/b"
    connection.request_bytes(
        1.0, HeadersFrame(stream + 2, plain, flags=["END_HEADERS", "END_STREAM"]).serialize()
    )
    connection.response_bytes(
        2.0, HeadersFrame(stream + 2, b"\x88", flags=["END_HEADERS", "END_STREAM"]).serialize()
    )
    assert record.pairs[1:] == [("/b", b"", 200, b"")]


def test_h2c_upgrade_goes_on_as_http2(record: Record) -> None:
    client = H2Connection()
    settings = client.initiate_upgrade_connection()
    assert settings is not None
    connection = TappedConnection(record, BodyBudget())
    connection.request_bytes(
        0.0,
        b"POST /first HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: " + settings + b"\r\nContent-Length: 3\r\n\r\nabc",
    )
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_upgrade_connection(settings)
    server.send_headers(1, [(":status", "200")])
    server.send_data(1, b"first answer", end_stream=True)
    switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    connection.response_bytes(0.1, switching + server.data_to_send())
    assert record.pairs == [("/first", b"abc", 200, b"first answer")]
    client.send_headers(3, Http2Pair.opening("/second"), end_stream=True)
    asked = client.data_to_send()
    connection.request_bytes(0.2, asked)
    server.receive_data(asked)
    server.send_headers(3, [(":status", "204")], end_stream=True)
    connection.response_bytes(0.3, server.data_to_send())
    assert record.pairs[1:] == [("/second", b"", 204, b"")]
