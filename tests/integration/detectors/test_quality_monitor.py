"""Quality of windows as labels arrive: late, corrected, too few, of one class, never."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from detectors.performance.decay.decision import DecayDecision
from detectors.performance.quality_monitor import QualityMonitor
from detectors.reference_rows import baseline_from_rows
from driftline.contracts import Contract, parse_contract
from driftline.errors import StoreUnavailable
from driftline.events import Label, record_labels
from driftline.readmodel.performance import ALL, Performance, performance
from driftline.readmodel.ranges import Range
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import send, window

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "site", "kind": "categorical", "role": "segment"},
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


def answer(
    store: Store, number: int, *, right: float, label: bool = True, site: Sequence[str] | None = None
) -> list[str]:
    """Answers of one window, of which the first share is right when they are labelled 'a'."""
    good = round(ROWS * right)
    columns = {"out": ["a"] * good + ["b"] * (ROWS - good), "site": list(site or ["north"] * ROWS)}
    ids = send(store, CONTRACT, columns, start=window(number))
    if label:
        record_labels(store, "m", [Label(event_id, "a") for event_id in ids])
    return ids


def evaluate(
    store: Store, settings: Settings, windows: int, contract: Contract = CONTRACT
) -> list[DecayDecision]:
    return QualityMonitor(store, settings).evaluate(contract, window(windows) + timedelta(seconds=5))


def statuses(found: Sequence[DecayDecision]) -> list[str]:
    return [one.status for one in found]


def stored(store: Store, metric: str = "", **others: str) -> list[Performance]:
    """What is stored, oldest first."""
    return performance(store, "m", Range(limit=10_000), metric=metric, **others)[::-1]


def test_steady_accuracy_is_ok_and_a_loss_is_decay(store: Store, tuned: Settings) -> None:
    reference(store)
    for number in range(34):
        answer(store, number, right=0.95 if number < 30 else 0.6)
    found = evaluate(store, tuned, 34)
    assert statuses(found[:30]) == ["ok"] * 30
    assert statuses(found[30:])[1:] == ["decayed"] * 3
    one = stored(store)[31]
    assert one.value == pytest.approx(0.6)
    assert one.lower is not None
    assert one.upper is not None
    assert one.lower < 0.6 < one.upper
    assert (one.baseline_value, one.labelled, one.rows, one.status) == (0.95, ROWS, ROWS, "decayed")
    assert one.risk_lower is not None
    assert one.risk_limit is not None
    assert one.risk_lower >= one.risk_limit
    assert found[31].since == window(30)


def test_a_gain_of_accuracy_is_no_decay(store: Store, tuned: Settings) -> None:
    reference(store, correct=0.6)
    for number in range(40):
        answer(store, number, right=0.6 if number < 30 else 1.0)
    assert set(statuses(evaluate(store, tuned, 40))) == {"ok"}


def test_after_decay_it_recovers(store: Store, tuned: Settings) -> None:
    reference(store)
    for number in range(45):
        answer(store, number, right=0.6 if 30 <= number < 36 else 0.95)
    found = statuses(evaluate(store, tuned, 45))
    assert set(found[31:36]) == {"decayed"}
    assert found[-1] == "ok"


def test_a_process_that_goes_on_writes_only_what_changed(store: Store, tuned: Settings) -> None:
    reference(store)
    monitor = QualityMonitor(store, tuned)
    answer(store, 0, right=0.95)
    now = window(2) + timedelta(seconds=5)
    assert monitor.pending([CONTRACT], now) == ["m"]
    assert statuses(monitor.evaluate(CONTRACT, now)) == ["ok"]
    written = store.scalar("SELECT count() FROM performance")
    monitor.evaluate(CONTRACT, now)
    assert store.scalar("SELECT count() FROM performance") == written
    answer(store, 1, right=0.9)
    assert monitor.pending([CONTRACT], now) == ["m"]
    assert statuses(monitor.evaluate(CONTRACT, now)) == ["ok", "ok"]
    assert [one.value for one in stored(store)] == [0.95, 0.9]


def test_going_on_and_starting_anew_come_to_the_same(store: Store, tuned: Settings) -> None:
    reference(store)
    going = QualityMonitor(store, tuned)
    for number in range(12):
        answer(store, number, right=0.95 if number < 8 else 0.7)
        going_found = going.evaluate(CONTRACT, window(number + 1) + timedelta(seconds=5))
    anew = evaluate(store, tuned, 12)
    assert statuses(going_found) == statuses(anew)
    assert [one.evidence for one in going_found] == pytest.approx([one.evidence for one in anew], rel=1e-9)
    assert "decayed" in statuses(anew)


def test_labels_of_a_window_that_is_open_wait_until_it_closes(store: Store, tuned: Settings) -> None:
    reference(store)
    monitor = QualityMonitor(store, tuned)
    answer(store, 0, right=0.9)
    assert monitor.evaluate(CONTRACT, window(0) + timedelta(seconds=30)) == []
    assert monitor.evaluate(CONTRACT, window(0) + timedelta(seconds=40)) == []
    later = window(1) + timedelta(seconds=5)
    assert monitor.pending([CONTRACT], later) == ["m"]
    assert statuses(monitor.evaluate(CONTRACT, later)) == ["ok"]


def test_a_look_that_fails_after_joining_is_made_up_for(
    store: Store, tuned: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference(store)
    monitor = QualityMonitor(store, tuned)
    now = window(2) + timedelta(seconds=5)
    answer(store, 0, right=0.95)
    monitor.evaluate(CONTRACT, now)
    answer(store, 1, right=0.9)

    def refuse(*_: object) -> int:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(store, "insert_rows", refuse)
        with pytest.raises(StoreUnavailable):
            monitor.evaluate(CONTRACT, now)
    assert monitor.pending([CONTRACT], now) == ["m"]
    assert QualityMonitor(store, tuned).pending([CONTRACT], now) == ["m"]
    monitor.evaluate(CONTRACT, now)
    assert [one.value for one in stored(store)] == [0.95, 0.9]


def test_late_labels_revise_their_window(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=0.9, label=False)
    assert evaluate(store, tuned, 1) == []
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids[:50]])
    evaluate(store, tuned, 1)
    assert [(one.labelled, one.value, one.status) for one in stored(store)] == [(50, 1.0, "ok")]
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids[50:]])
    evaluate(store, tuned, 1)
    assert [(one.labelled, one.value) for one in stored(store)] == [(100, 0.9)]


def test_the_latest_label_of_an_event_counts(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=1.0)
    evaluate(store, tuned, 1)
    assert stored(store)[0].value == 1.0
    record_labels(store, "m", [Label(event_id, "b") for event_id in ids[:30]])
    evaluate(store, tuned, 1)
    assert (stored(store)[0].value, stored(store)[0].labelled) == (0.7, 100)


def test_labels_that_came_before_their_events(store: Store, tuned: Settings) -> None:
    reference(store)
    answer(store, 0, right=1.0)
    record_labels(store, "m", [Label(f"{window(1).isoformat()}/1/{i}", "a") for i in range(ROWS)])
    assert len(evaluate(store, tuned, 2)) == 1
    answer(store, 1, right=0.9, label=False)
    evaluate(store, tuned, 2)
    assert [one.value for one in stored(store)] == [1.0, 0.9]


def test_few_labels_are_insufficient(store: Store, tuned: Settings) -> None:
    reference(store)
    ids = answer(store, 0, right=1.0, label=False)
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids[:10]])
    assert statuses(evaluate(store, tuned, 1)) == ["insufficient_data"]


def test_without_labelled_reference_there_is_a_value_but_no_verdict(store: Store, tuned: Settings) -> None:
    answer(store, 0, right=0.9)
    monitor = QualityMonitor(store, tuned)
    now = window(1) + timedelta(seconds=5)
    assert statuses(monitor.evaluate(CONTRACT, now)) == ["no_baseline"]
    assert (stored(store)[0].value, stored(store)[0].baseline_value) == (0.9, None)
    reference(store)
    assert monitor.pending([CONTRACT], now) == ["m"]
    assert statuses(monitor.evaluate(CONTRACT, now)) == ["ok"]
    assert stored(store)[0].baseline_value == 0.95


def test_other_metrics_and_segments_are_reported(store: Store, tuned: Settings) -> None:
    reference(store)
    answer(store, 0, right=0.8, site=["north"] * 50 + ["south"] * 50)
    evaluate(store, tuned, 1)
    assert {one.metric for one in stored(store, ALL)} >= {"accuracy", "f1_macro", "recall"}
    by_segment = {one.segment: one for one in stored(store, "accuracy", segment=ALL)}
    assert set(by_segment) == {"", "site=north", "site=south"}
    assert by_segment["site=north"].value == 1.0
    assert by_segment["site=south"].value == pytest.approx(0.6)
    assert {one.status for one in stored(store, ALL, segment=ALL) if one.segment} == {"reported"}


def test_weights_count(store: Store, tuned: Settings) -> None:
    reference(store)
    columns = {"out": ["a"] * 50 + ["b"] * 50, "site": ["north"] * 100}
    ids = send(store, CONTRACT, columns, weights=[3.0] * 50 + [1.0] * 50)
    record_labels(store, "m", [Label(event_id, "a") for event_id in ids])
    evaluate(store, tuned, 1)
    (found,) = stored(store)
    assert found.value == 0.75
    assert found.effective_labelled == pytest.approx(200**2 / (50 * 9 + 50))


def test_a_model_without_a_prediction_has_no_quality(store: Store, tuned: Settings) -> None:
    answer(store, 0, right=1.0)
    for prediction in ("", "x"):
        contract = CONTRACT.model_copy(update={"prediction": prediction})
        assert evaluate(store, tuned, 1, contract) == []
    assert store.scalar("SELECT count() FROM performance") == 0


def test_labels_of_unchanged_quality_raise_no_alarm(store: Store, tuned: Settings) -> None:
    reference(store)
    rng = np.random.default_rng(5)
    for number in range(60):
        answer(store, number, right=float(rng.binomial(ROWS, 0.95)) / ROWS)
    found = evaluate(store, tuned, 60)
    assert "decayed" not in statuses(found)
    assert all(math.isfinite(one.evidence) for one in found)
