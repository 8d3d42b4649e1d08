"""Tensors into event arrays, and contracts from tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from collector.codecs.decoded import Inference, Tensor, count_rows
from collector.inference import infer_contract
from collector.mapping import Mapper
from driftline.contracts import Contract, ContractField
from driftline.errors import InvalidContract
from driftline.events import MISSING_CATEGORY


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
    numeric, categorical = mapper.map(found, failed=failed)
    values = {
        column.name: [row[column.slot] for row in (numeric if column.kind == "numeric" else categorical)]
        for column in contract.columns()
    }
    return values, mismatches


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
    numeric, _ = mapper.map(
        inference([floats("amount", [7.0]), floats("age", [40.0]), texts("country", ["de"])]), failed=False
    )
    assert numeric[0][0] == 7.0
    column = revision.column("age")
    assert column is not None
    assert numeric[0][column.slot] == 40.0


def test_unbatched_image_and_class_index() -> None:
    contract = Contract(
        model="m",
        fields=(
            ContractField(name="image", kind="image"),
            ContractField(name="label", kind="prediction", role="output", classes=("a", "b")),
        ),
    )
    values, mismatches = map_one(
        contract, inference([floats("image", np.full((8, 8), 0.5))], [floats("label", [1], "INT64")])
    )
    assert mismatches == []
    assert values["image.brightness"] == [0.5]
    assert values["label.class"] == ["b"]
    assert math.isnan(values["label.confidence"][0])


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
        (floats("t", np.zeros((3, 5))), "input", "tensor"),
        (floats("t", np.full((3, 4), 0.25)), "output", "prediction"),
        (floats("t", np.full((3, 4), 0.25)), "input", "tensor"),
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


def test_an_output_that_shares_an_inputs_name_gets_its_own() -> None:
    contract = infer_contract("m", [inference([floats("x", [1.0])], [floats("x", [2.0])])])
    assert [(field.name, field.tensor) for field in contract.fields] == [("x", "x"), ("x.output", "x")]


def test_nothing_measurable_is_refused() -> None:
    with pytest.raises(InvalidContract, match="can be measured"):
        infer_contract("m", [inference([texts("t", [["a", "b"]])])])
