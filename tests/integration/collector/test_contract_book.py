"""Collectors that infer a contract at the same time agree on one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from collector.worker import contract_book
from collector.worker.contract_book import ContractBook
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, ContractField
from driftline.store import Store


def contract(field: str) -> Contract:
    return Contract(model="m", fields=(ContractField(name=field, kind="numeric"),), source="inferred")


def work_until_settled(books: list[ContractBook], store: Store) -> None:
    deadline = time.monotonic() + 10
    while any(book.proposed("m") for book in books):
        assert time.monotonic() < deadline
        for book in books:
            book.work(store)
        time.sleep(0.05)


def test_first_writer_wins_for_all(store: Store) -> None:
    books = [ContractBook() for _ in range(3)]
    for number, book in enumerate(books):
        book.propose(contract(f"from-{number}"))
    work_until_settled(books, store)
    found = [book.get("m") for book in books]
    assert found == [ContractStore(store).required("m")] * 3
    assert found[0] is not None
    assert found[0].revision == 1


def test_a_declared_contract_wins_over_an_inferred_one(store: Store) -> None:
    declared = ContractStore(store).register(
        Contract(model="m", fields=(ContractField(name="d", kind="numeric"),))
    )
    book = ContractBook()
    book.propose(contract("guess"))
    work_until_settled([book], store)
    assert book.get("m") == declared


def test_contracts_are_read_once_asked_for_and_then_regularly(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = ContractBook()
    before = time.monotonic()
    book.ask("m")
    book.work(store)
    assert book.get("m") is None
    assert book.read_since("m", before)
    assert not book.read_since("other", before)
    first = ContractStore(store).register(contract("x"))
    book.work(store)
    assert book.get("m") is None  # the last look was just now
    monkeypatch.setattr(contract_book, "REFRESH_SECONDS", 0.0)
    book.work(store)
    assert book.get("m") == first
    kept = book.get("m")
    book.work(store)
    assert book.get("m") is kept  # an equal contract stays the same object
    second = ContractStore(store).register(contract("y"))
    book.work(store)
    assert book.get("m") == second != first


def test_only_what_is_asked_for_is_read(store: Store) -> None:
    ContractStore(store).register(contract("x"))
    ContractStore(store).register(contract("x").model_copy(update={"model": "other"}))
    book = ContractBook()
    book.ask("m")
    book.work(store)
    assert book.models() == ["m"]
    assert book.get("other") is None


def test_a_worker_that_starts_without_clickhouse_knows_its_contracts(store: Store, tmp_path: Path) -> None:
    cache = tmp_path / "spool" / "contracts.json"
    book = ContractBook(cache)
    book.propose(contract("x"))
    work_until_settled([book], store)
    again = ContractBook(cache)
    assert again.get("m") == book.get("m") is not None
    assert not again.read_since("m", 0.0)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'[{"model": "m"}]', b"\xff"])
def test_a_broken_cache_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "contracts.json"
    cache.write_bytes(content)
    assert ContractBook(cache).models() == []
