"""Labels that come out of a query: checked by the same rules as those of a file, in the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from driftline import label_query
from driftline.contracts import parse_contract
from driftline.errors import InvalidInput
from driftline.events import Label, record_labels
from driftline.label_query import labels_from_query
from driftline.store import Store
from tests.integration.detectors.traffic import send

FIELDS = {
    "model": "m",
    "fields": [
        {"name": "x", "kind": "numeric", "role": "output"},
        {"name": "out", "kind": "categorical", "role": "output"},
        {"name": "order", "kind": "categorical"},
    ],
    "prediction": "x",
}
CLASSES = parse_contract(FIELDS | {"prediction": "out"})
NUMBERS = parse_contract(
    FIELDS | {"quality": {"task": "regression", "kpis": [{"name": "sold"}, {"name": "back"}]}}
)


def stored(store: Store, columns: str) -> list[tuple[object, ...]]:
    rows = store.query(f"SELECT {columns} FROM labels ORDER BY event_id, name")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("share_rows", [1, 5_000_000])
def test_a_result_becomes_labels(store: Store, monkeypatch: pytest.MonkeyPatch, share_rows: int) -> None:
    monkeypatch.setattr(label_query, "SHARE_ROWS", share_rows)
    send(store, CLASSES, {"out": ["a", "b"]}, ids=["1", "2"])
    receipt = labels_from_query(
        store,
        CLASSES,
        "SELECT number AS event_id, if(number = 3, NULL, 'a') AS label, "
        "'2026-01-02 03:04:05' AS labelled_at FROM numbers(1, 5) -- five of them",
        source="crm",
    )
    assert (receipt.accepted, receipt.matched, receipt.unknown, receipt.refused) == (4, 2, 2, 0)
    assert sorted(receipt.unknown_examples) == ["4", "5"]
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert stored(store, "event_id, label, labelled_at, source") == [
        (one, "a", moment, "crm") for one in "1245"
    ]
    assert store.scalar("SELECT count() FROM staged_labels") == 0


def test_the_latest_of_a_result_counts(store: Store) -> None:
    receipt = labels_from_query(
        store,
        CLASSES,
        "SELECT 'e' AS event_id, toString(number) AS label, "
        "toDateTime(1700000000 + number % 3) AS labelled_at FROM numbers(3)",
    )
    assert (receipt.accepted, receipt.contradictory) == (3, 2)
    assert stored(store, "label") == [("2",)]


def test_the_rules_are_those_of_a_file(store: Store) -> None:
    wrong = [
        ("a", "12,5", "", 1.0),
        ("b", "nan", "", 1.0),
        ("", "1", "", 1.0),
        ("c", "1", "lost", 1.0),
        ("d", "1", "", 0.0),
        ("e", "1e999", "sold", 1.0),
        ("f", "1_0", "", 1.0),
    ]
    right = [("g", " +5. ", "", 0.5), ("h", "-.5E-3", "sold", 1.0), ("g", "7", "back", 1.0)]
    rows = ", ".join(f"('{e}', '{label}', '{name}', {p})" for e, label, name, p in wrong + right)
    receipt = labels_from_query(
        store,
        NUMBERS,
        "SELECT c1 AS event_id, c2 AS label, c3 AS name, c4 AS propensity "
        f"FROM values('c1 String, c2 String, c3 String, c4 Float64', {rows})",
    )
    assert (receipt.accepted, receipt.refused) == (len(right), len(wrong))
    assert len(receipt.refused_examples) == 5
    by_row = record_labels(store, "m", [Label(e, t, name=n, propensity=p) for e, t, n, p in wrong], NUMBERS)
    assert by_row.accepted == 0
    assert set(by_row.refused_examples) == set(receipt.refused_examples)
    assert stored(store, "event_id, label, name, propensity") == [
        ("g", " +5. ", "", 0.5),
        ("g", "7", "back", 1.0),
        ("h", "-.5E-3", "sold", 1.0),
    ]


def test_new_classes_and_keys(store: Store) -> None:
    contract = parse_contract(
        FIELDS | {"prediction": "out", "quality": {"scores": {"a": "x", "b": "x"}, "key": "order"}}
    )
    send(store, contract, {"out": ["a"], "order": ["o1"]})
    receipt = labels_from_query(
        store, contract, "SELECT concat('o', toString(number)) AS event_id, 'c' AS label FROM numbers(3)"
    )
    assert (receipt.matched, receipt.new_classes) == (1, {"c": 3})


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "is empty"),
        ("DROP TABLE labels", "Syntax error"),
        ("INSERT INTO labels (model) SELECT 'm'", "Syntax error"),
        ("SELECT 1 AS event_id, 2 AS label) AS a, (SELECT 3", "query for labels"),
        ("SELECT 1 AS event_id", "gives the columns event_id; it must give event_id and label"),
        ("SELECT 1 AS event_id, 2 AS label, 3 AS truth", "rename them with AS"),
        (
            "SELECT 1 AS event_id, 2 AS label, 3 AS labelled_at",
            "labelled_at of the query for labels is UInt8",
        ),
        ("SELECT event_id, label FROM nothing_of_that_name", "nothing_of_that_name"),
        ("SELECT 1 AS event_id, throwIf(number = 0) AS label FROM numbers(1)", "query for labels failed"),
    ],
)
def test_what_is_wrong_with_a_query_is_said(store: Store, query: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        labels_from_query(store, CLASSES, query)
    assert store.scalar("SELECT count() FROM labels") == 0
    assert store.scalar("SELECT count() FROM staged_labels") == 0
