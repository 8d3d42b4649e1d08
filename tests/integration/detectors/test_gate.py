"""The gate on a real database: answers handed in, shadows, the drifted slice, limits, bad input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors.gate import (
    GateCriteria,
    GateQuestion,
    RowsQuestion,
    evaluation_rows,
    judge_candidate,
    record_answers,
)
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.readmodel.gates import GateReport, gate_reports
from driftline.settings import Settings
from driftline.store import Store
from tests.seeding.two_versions import CHALLENGER, CHAMPION, Traffic, seed_two_versions

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
UNTIL = START + timedelta(days=1)
DRIFTED = START + timedelta(seconds=3000)
ROWS = 4000


def champion_only(store: Store, **traffic: Any) -> Contract:
    return seed_two_versions(store, Traffic(rows=ROWS, **traffic), START, versions=(CHAMPION,))


def hand_in(
    store: Store,
    contract: Contract,
    *,
    errors: float = 0.05,
    drifted_errors: float | None = None,
    version: str = "7",
    given_out: bool = True,
    keep: int = ROWS,
) -> None:
    """Fetch the evaluation rows and answer them with a share of errors that is known."""
    stored = "SELECT event_key, toString(truth) AS truth FROM labelled_events WHERE model = 'letters'"
    truths = {row["event_key"]: row["truth"] for row in store.query(stored)}
    question = RowsQuestion(CHAMPION, START, UNTIL, DRIFTED, most=ROWS)
    rows = list(evaluation_rows(store, contract, question))
    if not given_out:
        store.command("TRUNCATE TABLE gate_handouts")
    keys = store.query_columns(
        "SELECT cityHash64(id) AS key FROM (SELECT arrayJoin(ids) AS id FROM constants)",
        constants={"ids": ("Array(String)", [row["event_id"] for row in rows])},
    )["key"]
    luck = np.random.default_rng(4).random(len(rows))
    answers = []
    for row, key, draw in zip(rows, keys, luck, strict=True):
        drifted = row["ts"] >= DRIFTED.isoformat()
        share = drifted_errors if drifted and drifted_errors is not None else errors
        truth = truths[key]
        wrong = {"a": "b", "b": "a"}[truth]
        answers.append(
            {"event_id": row["event_id"], "prediction": wrong if draw < share else truth, "scores": 0.9}
        )
    receipt = record_answers(store, contract, version, answers[:keep])
    assert receipt.refused == 0, receipt.faults


def judged(
    store: Store, settings: Settings, contract: Contract, version: str = "7", **criteria: Any
) -> GateReport:
    return judge_candidate(
        store,
        settings,
        contract,
        GateQuestion(version, CHAMPION, START, UNTIL, DRIFTED),
        GateCriteria.model_validate(criteria),
    )


def status(report: GateReport, kind: str) -> list[str]:
    return [check.status for check in report.checks if check.kind == kind]


def test_a_better_candidate_passes_on_the_rows_that_were_given_out(store: Store, settings: Settings) -> None:
    contract = champion_only(store, errors=(0.15, 0.15))
    hand_in(store, contract, errors=0.05)
    report = judged(store, settings, contract, limits={"accuracy": ">= 90%", "recall[a]": ">= .9"})
    assert report.verdict == "pass", report.words
    assert report.evidence == "answers"
    assert report.rows is not None
    assert (report.rows.expected, report.rows.answered, report.rows.unknown) == (ROWS, ROWS, 0)
    assert report.overall is not None
    assert report.overall.champion == pytest.approx(0.85, abs=0.02)
    assert report.overall.challenger == pytest.approx(0.95, abs=0.02)
    assert report.drifted is not None
    assert report.drifted.challenger_labels == 1000
    (overall,) = (check for check in report.checks if check.kind == "overall")
    assert ": better by " in overall.words
    by_metric = {(one.metric, one.class_name, one.slice): one for one in report.figures}
    accuracy = by_metric["accuracy", "", "all"]
    assert accuracy.candidate == pytest.approx(report.overall.challenger, abs=1e-9)
    assert accuracy.champion == pytest.approx(report.overall.champion, abs=1e-9)
    assert ("recall", "a", "drifted") in by_metric
    assert {check.name for check in report.checks if check.kind == "segment"} == {"desk=x", "desk=y"}


def test_a_worse_candidate_fails_and_says_by_how_much(store: Store, settings: Settings) -> None:
    contract = champion_only(store, errors=(0.05, 0.05))
    hand_in(store, contract, errors=0.15)
    report = judged(store, settings, contract)
    assert report.verdict == "fail"
    assert status(report, "overall") == ["fail"]
    assert "must not be deployed" in report.words[0]
    (said,) = (word for word in report.words if word.startswith("all rows: accuracy"))
    assert ": worse by " in said


def test_a_candidate_that_fails_on_the_drifted_slice_alone_does_not_pass(
    store: Store, settings: Settings
) -> None:
    contract = champion_only(store, errors=(0.1, 0.1))
    hand_in(store, contract, errors=0.02, drifted_errors=0.25)
    report = judged(store, settings, contract, segments="ignore")
    assert status(report, "overall") == ["pass"]
    assert status(report, "drifted") == ["fail"]
    assert report.verdict == "fail"
    ignored = judged(store, settings, contract, segments="ignore", drifted="ignore")
    assert ignored.verdict == "pass"


def test_hard_limits_fail_a_candidate_that_is_better_than_the_champion(
    store: Store, settings: Settings
) -> None:
    contract = champion_only(store, errors=(0.2, 0.2))
    hand_in(store, contract, errors=0.1)
    report = judged(store, settings, contract, limits={"accuracy": ">= 95%"})
    assert report.verdict == "fail"
    assert status(report, "limit") == ["fail"]
    assert "the limit >= 95.0%" in report.words[1]
    missing = judged(store, settings, contract, limits={"latency_p95_ms": "<= 50", "recall[z]": ">= .5"})
    assert missing.verdict == "undecided"
    assert status(missing, "limit") == ["undecided", "undecided"]


def test_rows_that_are_left_out_fail_it_and_rows_nobody_gave_out_leave_it_open(
    store: Store, settings: Settings
) -> None:
    contract = champion_only(store, errors=(0.15, 0.15))
    hand_in(store, contract, keep=ROWS // 2)
    report = judged(store, settings, contract)
    assert report.verdict == "fail"
    assert status(report, "answered") == ["fail"]
    hand_in(store, contract, version="8", given_out=False)
    assert status(judged(store, settings, contract, "8"), "answered") == ["undecided"]


def test_too_few_labels_and_equal_quality_are_undecided_not_passed(store: Store, settings: Settings) -> None:
    contract = champion_only(store, errors=(0.1, 0.1))
    hand_in(store, contract, errors=0.09, keep=100)
    report = judged(store, settings, contract, least_answered=0.01)
    assert report.verdict == "undecided"
    assert status(report, "labels") == ["undecided"]


def test_a_shadow_is_judged_on_live_traffic_with_failures_and_speed(store: Store, settings: Settings) -> None:
    contract = seed_two_versions(
        store, Traffic(rows=ROWS, errors=(0.1, 0.05), latency_ms=(10.0, 40.0), failed=(0.0, 0.01)), START
    )
    limits = {"latency_p95_ms": "<= 30", "failure_share": "<= 5%", "accuracy": ">= 90%"}
    report = judged(store, settings, contract, CHALLENGER, limits=limits)
    assert (report.evidence, report.pairing) == ("traffic", "event")
    assert report.rows is None
    by_name = {check.name.split()[0]: check.status for check in report.checks if check.kind == "limit"}
    assert by_name == {"latency_p95_ms": "fail", "failure_share": "pass", "accuracy": "pass"}
    assert status(report, "overall") == ["pass"]
    assert report.verdict == "fail"


def test_a_report_is_kept_once_and_made_anew_with_new_labels(store: Store, settings: Settings) -> None:
    contract = champion_only(store, errors=(0.15, 0.15))
    hand_in(store, contract)
    first = judged(store, settings, contract)
    assert judged(store, settings, contract) == first
    store.command(
        "INSERT INTO labelled_events SELECT * REPLACE (now64(6) AS label_received_at, now64(6) AS joined_at, "
        "if(prediction = 'a', 'b', 'a') AS truth) FROM labelled_events WHERE model = 'letters'"
    )
    second = judged(store, settings, contract)
    assert second.signature != first.signature
    assert second.overall is not None
    # Every truth of the champion was corrected to what it did not say, so it is always wrong.
    assert second.overall.champion == 0.0
    assert [one.signature for one in gate_reports(store, "letters")] == [second.signature, first.signature]


def test_a_candidate_nobody_has_seen_has_no_evidence(store: Store, settings: Settings) -> None:
    contract = champion_only(store)
    report = judged(store, settings, contract, "99")
    assert report.verdict == "no_evidence"
    assert report.checks == ()


def test_answers_that_cannot_be_answers_are_refused_one_by_one(store: Store, settings: Settings) -> None:
    contract = champion_only(store)
    receipt = record_answers(
        store,
        contract,
        "7",
        [
            {"event_id": "r1", "prediction": "a"},
            {"event_id": "", "prediction": "a"},
            {"event_id": "r2"},
            {"event_id": "r3", "prediction": 0.5},
            {"event_id": "r4", "prediction": "a", "scores": 1.5},
            {"event_id": "r5", "prediction": "a", "scores": {"a": 0.9}},
        ],
    )
    assert (receipt.stored, receipt.refused) == (1, 5)
    assert receipt.faults[0] == "answer 2: event_id is a text that is not empty, got ''"
    with pytest.raises(InvalidInput, match="version is empty"):
        record_answers(store, contract, " ", [])
    with pytest.raises(InvalidInput, match="in service, got '1' twice"):
        judged(store, settings, contract, CHAMPION)
    with pytest.raises(InvalidInput, match="rows lie between"):
        evaluation_rows(store, contract, RowsQuestion(CHAMPION, START, UNTIL, most=0))
