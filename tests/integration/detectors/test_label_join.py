"""Labels meet their events, whichever comes first, however often, and whatever is wrong with them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from detectors.performance.labels import passes
from detectors.performance.labels.joining import LabelJoin
from detectors.performance.labels.touched import TouchedWindow
from driftline.contracts import Contract, parse_contract
from driftline.errors import InvalidContract, StoreUnavailable
from driftline.events import Label, RawPayload, record_labels
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.labelling import CONTRACT, contract_with, join, joined, written
from tests.integration.detectors.traffic import BEGIN, send, window


@pytest.fixture
def tuned(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})


def test_a_label_after_its_event(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a", "b"], "site": ["north", None]}, weights=[3.0, 1.0])
    assert join(store, tuned).joined == 0
    record_labels(store, "m", [Label(ids[0], "a"), Label(ids[1], "a")])
    report = join(store, tuned)
    assert (report.labels, report.joined, report.complete) == (2, 2, True)
    assert report.windows == (TouchedWindow("1", BEGIN, 2),)
    assert joined(store, "truth, prediction, weight, segments, name, version") == [
        ("a", "a", 3.0, ["north"], "", "1"),
        ("a", "b", 1.0, [""], "", "1"),
    ]
    assert all(math.isnan(value) for row in joined(store, "truth_value, predicted_value") for value in row)
    assert joined(store, f"event_key = cityHash64('{ids[0]}')")[0] == (1,)


def test_a_label_before_its_event_waits(store: Store, tuned: Settings) -> None:
    record_labels(store, "m", [Label("e1", "a"), Label("e2", "b")])
    assert join(store, tuned).joined == 0
    send(store, CONTRACT, {"out": ["a"]}, ids=["e1"])
    report = join(store, tuned)
    assert (report.labels, report.joined) == (0, 1)
    assert joined(store, "truth") == [("a",)]
    assert join(store, tuned).joined == 0
    assert written(store) == 1


def test_doing_it_again_changes_nothing(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"] * 5})
    record_labels(store, "m", [Label(one, "a") for one in ids])
    assert join(store, tuned).joined == 5
    assert join(store, tuned).joined == 0
    assert written(store) == 5


def test_duplicates_are_harmless(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"] * 5})
    for _ in range(3):
        record_labels(store, "m", [Label(one, "a") for one in ids])
        join(store, tuned)
    assert joined(store, "truth") == [("a",)] * 5


def test_of_contradicting_labels_the_latest_counts(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"]})
    for truth in ("a", "b"):
        record_labels(store, "m", [Label(ids[0], truth)])
    join(store, tuned)
    assert joined(store, "truth") == [("b",)]
    record_labels(store, "m", [Label(ids[0], "c")])
    assert join(store, tuned).windows == (TouchedWindow("1", BEGIN, 1),)
    assert joined(store, "truth") == [("c",)]
    assert store.scalar("SELECT count() FROM labels") == 3


def test_two_versions_that_answered_one_request_get_a_row_each(store: Store, tuned: Settings) -> None:
    for version, out in (("1", "a"), ("2", "b")):
        send(store, CONTRACT, {"out": [out]}, ids=["e"], version=version)
    record_labels(store, "m", [Label("e", "a")])
    assert join(store, tuned).joined == 2
    assert sorted(joined(store, "version, prediction")) == [("1", "a"), ("2", "b")]
    assert store.scalar("SELECT uniqExact(event_key) FROM labelled_events") == 1


def test_only_answered_events_of_this_model_within_the_retention(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"]})
    failed = send(store, CONTRACT, {"out": ["a"]}, ids=["failed"], status="error")
    old = send(store, CONTRACT, {"out": ["a"]}, ids=["old"], start=BEGIN - timedelta(days=5))
    other = CONTRACT.model_copy(update={"model": "other"})
    foreign = send(store, other, {"out": ["a"]}, ids=["foreign"])
    record_labels(store, "m", [Label(one, "a") for one in [*ids, *failed, *old, *foreign, "nobody"]])
    short = tuned.model_copy(update={"event_ttl_days": 5})
    assert join(store, short).joined == 1
    assert joined(store, "ts") == [(BEGIN,)]


def test_labels_by_a_key_reach_every_event_that_has_it(store: Store, tuned: Settings) -> None:
    contract = contract_with(key="order")
    send(store, contract, {"out": ["a", "b", "a"], "order": ["o1", "o1", None]})
    record_labels(store, "m", [Label("o1", "a"), Label("\x00", "b")])
    assert join(store, tuned, contract).joined == 2
    # One that comes later has the label too, though it was joined already.
    send(store, contract, {"out": ["c"], "order": ["o1"]}, start=window(1))
    assert join(store, tuned, contract).windows == (TouchedWindow("1", window(1), 1),)
    assert joined(store, "truth, prediction") == [("a", "a"), ("a", "b"), ("a", "c")]


@pytest.mark.parametrize("own", [False, True])
def test_weights_are_divided_by_the_propensity(store: Store, tuned: Settings, own: bool) -> None:
    propensities = [0.5, 1.0, 0.001, math.nan, 1.7]
    contract = contract_with(propensity="label" if own else "likely")
    likely = [1.0] * 5 if own else propensities
    columns: dict[str, Sequence[object]] = {"out": ["a"] * 5, "likely": likely}
    ids = send(store, contract, columns, weights=[2.0] * 5)
    # Straight into the table: a delivery would refuse the wrong ones.
    store.insert(
        "labels",
        {
            "model": ["m"] * 5,
            "event_id": ids,
            "label": ["a"] * 5,
            "propensity": propensities if own else [1.0] * 5,
        },
    )
    join(store, tuned, contract)
    assert [row[0] for row in joined(store, "weight")] == pytest.approx([4.0, 2.0, 200.0, 2.0, 2.0])


def test_propensities_of_labels_count_only_where_the_contract_says_so(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"]})
    record_labels(store, "m", [Label(ids[0], "a", propensity=0.1)])
    join(store, tuned)
    assert joined(store, "weight") == [(1.0,)]


def test_numbers_are_read_as_they_were_checked(store: Store, tuned: Settings) -> None:
    contract = contract_with(task="regression")
    texts = ["+5", "5.", ".5", "1E3", "-1e-3", " 7 "]
    ids = send(store, contract, {"p": [1.0] * 5 + [None]})
    receipt = record_labels(
        store, "m", [Label(one, text) for one, text in zip(ids, texts, strict=True)], contract
    )
    assert receipt.refused == 0
    join(store, tuned, contract)
    assert [row[0] for row in joined(store, "truth_value")] == [5.0, 5.0, 0.5, 1000.0, -0.001, 7.0]
    assert math.isnan(joined(store, "predicted_value")[-1][0])


def test_wrong_labels_that_got_into_the_table_are_left_out(store: Store, tuned: Settings) -> None:
    contract = contract_with(task="regression")
    ids = send(store, contract, {"p": [1.0, 2.0, 3.0]})
    record_labels(store, "m", [Label(ids[0], "x"), Label(ids[1], "nan"), Label(ids[2], "3")])
    join(store, tuned, contract)
    assert joined(store, "truth_value") == [(3.0,)]


def test_verification_is_same_or_different(store: Store, tuned: Settings) -> None:
    contract = contract_with(task="verification", threshold=0.5)
    texts = ["TRUE", "0", "same", "different", " 1 "]
    ids = send(store, contract, {"p": [0.1, 0.2, 0.3, 0.4, 0.5]})
    labels = [Label(one, text) for one, text in zip(ids, texts, strict=True)]
    assert record_labels(store, "m", labels, contract).refused == 0
    join(store, tuned, contract)
    assert joined(store, "truth_value, predicted_value") == [
        (1.0, 0.1),
        (0.0, 0.2),
        (1.0, 0.3),
        (0.0, 0.4),
        (1.0, 0.5),
    ]


def test_scores_in_the_order_of_the_contract(store: Store, tuned: Settings) -> None:
    contract = contract_with(scores={"b": "likely", "a": "p"})
    ids = send(store, contract, {"out": ["a"], "p": [0.7], "likely": [0.3]})
    record_labels(store, "m", [Label(ids[0], "a")])
    join(store, tuned, contract)
    assert joined(store, "scores") == [([0.3, 0.7],)]


def test_the_confidence_stands_in_for_scores(store: Store, tuned: Settings) -> None:
    contract = contract_with(confidence="p")
    ids = send(store, contract, {"out": ["a"], "p": [0.7]})
    record_labels(store, "m", [Label(ids[0], "a")])
    join(store, tuned, contract)
    assert joined(store, "scores") == [([0.7],)]


def test_figures_by_label_and_by_column(store: Store, tuned: Settings) -> None:
    contract = contract_with(kpis=[{"name": "income", "column": "revenue"}, {"name": "returned"}])
    ids = send(store, contract, {"out": ["a", "b"], "revenue": [12.0, None]}, weights=[2.0, 2.0])
    record_labels(store, "m", [Label(ids[1], "1", name="returned"), Label(ids[1], "b")], contract)
    assert join(store, tuned, contract).joined == 3
    assert sorted(joined(store, "name, truth, truth_value, prediction, weight")[:1]) == [
        ("income", "", 12.0, "a", 2.0)
    ]
    returned = next(row for row in joined(store, "name, truth_value, prediction") if row[0] == "returned")
    assert returned == ("returned", 1.0, "b")
    send(store, contract, {"out": ["a"], "revenue": [3.0]}, start=window(1))
    assert join(store, tuned, contract).windows == (TouchedWindow("1", window(1), 1),)
    assert join(store, tuned, contract).joined == 0


TEXTS = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "heard", "kind": "sequence", "role": "output", "store_raw": True},
        ],
        "quality": {"task": "transcription", "prediction": "heard"},
    }
)


def say(store: Store, ids: list[str], texts: list[str]) -> None:
    payloads = [
        RawPayload(int(row["ts"].timestamp() * 1000), row["event_id"], "heard", "BYTES", (1,), text)
        for row, text in zip(
            store.query("SELECT event_id, ts FROM inference_events ORDER BY ts"), texts, strict=True
        )
    ]
    store.insert_rows(
        "payloads",
        [
            {"model": "m", "ts": one.ts_ms, "event_id": one.event_id, "field": one.field, "body": one.body}
            for one in payloads
            if one.event_id in ids
        ],
    )


def test_texts_are_waited_for(store: Store, tuned: Settings) -> None:
    ids = send(store, TEXTS, {"x": [1.0, 2.0]})
    record_labels(store, "m", [Label(ids[0], "a word"), Label(ids[1], "two words")])
    assert join(store, tuned, TEXTS).joined == 0
    say(store, ids[:1], ["a ward", "two words"])
    assert join(store, tuned, TEXTS).joined == 1
    assert joined(store, "truth_text, prediction_text, truth") == [("a word", "a ward", "")]
    say(store, ids[1:], ["a ward", "two words"])
    assert join(store, tuned, TEXTS).joined == 1
    assert joined(store, "prediction_text") == [("a ward",), ("two words",)]


def test_texts_of_a_column(store: Store, tuned: Settings) -> None:
    contract = contract_with(task="ranking", prediction="out")
    ids = send(store, contract, {"out": ['["x", "y"]']})
    record_labels(store, "m", [Label(ids[0], '["y"]')], contract)
    join(store, tuned, contract)
    assert joined(store, "truth_text, prediction_text, prediction") == [('["y"]', '["x", "y"]', "")]


def test_a_recipe_of_its_own_for_each_way_of_reading(store: Store, tuned: Settings) -> None:
    ids = send(store, CONTRACT, {"out": ["a"], "p": [0.7], "order": ["o"]})
    record_labels(store, "m", [Label(ids[0], "a")])
    first = join(store, tuned)
    second = join(store, tuned, contract_with(confidence="p"))
    assert first.recipe != second.recipe
    assert second.joined == 1
    assert join(store, tuned, contract_with(confidence="p", tolerance=0.1)).recipe == second.recipe
    assert sorted(joined(store, "recipe")) == sorted([(first.recipe,), (second.recipe,)])


def test_a_contract_without_quality_is_refused(store: Store, tuned: Settings) -> None:
    plain = parse_contract({"model": "m", "fields": [{"name": "x", "kind": "numeric"}]})
    with pytest.raises(InvalidContract, match="labels have nothing to be compared with"):
        join(store, tuned, plain)


def pending(labels: LabelJoin, *contracts: Contract) -> list[str]:
    return labels.pending(contracts or (CONTRACT,))


def test_only_models_with_something_new_are_pending(store: Store, tuned: Settings) -> None:
    other = CONTRACT.model_copy(update={"model": "other"})
    ids = send(store, CONTRACT, {"out": ["a"]})
    labels = LabelJoin(store, tuned)
    assert pending(labels, CONTRACT, other) == []
    record_labels(store, "m", [Label(ids[0], "a"), Label("late", "b")])
    assert pending(labels, CONTRACT, other) == ["m"]
    assert pending(labels, CONTRACT, other) == ["m"]  # until it is done
    assert labels.refresh(CONTRACT).joined == 1
    # Its event lies within the overlap, so it is looked at once more.
    labels.pending([CONTRACT, other])
    labels.refresh(CONTRACT)
    send(store, other, {"out": ["a"]}, ids=["late"])
    send(store, CONTRACT, {"out": ["a"]}, ids=["late"], start=window(1))
    assert "other" not in pending(labels, CONTRACT, other)
    assert pending(labels, CONTRACT, other) == ["m"]
    assert labels.refresh(CONTRACT).joined == 1
    again = LabelJoin(store, tuned)
    assert set(pending(again, CONTRACT, other)) <= {"m"}
    assert again.refresh(CONTRACT).joined == 0


def test_a_model_with_figures_in_its_events_is_pending(store: Store, tuned: Settings) -> None:
    contract = contract_with(kpis=[{"name": "income", "column": "revenue"}])
    labels = LabelJoin(store, tuned)
    assert pending(labels, contract) == ["m"]
    labels.refresh(contract)
    assert pending(labels, contract) == []
    send(store, contract, {"out": ["a"], "revenue": [1.0]})
    assert pending(labels, contract) == ["m"]


@pytest.fixture
def slicing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of one minute, as a back-fill of very many labels has."""
    monkeypatch.setattr(passes, "FEW_LABELS", 0)
    monkeypatch.setattr(passes, "SLICE_EVENTS", 3)


def five_minutes(store: Store) -> None:
    for number in range(5):
        ids = send(store, CONTRACT, {"out": ["a"] * 3}, start=window(number))
        record_labels(store, "m", [Label(one, "a") for one in ids])


@pytest.mark.usefixtures("slicing")
def test_a_back_fill_goes_slice_by_slice_from_the_newest_on(store: Store, tuned: Settings) -> None:
    five_minutes(store)
    for number in range(4, 0, -1):
        # Every call by a process that knows nothing but what is stored.
        report = LabelJoin(store, tuned).refresh(CONTRACT, limit_seconds=-1)
        assert (report.windows, report.complete) == ((TouchedWindow("1", window(number), 3),), False)
        assert LabelJoin(store, tuned).pending([CONTRACT]) == ["m"]
    assert LabelJoin(store, tuned).refresh(CONTRACT, limit_seconds=-1).joined == 3
    assert join(store, tuned).complete
    assert LabelJoin(store, tuned).refresh(CONTRACT).joined == 0
    assert (written(store), len(joined(store, "ts"))) == (15, 15)


@pytest.mark.usefixtures("slicing")
def test_labels_that_come_during_a_back_fill_are_joined_after_it(store: Store, tuned: Settings) -> None:
    five_minutes(store)
    labels = LabelJoin(store, tuned)
    labels.refresh(CONTRACT, limit_seconds=-1)
    newest = send(store, CONTRACT, {"out": ["b"]}, start=window(7))
    record_labels(store, "m", [Label(newest[0], "b")])
    for _ in range(20):
        labels.refresh(CONTRACT, limit_seconds=-1)
    assert len(joined(store, "ts")) == 16
    assert joined(store, "truth")[-1] == ("b",)


@pytest.mark.parametrize("few", [0, 1_000_000])
@pytest.mark.parametrize("fails_at", range(4))
def test_a_crash_loses_nothing_and_doubles_nothing(
    store: Store, tuned: Settings, monkeypatch: pytest.MonkeyPatch, few: int, fails_at: int
) -> None:
    monkeypatch.setattr(passes, "FEW_LABELS", few)
    monkeypatch.setattr(passes, "SLICE_EVENTS", 3)
    five_minutes(store)
    record_labels(store, "m", [Label("late", "a")])
    steps = 0
    command = store.command

    def failing(*args: Any, **kwargs: Any) -> None:
        nonlocal steps
        steps += 1
        command(*args, **kwargs)
        if steps == fails_at + 1:
            raise StoreUnavailable("the connection broke after the statement had run")

    monkeypatch.setattr(store, "command", failing)
    with contextlib.suppress(StoreUnavailable):
        join(store, tuned)
    monkeypatch.setattr(store, "command", command)
    send(store, CONTRACT, {"out": ["a"]}, ids=["late"], start=window(9))
    labels = LabelJoin(store, tuned)
    assert labels.pending([CONTRACT]) == ["m"]
    for _ in range(2):  # first what was cut off, then what came since
        labels.refresh(CONTRACT)
    assert labels.refresh(CONTRACT).joined == 0
    assert len(joined(store, "ts")) == 16
    assert steps > 0
