"""Exchanges into events: identity, sampling, contracts that come late, and losses by reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.coverage import CoverageLedger
from collector.sampling import Sampler
from collector.shipping import Shipper
from collector.store_link import StoreLink
from collector.worker.contract_book import ContractBook
from collector.worker.message import Exchange, Request, Response
from collector.worker.pending import PendingSamples
from collector.worker.pipeline import INFER_AFTER_SAMPLES, Pipeline
from driftline.contracts import Contract, ContractField
from driftline.events import Event

CONTRACT = Contract(model="m", fields=(ContractField(name="x", kind="numeric"),)).succeed(None)


class KeepingShipper(Shipper):
    """Keeps what is offered; its thread is not started."""

    def __init__(self, ledger: CoverageLedger) -> None:
        super().__init__(StoreLink(None, "d", Path(), 30), ledger, flush_seconds=1.0)
        self.events: list[Event] = []

    def offer(self, events: Sequence[Event]) -> None:
        self.events.extend(events)


class FixedBook(ContractBook):
    """Knows what the test tells it, as if just read."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Contract] = {}
        self.proposals: list[Contract] = []

    def get(self, model: str) -> Contract | None:
        return self.known.get(model)

    def read_since(self, moment: float) -> bool:
        return True

    def propose(self, contract: Contract) -> None:
        self.proposals.append(contract)

    def proposed(self, model: str) -> bool:
        return bool(self.proposals)


class Stage:
    """A pipeline with its neighbours."""

    def __init__(self, rate: float = 1.0, pending: PendingSamples | None = None) -> None:
        self.ledger = CoverageLedger("i")
        self.shipper = KeepingShipper(self.ledger)
        self.book = FixedBook()
        sampler = Sampler(rate, {}, seed=1)
        self.pipeline = Pipeline("i", sampler, self.ledger, self.shipper, self.book, pending)


def exchange(
    asked: bytes | None = None,
    answered: bytes | None = None,
    *,
    status: int = 200,
    rows: int = 1,
    headers: dict[str, str] | None = None,
    path: str = "/v2/models/m/infer",
    **more: Any,
) -> Exchange:
    tensor = {"name": "x", "shape": [rows], "datatype": "FP32", "data": [0.5] * rows}
    asked = orjson.dumps({"inputs": [tensor], **more}) if asked is None else asked
    answered = orjson.dumps({"outputs": [], "model_version": "2"}) if answered is None else answered
    now = time.monotonic()
    request = Request(now - 1.0, headers=headers or {}, chunks=[asked], method="POST", target=path)
    return Exchange(request, Response(now, chunks=[answered], status=status, ended_at=now))


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.book.known["m"] = CONTRACT
    return stage


def test_ids_come_from_the_body_then_the_header_then_chance(stage: Stage) -> None:
    stage.pipeline.exchange(exchange(id="body", headers={"x-request-id": "header"}))
    stage.pipeline.exchange(exchange(headers={"x-request-id": "header"}, rows=2))
    stage.pipeline.exchange(exchange())
    ids = [event.event_id for event in stage.shipper.events]
    assert ids[:3] == ["body", "header/0", "header/1"]
    assert len(ids[3]) == 36


def test_version_of_the_answer_wins_over_the_path(stage: Stage) -> None:
    stage.pipeline.exchange(exchange(path="/v2/models/m/versions/9/infer"))
    stage.pipeline.exchange(exchange(answered=b'{"outputs":[]}', path="/v2/models/m/versions/9/infer"))
    assert [event.version for event in stage.shipper.events] == ["2", "9"]


def test_latency_and_time_are_of_the_request(stage: Stage) -> None:
    stage.pipeline.exchange(exchange(headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}))
    (event,) = stage.shipper.events
    assert event.latency_ms == pytest.approx(1000.0)
    assert time.time() - event.ts.timestamp() == pytest.approx(1.0, abs=0.5)
    assert event.trace_id == "a" * 32


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (exchange(asked=b"no json"), "malformed_body"),
        (exchange(answered=b"[]"), "malformed_body"),
        (exchange(headers={"content-encoding": "br"}), "unsupported_encoding"),
        (exchange(headers={"inference-header-content-length": "10"}), "binary_tensors"),
        (exchange(answered=b'{"outputs":[],"id":"b"}', id="a"), "mismatched_id"),
    ],
)
def test_what_cannot_be_decoded_is_counted_by_reason(stage: Stage, made: Exchange, reason: str) -> None:
    stage.pipeline.exchange(made)
    assert stage.shipper.events == []
    assert stage.ledger.totals == {reason: 1}


def test_an_error_of_a_known_model_is_an_event_and_of_an_unknown_one_nothing(stage: Stage) -> None:
    failed = exchange(status=500, answered=b"oops")
    stage.pipeline.exchange(failed)
    stage.pipeline.exchange(exchange(status=404, answered=b"oops", path="/v2/models/other/infer"))
    assert [(event.model, event.status, event.numeric) for event in stage.shipper.events] == [
        ("m", "error", [0.5])
    ]
    assert not stage.ledger.totals


def test_unsampled_rows_are_counted_without_decoding() -> None:
    stage = Stage(rate=1e-9)
    stage.pipeline.exchange(exchange(rows=7))
    assert stage.ledger.take()["unsampled"] == [7]
    assert stage.shipper.events == []


def test_nothing_is_lost_while_the_contract_is_inferred() -> None:
    stage = Stage()
    for number in range(INFER_AFTER_SAMPLES):
        stage.pipeline.exchange(exchange(id=str(number)))
    stage.pipeline.tick()
    stage.pipeline.tick()
    assert [contract.model for contract in stage.book.proposals] == ["m"]
    stage.pipeline.exchange(exchange(id="late"))
    assert stage.shipper.events == []
    stage.book.known["m"] = CONTRACT
    stage.pipeline.tick()
    assert len(stage.shipper.events) == INFER_AFTER_SAMPLES + 1
    assert not stage.pipeline.waits()


def test_the_wait_for_a_contract_is_bounded() -> None:
    stage = Stage(pending=PendingSamples(limit=3))
    for _ in range(5):
        stage.pipeline.exchange(exchange())
    assert stage.ledger.totals == {"no_contract": 2}


def test_a_sampler_keeps_its_rate_and_weight() -> None:
    sampler = Sampler(0.5, {"rare": 0.1}, seed=3)
    weights = [sampler.draw("rare") for _ in range(10_000)]
    kept = [weight for weight in weights if weight is not None]
    # Five standard deviations of a binomial(10000, 0.1).
    assert abs(len(kept) - 1000) < 150
    assert set(kept) == {10.0}
    assert {sampler.draw("other") for _ in range(100)} == {None, 2.0}
