"""Tensors into event arrays, and contracts from tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from collector.codecs.decoded import Inference, Tensor, count_rows
from collector.inference import infer_contract
from collector.mapping import Mapped, Mapper
from driftline.contracts import Contract, ContractField
from driftline.errors import InvalidContract
from driftline.events import MISSING_CATEGORY, EventStatus
from driftline.redaction import Redaction


def inference(inputs: list[Tensor], outputs: list[Tensor] | None = None) -> Inference:
    rows, batched = count_rows([*inputs, *(outputs or [])])
    return Inference(
        request_id="",
        version="",
        rows=rows,
        batched=batched,
        inputs={tensor.name: tensor for tensor in inputs},
        outputs={tensor.name: tensor for tensor in outputs or []},
    )


def floats(name: str, values: Any, datatype: str = "FP32") -> Tensor:
    return Tensor(name, datatype, np.asarray(values, dtype=np.float64))


def texts(name: str, values: Any) -> Tensor:
    return Tensor(name, "BYTES", np.asarray(values, dtype=object))


def map_one(
    contract: Contract, found: Inference, *, failed: bool = False
) -> tuple[dict[str, list[Any]], list[tuple[str, str, int]]]:
    """Values of every column by name, and the mismatches."""
    mismatches: list[tuple[str, str, int]] = []
    mapper = Mapper(contract, lambda field, reason, rows: mismatches.append((field, reason, rows)))
    mapped = mapper.map([found], ["error" if failed else "ok"], ["1"])
    return columns(contract, mapped), mismatches


def columns(contract: Contract, mapped: Mapped) -> dict[str, list[Any]]:
    """Values of every column by name."""
    return {
        column.name: [
            row[column.slot]
            for row in (mapped.numeric.tolist() if column.kind == "numeric" else mapped.categorical)
        ]
        for column in contract.columns()
    }


CONTRACT = Contract(
    model="m",
    fields=(
        ContractField(name="amount", kind="numeric"),
        ContractField(name="country", kind="categorical"),
        ContractField(name="scores", kind="prediction", role="output", classes=("ham", "spam")),
    ),
)


def test_rows_land_in_their_slots() -> None:
    values, mismatches = map_one(
        CONTRACT,
        inference(
            [floats("amount", [1.5, 2.5]), texts("country", ["de", "fr"])],
            [floats("scores", [[0.9, 0.1], [0.2, 0.8]])],
        ),
    )
    assert mismatches == []
    assert values["amount"] == [1.5, 2.5]
    assert values["country"] == ["de", "fr"]
    assert values["scores.class"] == ["ham", "spam"]
    assert values["scores.confidence"] == [0.9, 0.8]


def test_what_does_not_match_is_missing_and_reported() -> None:
    values, mismatches = map_one(
        CONTRACT, inference([texts("amount", ["much"]), floats("country", [[1.0, 2.0]])])
    )
    assert math.isnan(values["amount"][0])
    assert values["country"] == values["scores.class"] == [MISSING_CATEGORY]
    assert mismatches == [
        ("amount", "text_in_place_of_numbers", 1),
        ("country", "not_one_value_a_row", 1),
        ("scores", "tensor_missing", 1),
    ]


def test_a_failed_request_lacks_outputs_without_a_mismatch() -> None:
    values, mismatches = map_one(
        CONTRACT, inference([floats("amount", [1.0]), texts("country", ["de"])]), failed=True
    )
    assert mismatches == []
    assert values["amount"] == [1.0]
    assert values["scores.class"] == [MISSING_CATEGORY]


def test_later_revisions_keep_slots() -> None:
    grown = CONTRACT.model_copy(
        update={"fields": (ContractField(name="age", kind="numeric"), *CONTRACT.fields)}
    )
    revision = grown.succeed(CONTRACT.succeed(None))
    mapper = Mapper(revision, lambda *_: None)
    found = inference([floats("amount", [7.0]), floats("age", [40.0]), texts("country", ["de"])])
    numeric = mapper.map([found], ["ok"], [""]).numeric
    assert numeric[0][0] == 7.0
    column = revision.column("age")
    assert column is not None
    assert numeric[0][column.slot] == 40.0


def test_a_batch_maps_as_its_inferences_do_alone() -> None:
    found = [
        inference([floats("amount", [1.0, 2.0]), texts("country", ["de", "fr"])]),
        inference([floats("amount", 3.0), texts("country", "it")], [floats("scores", [0.9, 0.1])]),
        inference([texts("amount", ["much"]), texts("country", ["es"])]),
        inference([], [floats("scores", [[0.3, 0.7]])]),
    ]
    statuses: list[EventStatus] = ["error", "ok", "no_response", "no_request"]
    together: list[tuple[str, str, int]] = []
    alone: list[tuple[str, str, int]] = []
    mapper = Mapper(CONTRACT, lambda *fault: together.append(fault))
    mapped = mapper.map(found, statuses, ["1"] * 4)
    single = Mapper(CONTRACT, lambda *fault: alone.append(fault))
    parts = [single.map([one], [status], ["1"]) for one, status in zip(found, statuses, strict=True)]
    np.testing.assert_array_equal(mapped.numeric, np.concatenate([part.numeric for part in parts]))
    assert list(mapped.categorical) == [row for part in parts for row in part.categorical]
    assert sorted(together) == sorted(alone) == [("amount", "text_in_place_of_numbers", 1)]
    assert columns(CONTRACT, mapped)["scores.class"] == [MISSING_CATEGORY] * 2 + ["ham"] + [
        MISSING_CATEGORY
    ] + ["spam"]


def test_elements_of_a_vector_are_fields_of_their_own() -> None:
    contract = Contract(
        model="m",
        fields=(
            ContractField(name="age", kind="numeric", source="x[0]"),
            ContractField(name="kind", kind="categorical", source="x[2]"),
            ContractField(name="absent", kind="numeric", source="x[3]"),
        ),
    )
    values, mismatches = map_one(contract, inference([floats("x", [[40.0, 1.0, 7.0], [50.0, 2.0, 8.0]])]))
    assert values["age"] == [40.0, 50.0]
    assert values["kind"] == ["7", "8"]
    assert all(math.isnan(value) for value in values["absent"])
    assert mismatches == [("absent", "element_missing", 2)]


def test_raw_values_are_kept_when_the_contract_asks() -> None:
    contract = Contract(
        model="m",
        fields=(
            ContractField(name="x", kind="tensor", store_raw=True),
            ContractField(name="word", kind="categorical", store_raw=True),
        ),
    )
    mapper = Mapper(contract, lambda *_: None)
    found = inference([floats("x", [[1.0, 2.5], [3.0, math.nan]]), texts("word", ["a", "b"])])
    raw = mapper.map([found], ["ok"], [""]).raw
    assert [(cell.field, cell.datatype, cell.shape, cell.body) for cell in raw[1]] == [
        ("x", "FP32", (2,), "[3.0,null]"),
        ("word", "BYTES", (), "b"),
    ]


def test_redacted_fields() -> None:
    contract = Contract(
        model="m",
        fields=(
            ContractField(name="name", kind="categorical", redaction=Redaction(hash=True), store_raw=True),
            ContractField(name="secret", kind="numeric", redaction=Redaction(drop=True)),
        ),
    )
    mapper = Mapper(contract, lambda *_: None, redaction_key=b"key")
    mapped = mapper.map(
        [inference([texts("name", ["Ada", "Ada"]), floats("secret", [1.0, 2.0])])], ["ok"], [""]
    )
    first, second = (row[0] for row in mapped.categorical)
    assert first == second != "Ada"
    assert mapped.raw[0][0].body == first
    assert np.isnan(mapped.numeric).all()


@pytest.mark.parametrize(
    ("tensor", "role", "kind"),
    [
        (floats("t", np.arange(200) / 3), "input", "numeric"),
        (floats("t", np.arange(200) % 5, "INT64"), "input", "categorical"),
        (floats("t", np.arange(200), "INT64"), "input", "numeric"),
        (floats("t", np.arange(50) % 5, "INT64"), "input", "numeric"),
        (floats("t", np.arange(200) % 2, "BOOL"), "input", "categorical"),
        (texts("t", ["a"] * 200), "input", "categorical"),
        (floats("t", np.zeros((3, 8, 8))), "input", "image"),
        (floats("t", np.zeros((3, 8, 8))), "output", "tensor"),
        (floats("t", np.full((3, 4), 0.25)), "output", "prediction"),
        (floats("t", np.zeros((3, 64))), "input", "embedding"),
        (floats("t", np.zeros((3, 64)), "INT64"), "input", "tensor"),
        (floats("t", np.zeros((3, 9000))), "input", "tensor"),
        (floats("t", np.zeros((3, 2, 40))), "output", "tensor"),
        (texts("t", [f"w{number}" for number in range(200)]), "input", "text"),
        (
            texts("t", ["a rather long sentence, of which there is only one in this data"] * 9),
            "input",
            "text",
        ),
        (texts("t", ["iVBORw0KGgoAAAANSUhEUgAA"] * 3), "input", "image"),
    ],
)
def test_inferred_kinds(tensor: Tensor, role: str, kind: str) -> None:
    other = floats("other", np.zeros(tensor.shape[0]))
    found = inference([other, tensor]) if role == "input" else inference([other], [tensor])
    contract = infer_contract("m", [found])
    assert {field.name: field.kind for field in contract.fields}["t"] == kind
    assert contract.source == "inferred"
    named = "t" if (role, kind) == ("output", "categorical") else ""
    assert contract.prediction == ("t.class" if kind == "prediction" else named)


def test_a_short_vector_is_features() -> None:
    values = np.column_stack([np.arange(200) / 7, np.arange(200) % 3])
    contract = infer_contract("m", [inference([floats("x", values, "FP64"), floats("n", values, "INT32")])])
    assert {field.name: (field.kind, field.tensor) for field in contract.fields} == {
        "x[0]": ("numeric", "x[0]"),
        "x[1]": ("numeric", "x[1]"),
        "n[0]": ("numeric", "n[0]"),
        "n[1]": ("categorical", "n[1]"),
    }


def test_an_output_that_shares_an_inputs_name_gets_its_own() -> None:
    contract = infer_contract("m", [inference([floats("x", [1.0])], [floats("x", [2.0])])])
    assert [(field.name, field.tensor) for field in contract.fields] == [("x", "x"), ("x.output", "x")]


def test_nothing_measurable_is_refused() -> None:
    with pytest.raises(InvalidContract, match="can be measured"):
        infer_contract("m", [inference([texts("t", [["a", "b"]])])])
