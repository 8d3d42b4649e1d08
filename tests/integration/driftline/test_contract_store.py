"""Contracts in the database: revisions, racing writers, and the view people read."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.errors import NotFound
from driftline.store import Store
from driftline.store.sql import quote_identifier
from tests.integration.detectors.traffic import send


def contract(*names: str, model: str = "m", kind: str = "numeric") -> Contract:
    return parse_contract({"model": model, "fields": [{"name": name, "kind": kind} for name in names]})


def test_registered_it_is_found(store: Store) -> None:
    contracts = ContractStore(store)
    assert contracts.latest("m") is None
    stored = contracts.register(contract("a"))
    assert stored == contracts.latest("m") == contracts.required("m")
    assert (stored.revision, stored.slots) == (1, {"numeric:a": 0})


def test_an_unknown_model_says_how_to_register_it(store: Store) -> None:
    with pytest.raises(NotFound, match="driftline register"):
        ContractStore(store).required("nobody")


def test_the_same_again_is_no_new_revision(store: Store) -> None:
    contracts = ContractStore(store)
    first = contracts.register(contract("a"))
    assert contracts.register(contract("a")) == first
    assert store.scalar("SELECT count() FROM contracts") == 1
    second = contracts.register(contract("b", "a"))
    assert second.revision == 2
    assert second.slots == {"numeric:a": 0, "numeric:b": 1}


def test_every_model_by_name(store: Store) -> None:
    contracts = ContractStore(store)
    for model in ("b", "a", "c.d-e_f"):
        contracts.register(contract("x", model=model))
    contracts.register(contract("x", "y", model="a"))
    assert [(one.model, one.revision) for one in contracts.all_latest()] == [
        ("a", 2),
        ("b", 1),
        ("c.d-e_f", 1),
    ]


@pytest.mark.parametrize("attempt", range(5))
def test_writers_of_the_same_revision_agree(store: Store, attempt: int) -> None:
    """Collectors that infer a contract at the same time must map events alike."""
    ready = threading.Barrier(4)
    found: list[Contract] = []

    def write(number: int) -> None:
        ready.wait()
        names = ("a", "b") if number % 2 else ("b", "a")
        found.append(ContractStore(store).register(contract(*names, model=f"m{attempt}")))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    by_revision: dict[int, set[str]] = {}
    for one in found:
        by_revision.setdefault(one.revision, set()).add(one.model_dump_json())
    assert all(len(bodies) == 1 for bodies in by_revision.values())
    assert len({str(sorted(one.slots.items())) for one in found}) == 1


def test_the_view_reads_like_a_table(store: Store) -> None:
    given_contract = ContractStore(store).register(
        parse_contract(
            {
                "model": "digits-ocr",
                "fields": [
                    {"name": "amount in €", "kind": "numeric"},
                    {"name": "country", "kind": "categorical"},
                    {"name": "scores", "kind": "prediction", "role": "output"},
                ],
            }
        )
    )
    send(
        store,
        given_contract,
        {"amount in €": [1.5, None], "country": ["SE", None], "scores.class": ["3", ""]},
    )
    rows = store.query("SELECT * FROM `events_digits-ocr` ORDER BY ts")
    assert [row["amount in €"] for row in rows] == [1.5, pytest.approx(math.nan, nan_ok=True)]
    assert [row["country"] for row in rows] == ["SE", None]
    assert [row["scores.class"] for row in rows] == ["3", ""]
    assert [row["version"] for row in rows] == ["1", "1"]


def test_events_older_than_a_column_read_as_missing(store: Store) -> None:
    contracts = ContractStore(store)
    old = contracts.register(contract("a"))
    send(store, old, {"a": [1.0]})
    new = parse_contract(
        {
            "model": "m",
            "fields": [
                {"name": n, "kind": k} for n, k in (("a", "numeric"), ("b", "numeric"), ("c", "categorical"))
            ],
        }
    )
    contracts.register(new)
    row = store.query("SELECT a, b, c FROM events_m")[0]
    assert row["a"] == 1.0
    assert math.isnan(row["b"])
    assert row["c"] is None


COLUMNS = ["ts", "version", "instance", "event_id", "trace_id", "status", "latency_ms", "weight"]


@pytest.mark.parametrize("name", [*COLUMNS, "model", "numeric", "categorical", "received_at", "e"])
@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_field_may_be_called_like_a_column_of_events(store: Store, name: str, kind: str) -> None:
    stored = ContractStore(store).register(contract(name, kind=kind))
    value: object = 7.0 if kind == "numeric" else "seven"
    send(store, stored, {name: [value]})
    shown = f"{name} (field)" if name in COLUMNS else name
    row = store.query("SELECT * FROM events_m")[0]
    assert row[shown] == value
    assert row["version"] == "1" or name == "version (field)"


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="`"), min_size=1, max_size=60
    )
)
def test_any_name_of_a_field_can_be_read(store: Store, name: str) -> None:
    ContractStore(store).register(contract(name))
    shown = f"{name} (field)" if name in COLUMNS else name
    assert store.query(f"SELECT {quote_identifier(shown)} FROM events_m") == []
