"""Labels on their way in: stored at once, and told which of them belong to something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftline.contracts import Contract, parse_contract
from driftline.events import Label, LabelReceipt, record_labels
from driftline.store import Store
from tests.integration.detectors.traffic import send

CONTRACT = parse_contract({"model": "m", "fields": [{"name": "x", "kind": "numeric"}]})


def test_known_and_unknown_events_are_told_apart(store: Store) -> None:
    ids = send(store, CONTRACT, {"x": [1.0, 2.0]})
    labels = [Label(ids[0], "a"), Label("u1", "b"), Label("u2", "c"), Label("u1", "d")]
    receipt = record_labels(store, "m", labels)
    assert receipt == LabelReceipt(4, 1, 3, ("u1", "u2"), contradictory=1)
    assert store.scalar("SELECT count() FROM labels") == 3
    assert store.scalar("SELECT label FROM labels WHERE event_id = 'u1'") == "d"


def test_no_labels_are_no_work(store: Store) -> None:
    assert record_labels(store, "m", []) == LabelReceipt(0, 0, 0, ())
    assert store.scalar("SELECT count() FROM labels") == 0


def test_an_event_of_another_model_is_unknown(store: Store) -> None:
    ids = send(store, CONTRACT, {"x": [1.0]})
    assert record_labels(store, "other", [Label(ids[0], "a")]).unknown == 1


def test_only_some_examples_of_many_unknown_ones(store: Store) -> None:
    receipt = record_labels(store, "m", [Label(f"u{i}", "a") for i in range(12_000)])
    assert receipt.unknown == 12_000
    assert len(receipt.unknown_examples) == 5


def test_what_was_said_is_kept(store: Store) -> None:
    said = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    record_labels(store, "m", [Label("e'\\\n", "ü\t\x00", said)])
    record_labels(store, "m", [Label("e'\\\n", "corrected")])
    rows = store.query("SELECT event_id, label, labelled_at FROM labels ORDER BY received_at")
    assert [(row["event_id"], row["label"]) for row in rows] == [
        ("e'\\\n", "ü\t\x00"),
        ("e'\\\n", "corrected"),
    ]
    assert rows[0]["labelled_at"] == said


def rules_of(**quality: object) -> Contract:
    return parse_contract(
        {
            "model": "m",
            "fields": [
                {"name": "x", "kind": "numeric"},
                {"name": "out", "kind": "categorical", "role": "output"},
                {"name": "order", "kind": "categorical"},
            ],
            "prediction": "x" if quality["task"] in ("regression", "verification") else "out",
            "quality": quality,
        }
    )


def refused(store: Store, contract: Contract, *labels: Label) -> tuple[int, tuple[str, ...]]:
    receipt = record_labels(store, "m", labels, contract)
    assert receipt.accepted + receipt.refused == len(labels)
    assert store.scalar("SELECT count() FROM labels") == receipt.accepted
    return receipt.accepted, receipt.refused_examples


def test_what_is_no_number_is_refused_row_by_row(store: Store) -> None:
    accepted, examples = refused(
        store,
        rules_of(task="regression"),
        *(Label(f"e{i}", text) for i, text in enumerate(("1.5", "nan", "inf", "twelve", "1_0", "", "-3e2"))),
    )
    assert accepted == 2
    assert examples[0] == "e1: 'nan' is not a finite number"
    assert len(examples) == 5


def test_a_verification_is_same_or_different(store: Store) -> None:
    contract = rules_of(task="verification", threshold=0.5)
    texts = ("1", "0", "True", "FALSE", "same", " different ", "2", "yes")
    accepted, examples = refused(store, contract, *(Label(text, text) for text in texts))
    assert accepted == 6
    assert examples == (
        "2: '2' says neither same (1) nor different (0)",
        "yes: 'yes' says neither same (1) nor different (0)",
    )


def test_figures_need_a_name_of_the_contract(store: Store) -> None:
    contract = rules_of(task="kpi", kpis=[{"name": "revenue"}])
    assert refused(
        store,
        contract,
        Label("a", "12.5", name="revenue"),
        Label("a", "12.5", name="margin"),
        Label("a", "12.5"),
        Label("b", "much", name="revenue"),
    ) == (
        1,
        (
            "a: 'margin' is no figure of the contract; its kpis are revenue",
            "a: it needs a name: the contract measures nothing but its kpis",
            "b: 'much' is not a finite number",
        ),
    )


def test_relevant_items_are_json(store: Store) -> None:
    contract = rules_of(task="ranking")
    accepted, examples = refused(
        store, contract, Label("a", '["x", "y"]'), Label("b", '{"x": 2}'), Label("c", "x"), Label("d", "3")
    )
    assert accepted == 2
    assert examples[0] == "c: 'x' is no JSON array or object of items"


def test_propensities_lie_above_0_and_at_most_at_1(store: Store) -> None:
    contract = rules_of(task="classification")
    accepted, examples = refused(
        store,
        contract,
        *(Label(f"e{p}", "a", propensity=p) for p in (0.5, 1.0, 0.0, -1.0, 1.5, float("nan"))),
        Label("\x00", "a"),
    )
    assert accepted == 2
    assert examples[0] == "e0.0: propensity 0 is not above 0 and at most 1"
    assert examples[-1] == "\x00: the event id is empty"


def test_a_class_the_contract_does_not_know_is_stored_and_counted(store: Store) -> None:
    contract = rules_of(task="classification", scores={"a": "x", "b": "x"})
    receipt = record_labels(store, "m", [Label("1", "a"), Label("2", "c"), Label("3", "c")], contract)
    assert (receipt.accepted, receipt.refused, receipt.new_classes) == (3, 0, {"c": 2})


def test_labels_by_a_key_meet_events_by_their_column(store: Store) -> None:
    contract = rules_of(task="classification", key="order")
    send(store, contract, {"out": ["a", "b"], "order": ["o1", "o1"]})
    receipt = record_labels(store, "m", [Label("o1", "a"), Label("o2", "a")], contract)
    assert (receipt.matched, receipt.unknown_examples) == (1, ("o2",))
