"""Pairing: order, duplicates, time-outs, clocks and bounds."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest

from collector.exchange import Exchange
from collector.taps.cloudevents import pairing as module
from collector.taps.cloudevents.event import binary_event
from collector.taps.cloudevents.half import Half, half_of
from collector.taps.cloudevents.pairing import Pairing
from tests.recording_sink import RecordingSink, body
from tests.unit.collector.logger_events import Kind, kserve_headers

NOON = 1795428000.0


def half(
    kind: Kind, event_id: str = "1", *, epoch: float = NOON, arrived: float | None = None, size: int = 4
) -> Half:
    data = (b"ask!" if kind == "request" else b"tell").ljust(size, b" ")
    found = half_of(binary_event(kserve_headers(kind, event_id), data), kind)
    return replace(found, epoch_seconds=epoch, arrived=found.arrived if arrived is None else arrived)


def outcome_of(*halves: Half) -> Exchange:
    sink = RecordingSink()
    pairing = Pairing(sink.exchange)
    for each in halves:
        pairing.add(each)
    (exchange,) = sink.exchanges
    assert len(pairing) == pairing.waiting_bytes == 0
    return exchange


def test_a_pair_is_one_exchange_in_whatever_order_it_comes() -> None:
    asked, answered = half("request"), half("response", epoch=NOON + 0.25)
    for exchange in (outcome_of(asked, answered), outcome_of(answered, asked)):
        assert (body(exchange.request), body(exchange.response)) == (b"ask!", b"tell")
        assert exchange.tap == "cloudevents"
        assert exchange.latency_ms == pytest.approx(250.0)
        assert exchange.epoch_seconds == NOON
        assert exchange.identity.event_id == ""  # the body's own id comes first, then x-request-id


@pytest.mark.parametrize("jump", [-3600.0, 3600.0, math.nan])
def test_a_clock_that_jumps_between_the_halves_does_not_make_the_latency(jump: float) -> None:
    exchange = outcome_of(
        half("request", arrived=100.0), half("response", epoch=NOON + jump, arrived=100.020)
    )
    assert exchange.latency_ms == pytest.approx(20.0)


def test_a_clock_far_ahead_is_not_believed() -> None:
    exchange = outcome_of(half("request", epoch=time.time() + 86400.0), half("response"))
    assert exchange.epoch_seconds == pytest.approx(time.time(), abs=5.0)


def test_a_half_that_stays_alone_is_handed_over_after_its_time() -> None:
    sink = RecordingSink()
    pairing = Pairing(sink.exchange, wait_seconds=30.0)
    pairing.add(half("request", "1", arrived=100.0))
    pairing.add(half("response", "2", arrived=101.0))
    pairing.expire(129.9)
    assert sink.exchanges == []
    pairing.expire(130.5)
    pairing.expire(131.5)
    asked, answered = sink.exchanges
    assert (body(asked.request), asked.response) == (b"ask!", None)
    assert (answered.request, body(answered.response)) == (None, b"tell")
    assert (answered.identity.model, answered.identity.event_id) == ("digits", "2")
    assert (len(pairing), pairing.waiting_bytes, pairing.counts["expired"]) == (0, 0, 2)


def test_a_half_that_comes_after_its_pair_was_given_up_is_late_and_not_a_second_inference() -> None:
    sink = RecordingSink()
    pairing = Pairing(sink.exchange)
    pairing.add(half("request", arrived=0.0))
    pairing.expire(1000.0)
    assert pairing.add(half("response")) == "late"
    assert pairing.add(half("request")) == "duplicate"
    assert len(sink.exchanges) == 1


def test_duplicates_count_once() -> None:
    sink = RecordingSink()
    pairing = Pairing(sink.exchange)
    outcomes = [pairing.add(half(kind)) for kind in ("request", "request", "response", "response", "request")]
    assert outcomes == ["waiting", "duplicate", "paired", "duplicate", "duplicate"]
    assert len(sink.exchanges) == 1


def test_what_waits_is_bounded_in_number_and_nothing_is_lost() -> None:
    sink = RecordingSink()
    pairing = Pairing(sink.exchange, halves=10)
    for number in range(100):
        pairing.add(half("request", str(number)))
        assert len(pairing) <= 10
    assert (len(sink.exchanges), pairing.counts["evicted"]) == (90, 90)
    pairing.flush()
    assert [exchange.request.headers["x-request-id"] for exchange in sink.exchanges if exchange.request] == [
        str(number) for number in range(100)
    ]


def test_what_waits_is_bounded_in_bytes() -> None:
    sink = RecordingSink()
    pairing = Pairing(sink.exchange, limit_bytes=1_000_000)
    for number in range(50):
        pairing.add(half("request", str(number), size=100_000))
        assert pairing.waiting_bytes <= 1_000_000
    assert len(pairing) == 9
    assert pairing.add(half("request", "huge", size=2_000_000)) == "waiting"
    assert (len(pairing), pairing.waiting_bytes) == (0, 0)
    assert len(sink.exchanges) == 51


def test_the_memory_of_finished_pairs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 8)
    sink = RecordingSink()
    pairing = Pairing(sink.exchange)
    for number in range(40):
        pairing.add(half("request", str(number)))
        pairing.add(half("response", str(number)))
    outcomes = [pairing.add(half("request", str(number))) for number in range(40)]
    remembered = outcomes.count("duplicate")
    assert 8 <= remembered <= 16
    assert outcomes[-8:] == ["duplicate"] * 8
