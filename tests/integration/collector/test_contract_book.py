"""Collectors that infer a contract at the same time agree on one."""

from __future__ import annotations

import time

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


def test_a_new_revision_is_seen_when_asked_for(store: Store) -> None:
    book = ContractBook()
    book.work(store)
    assert book.get("m") is None
    ContractStore(store).register(contract("x"))
    book.work(store)
    assert book.get("m") is None  # the last look was just now
    book.ask()
    book.work(store)
    assert book.get("m") is not None
