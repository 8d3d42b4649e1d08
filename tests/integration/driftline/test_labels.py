"""Labels on their way in: stored at once, and told which of them belong to something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftline.contracts import parse_contract
from driftline.events import Label, LabelReceipt, record_labels
from driftline.store import Store
from tests.integration.detectors.traffic import send

CONTRACT = parse_contract({"model": "m", "fields": [{"name": "x", "kind": "numeric"}]})


def test_known_and_unknown_events_are_told_apart(store: Store) -> None:
    ids = send(store, CONTRACT, {"x": [1.0, 2.0]})
    labels = [Label(ids[0], "a"), Label("u1", "b"), Label("u2", "c"), Label("u1", "d")]
    receipt = record_labels(store, "m", labels)
    assert receipt == LabelReceipt(4, 1, 3, ("u1", "u2"))
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
