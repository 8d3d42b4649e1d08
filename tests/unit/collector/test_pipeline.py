"""Exchanges into events: identity, sampling, contracts that come late, and losses by reason."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import orjson
import pytest

from collector.coverage import CoverageLedger
from collector.exchange import Exchange, Identity, Request, Response
from collector.sampling import Sampler, SamplingOptions
from collector.worker.batches import BATCH_ROWS, Batches
from collector.worker.contract_book import ContractBook
from collector.worker.pending import PendingSamples
from collector.worker.pipeline import INFER_AFTER_SAMPLES, Pipeline
from driftline.contracts import Contract, ContractField
from driftline.events import EventBlock

CONTRACT = Contract(model="m", fields=(ContractField(name="x", kind="numeric"),)).succeed(None)


class KeepingSink:
    """Keeps what is offered, row by row."""

    def __init__(self) -> None:
        self.blocks: list[EventBlock] = []

    def offer(self, block: EventBlock) -> None:
        self.blocks.append(block)

    def column(self, name: str) -> list[Any]:
        return [value for block in self.blocks for value in getattr(block, name)]


class FixedBook(ContractBook):
    """Knows what the test tells it, as if just read."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Contract] = {}
        self.proposals: list[Contract] = []

    def get(self, model: str) -> Contract | None:
        return self.known.get(model)

    def read_since(self, model: str, moment: float) -> bool:
        return True

    def propose(self, contract: Contract) -> None:
        self.proposals.append(contract)

    def proposed(self, model: str) -> bool:
        return bool(self.proposals)


class Stage:
    """A pipeline with its neighbours."""

    def __init__(self, rate: float = 1.0, pending: PendingSamples | None = None) -> None:
        self.ledger = CoverageLedger()
        self.sink = KeepingSink()
        self.book = FixedBook()
        sampler = Sampler(SamplingOptions(rate, adaptive=False), seed=1)
        self.batches = Batches(sampler, self.ledger, self.sink)
        self.pipeline = Pipeline("i", sampler, self.ledger, self.book, self.batches, pending=pending)

    def take(self, *made: Exchange) -> KeepingSink:
        """What becomes of exchanges, batched."""
        for one in made:
            self.pipeline.exchange(one)
        self.pipeline.tick()
        return self.sink

    def fates(self) -> dict[str, int]:
        """Counted rows by fate."""
        return {fate: rows for (_, fate), rows in self.ledger.totals().items()}


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
    ids = stage.take(
        exchange(id="body", headers={"x-request-id": "header"}),
        exchange(headers={"x-request-id": "header"}, rows=2),
        exchange(),
    ).column("event_id")
    assert ids[:3] == ["body", "header/0", "header/1"]
    assert len(ids[3]) == 36


def test_version_of_the_answer_wins_over_the_path(stage: Stage) -> None:
    path = "/v2/models/m/versions/9/infer"
    sink = stage.take(exchange(path=path), exchange(answered=b'{"outputs":[]}', path=path))
    assert sink.column("version") == ["2", "9"]


def test_latency_and_time_are_of_the_request(stage: Stage) -> None:
    sink = stage.take(exchange(headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}))
    assert sink.column("latency_ms") == [pytest.approx(1000.0)]
    assert time.time() - sink.column("ts_ms")[0] / 1000.0 == pytest.approx(1.0, abs=0.5)
    assert sink.column("trace_id") == ["a" * 32]


def test_what_a_tap_knows_is_used(stage: Stage) -> None:
    made = exchange(path="")
    identity = Identity(model="m", version="7", instance="pod-1", event_id="e", trace_id="b" * 32)
    response = Response(0.0, chunks=[b'{"outputs":[]}'], status=200)
    at = int(time.time()) - 86400.0 + 0.25
    sink = stage.take(Exchange(made.request, response, "cloudevents", identity, at=at, took_ms=12.5))
    (block,) = sink.blocks
    assert (block.model, block.tap, block.version, block.instance) == ("m", "cloudevents", ["7"], ["pod-1"])
    assert (block.event_id, block.trace_id) == (["e"], ["b" * 32])
    assert (block.ts_ms, block.latency_ms) == ([int(at * 1000)], [12.5])


@pytest.mark.parametrize("away", [-40 * 86400.0, 7200.0, 3e11, -3e11, math.inf])
def test_a_time_that_cannot_be_is_the_arrival(stage: Stage, away: float) -> None:
    made = exchange()
    sink = stage.take(Exchange(made.request, made.response, "client", at=time.time() + away))
    assert sink.column("ts_ms")[0] / 1000.0 == pytest.approx(time.time(), abs=5.0)


def test_halves_are_kept_with_their_status(stage: Stage) -> None:
    made = exchange()
    named = Identity(model="m")
    sink = stage.take(
        made,
        replace(made, response=None),
        replace(made, request=None, identity=named),
        exchange(status=500, answered=b"oops"),
    )
    assert sink.column("status") == ["ok", "no_response", "no_request", "error"]
    assert [row[0] for block in sink.blocks for row in block.numeric.tolist()] == pytest.approx(
        [0.5, 0.5, math.nan, 0.5], nan_ok=True
    )
    assert not stage.batches.mismatches


def test_an_answer_that_only_its_body_calls_an_error(stage: Stage) -> None:
    made = exchange(path="", answered=b'{"error": "no such version"}')
    sink = stage.take(replace(made, tap="cloudevents", identity=Identity(model="m")))
    assert sink.column("status") == ["error"]
    assert not stage.batches.mismatches


def test_requests_without_an_answer(stage: Stage) -> None:
    request = exchange().request
    assert request is not None
    stage.pipeline.unanswered(request)  # cut off before its end
    stage.pipeline.unanswered(replace(request, ended_at=request.began_at))
    stage.pipeline.tick()
    assert stage.sink.column("status") == ["no_response"]
    assert stage.fates() == {"no_response": 1}


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (exchange(asked=b"no json"), "malformed_body"),
        (exchange(answered=b"[]"), "malformed_body"),
        (exchange(headers={"content-encoding": "br"}), "unsupported_encoding"),
        (exchange(headers={"inference-header-content-length": "1000"}), "malformed_body"),
        (exchange(answered=b'{"outputs":[],"id":"b"}', id="a"), "mismatched_id"),
    ],
)
def test_what_cannot_be_decoded_is_counted_by_reason(stage: Stage, made: Exchange, reason: str) -> None:
    assert stage.take(made).blocks == []
    assert stage.fates() == {reason: 1}


def test_an_error_of_a_known_model_is_an_event_and_of_an_unknown_one_nothing(stage: Stage) -> None:
    sink = stage.take(
        exchange(status=500, answered=b"oops"),
        exchange(status=404, answered=b"oops", path="/v2/models/other/infer"),
    )
    assert [(block.model, block.status, block.numeric.tolist()) for block in sink.blocks] == [
        ("m", ["error"], [[0.5]])
    ]
    assert stage.fates() == {}


def test_unsampled_rows_are_counted_without_decoding() -> None:
    stage = Stage(rate=1e-4)
    assert stage.take(exchange(rows=7)).blocks == []
    assert stage.ledger.take()["unsampled"] == [7]


def test_batches_are_handed_over_when_full_and_by_tap(stage: Stage) -> None:
    for _ in range(BATCH_ROWS // 2):
        stage.pipeline.exchange(exchange(rows=2))
        stage.pipeline.exchange(replace(exchange(), tap="client"))
    assert [(block.tap, len(block)) for block in stage.sink.blocks] == [("splice", BATCH_ROWS)]
    stage.pipeline.tick()
    assert [(block.tap, len(block)) for block in stage.sink.blocks[1:]] == [("client", BATCH_ROWS // 2)]


def test_a_new_contract_does_not_mix_with_the_old_one(stage: Stage) -> None:
    stage.pipeline.exchange(exchange())
    wider = Contract(model="m", fields=(ContractField(name="y", kind="numeric"), *CONTRACT.fields)).succeed(
        CONTRACT
    )
    stage.book.known["m"] = wider
    stage.take(exchange())
    assert [block.numeric.shape for block in stage.sink.blocks] == [(1, 1), (1, 2)]


def test_nothing_is_lost_while_the_contract_is_inferred() -> None:
    stage = Stage()
    for number in range(INFER_AFTER_SAMPLES):
        stage.pipeline.exchange(exchange(id=str(number)))
    stage.pipeline.tick()
    stage.pipeline.tick()
    assert [contract.model for contract in stage.book.proposals] == ["m"]
    assert stage.take(exchange(id="late")).blocks == []
    stage.book.known["m"] = CONTRACT
    stage.pipeline.tick()
    assert len(stage.sink.column("event_id")) == INFER_AFTER_SAMPLES + 1
    assert not stage.pipeline.waits()


def test_the_wait_for_a_contract_is_bounded() -> None:
    stage = Stage(pending=PendingSamples(limit=3))
    stage.take(*(exchange() for _ in range(5)))
    assert stage.fates() == {"no_contract": 2}
