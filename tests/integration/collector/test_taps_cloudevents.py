"""The CloudEvents tap over real connections: what loggers send, and what they should not."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from collector.endpoint import Endpoint
from collector.exchange import MESSAGE_BYTES, BodyBudget
from collector.taps.cloudevents import connection as connection_module
from collector.taps.cloudevents.event import BATCH, STRUCTURED
from collector.taps.cloudevents.server import CloudEventsTap
from driftline.errors import PortInUse
from tests.integration.collector.tap_loop import TapLoop
from tests.integration.collector.waiting import eventually
from tests.recording_sink import RecordingSink, body
from tests.unit.collector.logger_events import Kind, kserve_headers, seldon_headers

ASK = b'{"instances": [[1.0, 2.0]]}'
TELL = b'{"predictions": [0]}'


class Sender:
    """A running tap and what it handed over."""

    def __init__(self, loop: TapLoop, **options: Any) -> None:
        self.sink = RecordingSink()
        self.tap = CloudEventsTap(Endpoint("127.0.0.1", 0), self.sink, **options)
        self.port = loop.start(self.tap)

    def post(self, headers: dict[str, str], data: bytes) -> tuple[int, dict[str, Any]]:
        client = HTTPConnection("127.0.0.1", self.port, timeout=10)
        client.request("POST", "/any/path", data, headers)
        answer = client.getresponse()
        text = answer.read()
        client.close()
        return answer.status, json.loads(text) if text else {}

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)


def read_all(client: socket.socket) -> bytes:
    client.settimeout(10)
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def event(kind: Kind, event_id: str, data: Any) -> dict[str, Any]:
    headers = kserve_headers(kind, event_id)
    return {name[3:]: value for name, value in headers.items() if name.startswith("ce-")} | {"data": data}


@pytest.fixture
def loop() -> Iterator[TapLoop]:
    with TapLoop() as running:
        yield running


def test_a_pair_in_binary_mode_is_answered_at_once(loop: TapLoop) -> None:
    sender = Sender(loop)
    assert sender.post(kserve_headers("request"), ASK) == (200, {})
    assert sender.post(kserve_headers("response"), TELL) == (200, {})
    (exchange,) = sender.sink.exchanges
    assert (body(exchange.request), body(exchange.response)) == (ASK, TELL)
    assert (exchange.identity.model, exchange.identity.instance) == ("digits", "ocr/predictor/default")


def test_seldon_halves_pair_by_request_id(loop: TapLoop) -> None:
    sender = Sender(loop)
    sender.post(seldon_headers("response"), TELL)
    sender.post(seldon_headers("request"), ASK)
    (exchange,) = sender.sink.exchanges
    assert (body(exchange.request), body(exchange.response)) == (ASK, TELL)
    assert exchange.identity.model == "classifier"


def test_structured_and_batch_mode_pair_with_each_other(loop: TapLoop) -> None:
    sender = Sender(loop)
    one = json.dumps(event("request", "1", {"instances": [1]})).encode()
    assert sender.post({"content-type": STRUCTURED}, one) == (200, {})
    several = [event("response", "1", {"predictions": [1]}), event("request", "2", {"instances": [2]})]
    assert sender.post({"content-type": BATCH}, json.dumps(several).encode()) == (200, {})
    (exchange,) = sender.sink.exchanges
    assert (body(exchange.request), body(exchange.response)) == (b'{"instances":[1]}', b'{"predictions":[1]}')


def test_a_batch_with_one_bad_event_keeps_the_others_and_names_it(loop: TapLoop) -> None:
    sender = Sender(loop)
    batch = [event("request", "1", {}), event("request", "", {}), event("response", "1", {})]
    status, told = sender.post({"content-type": BATCH}, json.dumps(batch).encode())
    assert status == 200
    assert told == {
        "accepted": 2,
        "refused": 1,
        "faults": [{"index": 1, "message": "the event has no id"}],
    }
    assert len(sender.sink.exchanges) == 1
    assert sender.sink.lost_rows() == {"malformed_event": 1}


@pytest.mark.parametrize(
    ("headers", "data", "told"),
    [
        ({"content-type": "application/json"}, ASK, "specversion"),
        ({"content-type": STRUCTURED}, b"{", "not JSON"),
        ({"content-type": BATCH}, b"[1, 2]", "no event is sound"),
        ({"content-type": BATCH, "content-encoding": "br"}, b"[]", "unsupported_encoding"),
        (kserve_headers("request") | {"ce-inferenceservicename": ""}, ASK, "names no model"),
    ],
)
def test_what_is_no_event_is_refused_clearly_and_counted(
    loop: TapLoop, headers: dict[str, str], data: bytes, told: str
) -> None:
    sender = Sender(loop)
    status, answer = sender.post(headers, data)
    assert (status, answer["code"]) == (400, "malformed_event")
    assert told in answer["message"]
    assert set(sender.sink.lost_rows()) == {"malformed_event"}


def test_a_refused_event_is_counted_for_its_model(loop: TapLoop) -> None:
    sender = Sender(loop)
    assert sender.post(kserve_headers("request") | {"ce-source": ""}, ASK)[0] == 400
    assert [identity.model for identity, *_ in sender.sink.losses] == ["digits"]


def test_feedback_and_probes_are_no_losses(loop: TapLoop) -> None:
    sender = Sender(loop)
    assert sender.post(seldon_headers("request") | {"ce-type": "io.seldon.serving.feedback"}, b"{}")[0] == 200
    client = HTTPConnection("127.0.0.1", sender.port, timeout=10)
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.getheader("Allow")) == (405, "POST")
    client.close()
    assert (sender.sink.exchanges, sender.sink.losses) == ([], [])
    assert sender.tap.counts == {"ignored": 1, "method_not_allowed": 1}


def test_an_oversized_body_is_refused_before_and_while_it_is_sent(loop: TapLoop) -> None:
    sender = Sender(loop)
    with sender.raw() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MESSAGE_BYTES + 1))
        assert b"413 Content Too Large" in read_all(client)
    with sender.raw() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(20):
                client.sendall(b"100000\r\n" + b"x" * 1_048_576 + b"\r\n")
        assert b"body_too_large" in read_all(client)
    assert sender.sink.lost_rows() == {"body_too_large": 2}
    assert sender.post(kserve_headers("request"), ASK) == (200, {})


def test_oversized_headers_are_refused(loop: TapLoop) -> None:
    sender = Sender(loop)
    with sender.raw() as client:
        client.sendall(b"POST / HTTP/1.1\r\n")
        with contextlib.suppress(OSError):
            for number in range(2000):
                client.sendall(b"X-%d: %s\r\n" % (number, b"y" * 60))
        assert b"431 " in read_all(client)


def test_bytes_that_are_no_http_are_refused(loop: TapLoop) -> None:
    sender = Sender(loop)
    with sender.raw() as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # somebody tries TLS
        assert b"malformed_http" in read_all(client)
    assert sender.sink.lost_rows() == {"malformed_event": 1}


def test_a_slow_client_is_cut_off_and_others_are_served(
    loop: TapLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_SECONDS", 0.5)
    sender = Sender(loop)
    with sender.raw() as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        deadline = time.monotonic() + 10
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline:
                slow.sendall(b"x")
                assert sender.post(kserve_headers("request"), ASK)[0] == 200
                time.sleep(0.2)
                if sender.tap.counts["too_slow"]:
                    break
        assert b"408 " in read_all(slow)
    assert sender.sink.lost_rows() == {"malformed_event": 1}


def test_an_idle_connection_is_closed_without_a_count(loop: TapLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "IDLE_SECONDS", 0.2)
    sender = Sender(loop)
    with sender.raw() as client:
        assert read_all(client) == b""
    assert sender.sink.losses == []


def test_a_half_closed_connection_is_still_answered(loop: TapLoop) -> None:
    sender = Sender(loop)
    lines = [f"{name}: {value}" for name, value in kserve_headers("request").items()]
    head = "\r\n".join(["POST / HTTP/1.1", "Host: x", f"Content-Length: {len(ASK)}", *lines]).encode()
    with sender.raw() as client:
        client.sendall(head + b"\r\n\r\n" + ASK)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).startswith(b"HTTP/1.1 200 OK")
    with sender.raw() as client:
        client.sendall(head + b"\r\n\r\n" + ASK[:5])
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    eventually(sender.sink.lost_rows, lambda rows: rows == {"malformed_event": 1})
    assert [identity.model for identity, *_ in sender.sink.losses] == ["digits"]


def test_pipelined_requests_are_answered_in_order_and_expect_is_honoured(loop: TapLoop) -> None:
    sender = Sender(loop)
    lines = "".join(f"{name}: {value}\r\n" for name, value in kserve_headers("request").items()).encode()
    good = b"POST / HTTP/1.1\r\nHost: x\r\n" + lines + b"Content-Length: 2\r\n\r\n{}"
    bad = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    last = good.replace(b"Host: x", b"Host: x\r\nConnection: close\r\nExpect: 100-continue")
    with sender.raw() as client:
        client.sendall(good + bad + last)
        answers = read_all(client)
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"400", b"100", b"200"]


def test_bodies_under_way_are_bounded(loop: TapLoop) -> None:
    sender = Sender(loop, budget=BodyBudget(100_000))
    with sender.raw() as greedy:
        greedy.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99000\r\n\r\n" + b"x" * 98_000)
        eventually(lambda: sender.post(kserve_headers("request"), b"y" * 5000)[0], lambda code: code == 503)
    eventually(lambda: sender.post(kserve_headers("request"), b"y" * 5000)[0], lambda code: code == 200)
    assert sender.sink.lost_rows()["tap_overflow"] >= 1


def test_connections_are_bounded(loop: TapLoop) -> None:
    sender = Sender(loop, connections=3)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(sender.raw()) for _ in range(3)]
        assert held
        with sender.raw() as fourth:
            assert b"503 " in read_all(fourth)
    eventually(lambda: sender.post(kserve_headers("request"), ASK)[0], lambda code: code == 200)


def test_an_unpaired_half_is_handed_over_after_its_time_and_at_the_end(loop: TapLoop) -> None:
    sender = Sender(loop, wait_seconds=0.3)
    sender.post(kserve_headers("request", "1"), ASK)
    (first,) = eventually(lambda: list(sender.sink.exchanges), lambda found: len(found) == 1)
    assert first.response is None
    sender.post(kserve_headers("response", "2"), TELL)
    loop.run(sender.tap.stop())
    assert sender.sink.exchanges[1].request is None


def test_a_port_that_somebody_uses_is_a_clear_error(loop: TapLoop) -> None:
    sender = Sender(loop)
    with pytest.raises(PortInUse, match="--cloudevents"):
        loop.run(CloudEventsTap(Endpoint("127.0.0.1", sender.port), sender.sink).start())
