"""Realised accuracy: labels that come late, are corrected, belong to nothing, or never come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from detectors.performance.accuracy import AccuracyMonitor, WindowAccuracy
from detectors.reference_rows import baseline_from_rows
from driftline.contracts import Contract, parse_contract
from driftline.events import Label, record_labels
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import send, window

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "out", "role": "output", "kind": "categorical"},
        ],
        "prediction": "out",
    }
)
ROWS = 100


@pytest.fixture
def tuned(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})


def reference(store: Store, correct: float = 0.95, labelled: float = 5000) -> None:
    baseline_from_rows(
        store,
        CONTRACT,
        [{"out": ["a", "b"] * 100}],
        name="reference",
        source="test",
        labelled=labelled,
        correct=correct * labelled,
    )


def answer(store: Store, number: int, *, right: float, label: bool = True) -> list[str]:
    """Answers of one window, of which the first share is right when they are labelled 'a'."""
    good = round(ROWS * right)
    ids = send(store, CONTRACT, {"out": ["a"] * good + ["b"] * (ROWS - good)}, start=window(number))
    if label:
        record_labels(store, "m", [Label(event_id, "a") for event_id in ids])
    return ids


def evaluate(
    store: Store, settings: Settings, windows: int, contract: Contract = CONTRACT
) -> list[WindowAccuracy]:
    return AccuracyMonitor(store, settings).evaluate(contract, window(windows) + timedelta(seconds=5))


def statuses(found: Sequence[WindowAccuracy]) -> list[str]:
    return [one.status for one in found]


def count(store: Store) -> int:
    return int(store.scalar("SELECT count() FROM performance"))


def test_steady_accuracy_is_ok_and_a_loss_is_decay(store: Store, tuned: Settings) -> None:
    reference(store)
    for number in range(30):
        answer(store, number, right=0.95)
    for number in range(30, 34):
        answer(store, number, right=0.6)
    found = evaluate(store, tuned, 34)
    assert statuses(found[:30]) == ["ok"] * 30
    # With 30 windows behind it the scan is still careful: the first one may only be watched.
    assert statuses(found[30:]) in (["watch"] + ["decayed"] * 3, ["decayed"] * 4)
    one = found[31]
    assert one.value == pytest.approx(0.6)
    assert one.lower < 0.6 < one.upper
    assert (one.baseline_value, one.labelled, one.rows) == (0.95, ROWS, ROWS)
    assert one.evidence >= one.threshold


def test_a_gain_of_accuracy_is_no_decay(store: Store, tuned: Settings) -> None:
    reference(store, correct=0.6)
    for number in range(30):
        answer(store, number, right=0.6)
    for number in range(30, 40):
        answer(store, number, right=1.0)
    assert set(statuses(evaluate(store, tuned, 40))) == {"ok"}


def test_after_decay_it_recovers(store: Store, tuned: Settings) -> None:
    reference(store)
    for number in range(45):
        answer(store, number, right=0.6 if 30 <= number < 36 else 0.95)
    found = statuses(evaluate(store, tuned, 45))
    assert set(found[31:36]) == {"decayed"}
    assert found[-1] == "ok"


def test_evaluating_again_writes_nothing(store: Store, tuned: Settings) -> None:
    reference(store)
    answer(store, 0, right=0.95)
    answer(store, 1, right=0.95, label=False)
    first = evaluate(store, tuned, 2)
    assert statuses(first) == ["ok", "insufficient_data"]
    written = count(store)
    assert written == 2
    assert len(evaluate(store, tuned, 2)) == 2
    assert count(store) == written


def test_late_labels_revise_their_window(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=0.9, label=False)
    before = evaluate(store, tuned, 1)[0]
    assert (before.status, before.labelled) == ("insufficient_data", 0)
    assert math.isnan(before.value)
    assert before.reason == "0 effective labels of 100 answers, 20 needed"
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids[:50]])
    half = evaluate(store, tuned, 1)[0]
    assert (half.labelled, half.value, half.status) == (50, 1.0, "ok")
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids[50:]])
    whole = evaluate(store, tuned, 1)[0]
    assert (whole.labelled, whole.value) == (100, 0.9)
    rows = store.query("SELECT labelled, value FROM performance FINAL")
    assert rows == [{"labelled": 100, "value": 0.9}]


def test_the_latest_label_of_an_event_counts(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=1.0)
    assert evaluate(store, tuned, 1)[0].value == 1.0
    record_labels(store, "m", [Label(event_id, "b") for event_id in ids[:30]])
    assert evaluate(store, tuned, 1)[0].value == 0.7
    assert evaluate(store, tuned, 1)[0].labelled == 100


def test_the_last_label_of_one_delivery_counts(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=1.0, label=False)
    twice = [Label(event_id, label) for label in ("b", "c", "a") for event_id in ids]
    receipt = record_labels(store, "m", twice)
    assert (receipt.accepted, receipt.matched) == (300, 300)
    assert evaluate(store, tuned, 1)[0].value == 1.0


def test_labels_of_unknown_events_wait_for_them(store: Store, tuned: Settings) -> None:
    reference(store)
    answer(store, 0, right=1.0)
    receipt = record_labels(store, "m", [Label(f"{window(1).isoformat()}/1/{i}", "a") for i in range(ROWS)])
    assert (receipt.matched, receipt.unknown) == (0, ROWS)
    assert evaluate(store, tuned, 2)[0].labelled == ROWS
    answer(store, 1, right=0.9, label=False)
    assert [one.value for one in evaluate(store, tuned, 2)] == [1.0, 0.9]


def test_labels_of_another_model_do_not_count(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=1.0, label=False)
    record_labels(store, "other", [Label(event_id, "a") for event_id in ids])
    assert evaluate(store, tuned, 1)[0].labelled == 0


def test_everything_wrong_or_everything_right_has_an_interval(store: Store, tuned: Settings) -> None:
    reference(store)
    answer(store, 0, right=1.0)
    answer(store, 1, right=0.0)
    right, wrong = evaluate(store, tuned, 2)
    assert [right.value, right.upper] == pytest.approx([1, 1], abs=1e-12)
    assert 0.9 < right.lower < 1
    assert [wrong.value, wrong.lower] == pytest.approx([0, 0], abs=1e-12)
    assert 0 < wrong.upper < 0.1


def test_without_labelled_reference_there_is_a_value_but_no_verdict(store: Store, tuned: Settings) -> None:
    answer(store, 0, right=0.9)
    found = evaluate(store, tuned, 1)[0]
    assert (found.status, found.value) == ("no_baseline", 0.9)
    assert math.isnan(found.baseline_value)
    reference(store)
    assert evaluate(store, tuned, 1)[0].baseline_value == 0.95
    assert store.scalar("SELECT baseline_value FROM performance FINAL") == 0.95


def test_a_new_reference_is_written_even_when_the_verdict_stays(store: Store, tuned: Settings) -> None:
    reference(store, correct=0.95)
    answer(store, 0, right=0.95)
    evaluate(store, tuned, 1)
    reference(store, correct=0.94)
    assert statuses(evaluate(store, tuned, 1)) == ["ok"]
    assert store.scalar("SELECT baseline_value FROM performance FINAL") == pytest.approx(0.94)


def test_failed_answers_are_not_judged(store: Store, tuned: Settings) -> None:
    reference(store)
    answer(store, 0, right=1.0)
    send(
        store,
        CONTRACT,
        {"out": [None] * 50},
        start=window(0),
        status="error",
        ids=[f"e{i}" for i in range(50)],
    )
    assert evaluate(store, tuned, 1)[0].rows == ROWS


def test_weights_count(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = send(store, CONTRACT, {"out": ["a"] * 50 + ["b"] * 50}, weights=[3.0] * 50 + [1.0] * 50)
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids])
    found = evaluate(store, tuned, 1)[0]
    assert found.value == 0.75
    assert found.effective_labelled == pytest.approx(200**2 / (50 * 9 + 50))


def test_a_model_without_a_categorical_prediction_has_no_accuracy(store: Store, tuned: Settings) -> None:
    answer(store, 0, right=1.0)
    for prediction in ("", "x"):
        contract = CONTRACT.model_copy(update={"prediction": prediction})
        assert evaluate(store, tuned, 1, contract) == []
    assert count(store) == 0


def test_labels_of_unchanged_quality_raise_no_alarm(store: Store, tuned: Settings) -> None:
    reference(store)
    rng = np.random.default_rng(5)
    for number in range(60):
        answer(store, number, right=float(rng.binomial(ROWS, 0.95)) / ROWS)
    assert "decayed" not in statuses(evaluate(store, tuned, 60))
