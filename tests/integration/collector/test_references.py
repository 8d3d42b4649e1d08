"""Vocabularies and centroids: learned once, the same for every collector, one a version."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from collector.codecs.decoded import Inference, Tensor
from collector.mapping import Mapper
from collector.worker.reference_book import ReferenceBook
from driftline.contracts import Contract, ContractField
from driftline.store import Store

CONTRACT = Contract(
    model="m",
    fields=(
        ContractField(name="text", kind="text"),
        ContractField(name="vector", kind="embedding", role="output"),
    ),
)


def said(text: str, vector: list[float]) -> Inference:
    return Inference(
        request_id="",
        version="",
        rows=1,
        batched=True,
        inputs={"text": Tensor("text", "BYTES", np.array([text], dtype=object))},
        outputs={"vector": Tensor("vector", "FP32", np.array([vector]))},
    )


def measured(book: ReferenceBook, inferences: list[Inference], versions: list[str]) -> dict[str, list[Any]]:
    mapper = Mapper(CONTRACT, lambda *fault: pytest.fail(str(fault)), book.of("m"))
    mapped = mapper.map(inferences, ["ok"] * len(inferences), versions)
    slots = {column.name: column.slot for column in CONTRACT.columns()}
    return {name: mapped.numeric[:, slots[name]].tolist() for name in ("text.unknown_share", "vector.cosine")}


def test_what_one_collector_learned_all_compare_with(store: Store) -> None:
    first, second = ReferenceBook(rows=4), ReferenceBook(rows=4)
    learned = [said("red fox", [1.0, 0.0]), said("blue fox", [1.0, 0.0])] * 2
    before = measured(first, learned, ["1"] * 4)
    assert np.isnan(before["text.unknown_share"] + before["vector.cosine"]).all()
    first.work(store)
    measured(second, [said("green cat", [0.0, 1.0])] * 4, ["1"] * 4)
    second.work(store)  # too late: the first one decided
    for book in (first, second):
        after = measured(
            book, [learned[0], said("red cat", [0.0, 1.0]), said("red", [1.0, 0.0])], ["1", "1", "2"]
        )
        assert after["text.unknown_share"][:2] == [0.0, 0.5]
        assert after["vector.cosine"][:2] == pytest.approx([1.0, 0.0], abs=1e-6)
        assert math.isnan(after["text.unknown_share"][2])  # nothing was learned of version 2
        assert math.isnan(after["vector.cosine"][2])


def test_nothing_is_read_once_everything_is_known(store: Store) -> None:
    book = ReferenceBook(rows=1)
    measured(book, [said("red fox", [1.0, 0.0])], ["1"])
    book.work(store)
    store.command("DROP TABLE descriptor_references")
    measured(book, [said("red fox", [1.0, 0.0])], ["1"])
    book.work(store)
