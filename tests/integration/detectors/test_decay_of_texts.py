"""Decay of a recogniser: transcripts with their references, from labels to a decision, and at the gate."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from detectors.baselines.baseline import EventRange
from detectors.gate import GateCriteria, GateQuestion, RowsQuestion, evaluation_rows, judge_candidate
from detectors.gate.candidate_answers import record_answers
from detectors.performance.labels.joining import LabelJoin
from detectors.performance.quality_monitor import QualityMonitor
from detectors.performance.reference_quality import measure_reference
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.events import Label, record_labels
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import send, window

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [{"name": "out", "role": "output", "kind": "categorical"}],
        "quality": {"task": "transcription", "metric": "wer", "prediction": "out"},
    }
)
TRUTH = "one two three four five six seven eight nine ten"
ROWS = 60


@pytest.fixture
def tuned(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})


def speak(store: Store, contract: Contract, number: int, errors: float, version: str = "1") -> None:
    """Answers of one window in which a share of the words is wrong."""
    rng = np.random.default_rng([number, int(version)])
    said = [" ".join("eh" if rng.random() < errors else word for word in TRUTH.split()) for _ in range(ROWS)]
    ids = send(store, contract, {"out": said}, start=window(number), version=version)
    record_labels(store, "m", [Label(event_id, TRUTH) for event_id in ids], contract)


def test_a_recogniser_that_errs_more_has_decayed(store: Store, tuned: Settings) -> None:
    contract = ContractStore(store).register(CONTRACT)
    for number in range(36):
        speak(store, contract, number, 0.1 if number < 32 else 0.3)
    now = window(36) + timedelta(seconds=5)
    LabelJoin(store, tuned).refresh(contract, now)
    events = EventRange(model="m", since=window(0), until=window(20), versions=())
    measured = measure_reference(store, contract, "b1", events, 60)
    assert measured.risk is not None
    assert measured.risk.metric == "wer"
    assert measured.risk.moments.risk == pytest.approx(0.1, abs=0.01)
    found = QualityMonitor(store, tuned).evaluate(contract, now)
    assert {one.status for one in found[:32]} <= {"ok", "watch"}
    assert [one.status for one in found[33:]] == ["decayed"] * 3
    assert "word error rate" in found[-1].reason


def test_a_recogniser_is_judged_at_the_gate_by_its_texts(store: Store, tuned: Settings) -> None:
    contract = ContractStore(store).register(CONTRACT)
    for number in range(10):
        speak(store, contract, number, 0.3)
    LabelJoin(store, tuned).refresh(contract, window(10) + timedelta(seconds=5))
    since, until = window(0), window(10)
    rows = list(evaluation_rows(store, contract, RowsQuestion("1", since, until)))
    assert len(rows) == 10 * ROWS
    better = TRUTH.replace("ten", "tin")
    record_answers(
        store, contract, "2", [{"event_id": row["event_id"], "prediction": better} for row in rows]
    )
    question = GateQuestion("2", "1", since, until)
    report = judge_candidate(store, tuned, contract, question, GateCriteria())
    assert report.overall is not None
    assert report.overall.challenger == pytest.approx(0.1, abs=1e-9)
    assert report.overall.champion == pytest.approx(0.3, abs=0.03)
    by_metric = {(one.metric, one.slice): one for one in report.figures}
    assert by_metric["wer", "all"].candidate == pytest.approx(0.1, abs=1e-9)
    assert by_metric["wer", "all"].champion == pytest.approx(report.overall.champion, abs=1e-9)
    assert report.verdict == "pass", report.words
