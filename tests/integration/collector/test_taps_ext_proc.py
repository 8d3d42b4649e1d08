"""The ext_proc tap over real gRPC: streams that end well, are reset, are too many, or are no messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from collector.endpoint import Endpoint
from collector.taps.ext_proc.server import METHOD, ExtProcTap
from driftline.errors import PortInUse
from tests.integration.collector.tap_loop import TapLoop
from tests.integration.collector.waiting import eventually
from tests.recording_sink import RecordingSink, body
from tests.unit.collector.envoy_messages import answered, asked, request_body, response_body

INFER = "/v2/models/digits/infer"
WHOLE = [
    asked(INFER),
    request_body(b"{}", end=True),
    answered(),
    response_body(b"[]", end=True),
]


class Envoy:
    """A tap, and a channel to it as Envoy holds one."""

    def __init__(self, loop: TapLoop, **options: Any) -> None:
        self.sink = RecordingSink()
        self.tap = ExtProcTap(Endpoint("127.0.0.1", 0), self.sink, **options)
        self.port = loop.start(self.tap)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def stream(self, messages: Iterator[Any] | list[Any], raw: bool = False) -> Any:
        call: grpc.StreamStreamMultiCallable[Any, Any] = self._channel.stream_stream(
            METHOD, request_serializer=None if raw else lambda message: message.SerializeToString()
        )
        return call(iter(messages), timeout=20)

    def check(self) -> bytes:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check"
        )
        return call(b"", timeout=20)

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def loop() -> Iterator[TapLoop]:
    with TapLoop() as running:
        yield running


@pytest.fixture
def envoy(loop: TapLoop) -> Iterator[Envoy]:
    connected = Envoy(loop)
    yield connected
    connected.close()


def and_then_wait(messages: list[Any]) -> Iterator[Any]:
    """The messages, and a stream that stays open."""
    yield from messages
    time.sleep(10)


def test_the_tap_ends_a_stream_when_it_is_complete(envoy: Envoy) -> None:
    began = time.monotonic()
    assert list(envoy.stream(and_then_wait(WHOLE))) == []
    assert time.monotonic() - began < 5
    (exchange,) = envoy.sink.exchanges
    assert (body(exchange.request), body(exchange.response)) == (b"{}", b"[]")


def test_a_stream_that_is_reset_is_kept_or_counted_by_how_far_it_came(envoy: Envoy) -> None:
    complete = envoy.stream(and_then_wait(WHOLE[:2]))
    cut_off = envoy.stream(and_then_wait([asked(INFER), request_body(b"{")]))
    time.sleep(0.5)
    complete.cancel()
    cut_off.cancel()
    (exchange,) = eventually(lambda: list(envoy.sink.exchanges), lambda found: len(found) == 1)
    assert exchange.response is None
    eventually(envoy.sink.lost_rows, lambda rows: rows == {"no_response": 1})
    assert [identity.model for identity, *_ in envoy.sink.losses] == ["digits"]


def test_a_stream_that_envoy_half_closes_early_is_finished(envoy: Envoy) -> None:
    assert list(envoy.stream(WHOLE[:3])) == []
    (exchange,) = envoy.sink.exchanges
    assert exchange.response is None


def test_streams_beyond_the_bound_are_counted_and_let_go(loop: TapLoop) -> None:
    envoy = Envoy(loop, open_streams=2)
    held = [envoy.stream(and_then_wait(WHOLE[:1])) for _ in range(2)]
    time.sleep(0.5)
    assert list(envoy.stream(and_then_wait(WHOLE))) == []
    assert envoy.sink.lost_rows() == {"tap_overflow": 1}
    for call in held:
        call.cancel()
    eventually(lambda: envoy.tap._open, lambda number: number == 0)
    assert list(envoy.stream(WHOLE)) == []
    assert len(envoy.sink.exchanges) == 1
    envoy.close()


def test_bytes_that_are_no_message_end_their_stream_alone(envoy: Envoy) -> None:
    with pytest.raises(grpc.RpcError):
        list(envoy.stream([b"\xff\xff\xff"], raw=True))
    assert list(envoy.stream(WHOLE)) == []
    assert len(envoy.sink.exchanges) == 1


def test_envoy_may_ask_whether_the_tap_lives(envoy: Envoy) -> None:
    assert envoy.check() == b"\x08\x01"  # SERVING


def test_a_tap_that_stops_hands_over_what_is_complete(loop: TapLoop, envoy: Envoy) -> None:
    call = envoy.stream(and_then_wait(WHOLE[:2]))
    time.sleep(0.5)
    loop.run(envoy.tap.stop())
    with pytest.raises(grpc.RpcError):
        list(call)
    assert len(envoy.sink.exchanges) == 1


def test_a_port_that_somebody_uses_is_a_clear_error(loop: TapLoop, envoy: Envoy) -> None:
    with pytest.raises(PortInUse, match="--ext-proc"):
        loop.run(ExtProcTap(Endpoint("127.0.0.1", envoy.port), envoy.sink).start())
