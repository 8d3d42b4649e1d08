"""TensorFlow Serving's REST API (KServe V1): both forms, named and unnamed, text and bytes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference
from collector.codecs.tfs_rest import TfsRest
from collector.mapping import Mapper
from collector.reasons import Undecodable
from driftline.contracts import Contract, ContractField
from tests.payloads.checking import map_checked
from tests.payloads.tfs import rest_body

CODEC = TfsRest()


def asked(**keys: Any) -> Inference:
    return CODEC.decode(rest_body(**keys), None)


def both(request: dict[str, Any], response: dict[str, Any]) -> Inference:
    return CODEC.decode(rest_body(**request), rest_body(**response))


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def values(found: Inference) -> dict[str, Any]:
    return {name: tensor.values.tolist() for name, tensor in found.inputs.items()}


def test_the_unnamed_row_form() -> None:
    found = both({"instances": [[1.0, 2.0], [3.0, 4.0]]}, {"predictions": [0.5, 0.25]})
    assert (found.rows, found.batched, found.faults) == (2, True, {})
    assert found.inputs["inputs"].values.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found.outputs["outputs"].values.tolist() == [0.5, 0.25]


def test_the_named_row_form() -> None:
    found = both(
        {"signature_name": "s", "instances": [{"age": 30, "name": "Ann"}, {"age": 40, "name": "Bob"}]},
        {"predictions": [{"score": 0.5, "class": "a"}, {"score": 0.25, "class": "b"}]},
    )
    assert values(found) == {"age": [30, 40], "name": ["Ann", "Bob"]}
    assert found.outputs["class"].values.tolist() == ["a", "b"]
    assert {name: tensor.datatype for name, tensor in {**found.inputs, **found.outputs}.items()} == {
        "age": "INT64",
        "name": "BYTES",
        "score": "FP64",
        "class": "BYTES",
    }


def test_the_column_form_named_and_unnamed() -> None:
    found = both({"inputs": {"x": [[1.5], [2.5]], "k": [True, False]}}, {"outputs": [[1], [2]]})
    assert values(found) == {"x": [[1.5], [2.5]], "k": [1.0, 0.0]}
    assert found.inputs["k"].datatype == "BOOL"
    assert (found.rows, found.batched) == (2, True)
    assert found.outputs["outputs"].values.tolist() == [[1], [2]]
    assert values(asked(inputs=["a", "b"])) == {"inputs": ["a", "b"]}
    assert values(asked(inputs=5)) == {"inputs": 5}
    assert values(asked(inputs={"x": "only"})) == {"x": "only"}


def test_bytes_are_base64_and_text_where_they_are_text() -> None:
    found = asked(instances=[b64(b"caf\xc3\xa9"), b64(b"\xff\xd8")])
    assert values(found) == {"inputs": ["café", b"\xff\xd8"]}
    named = asked(instances=[{"image": b64(b"\xff"), "tag": "t"}, {"image": b64(b"\xfe"), "tag": "u"}])
    assert values(named) == {"image": [b"\xff", b"\xfe"], "tag": ["t", "u"]}
    assert values(asked(inputs={"image": [b64(b"\xff")]})) == {"image": [b"\xff"]}
    assert values(asked(inputs=b64(b"\xff"))) == {"inputs": b"\xff"}


def test_whole_numbers_and_fractions_and_nulls() -> None:
    found = asked(instances=[{"a": 1, "b": 1, "c": None}, {"a": 2, "b": 0.5, "c": "x"}, {"a": 3, "b": 2}])
    assert str(values(found)) == "{'a': [1.0, 2.0, 3.0], 'b': [1.0, 0.5, 2.0], 'c': [None, 'x', None]}"
    assert (found.inputs["a"].datatype, found.inputs["b"].datatype) == ("INT64", "FP64")
    missing = asked(instances=[{"v": [1, 2]}, {}])
    assert str(values(missing)) == "{'v': [[1.0, 2.0], [nan, nan]]}"


def test_nan_as_tensorflow_writes_it() -> None:
    found = CODEC.decode(None, Body(b'{"predictions":[NaN, Infinity, -Infinity]}', {}))
    assert str(found.outputs["outputs"].values.tolist()) == "[nan, inf, -inf]"


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ([[1], [1, 2]], "ragged"),
        ([[1], 2], "ragged"),
        (["a", 1], "bad_data"),
        ([{"k": 1}, {"k": 2}], "bad_data"),
        ([{"b64": "!!!"}], "bad_data"),
        ([{"b64": "YQ==", "k": 1}], "bad_data"),
        ([{"b64": 7}], "bad_data"),
        ([None], "no_value"),
        ([], "no_value"),
        ([10**400], "bad_data"),
        ([[1] * 3000, *[None] * 3000], "too_large"),
    ],
)
def test_a_bad_column_is_named_and_the_others_are_read(column: list[Any], fault: str) -> None:
    found = asked(inputs={"x": column, "good": [5]})
    assert found.faults == {"x": fault}
    assert values(found) == {"good": [5]}


def test_an_answer_with_another_number_of_rows_is_a_fault() -> None:
    found = both({"instances": [1, 2, 3]}, {"predictions": [1, 2]})
    assert (found.rows, found.outputs, found.faults) == (3, {}, {"outputs": "rows_differ"})


def test_an_error_in_the_body_is_told() -> None:
    found = both({"instances": [1, 2]}, {"error": "no such signature"})
    assert (found.error, found.rows, found.outputs) == ("no such signature", 2, {})


def test_classify_and_regress() -> None:
    found = both(
        {"examples": [{"a": 1}, {"a": 2}]}, {"results": [[["x", 0.9], ["y", 0.1]], [["x", 0.2], ["y", 0.8]]]}
    )
    assert found.rows == 2
    assert found.outputs["classes"].values.tolist() == [["x", "y"], ["x", "y"]]
    assert found.outputs["scores"].values.tolist() == [[0.9, 0.1], [0.2, 0.8]]
    regressed = both({"examples": [{"a": 1}, {"a": 2}]}, {"results": [0.5, 0.25]})
    assert regressed.outputs["outputs"].values.tolist() == [0.5, 0.25]


def test_predictions_that_are_an_object_are_columns() -> None:
    found = CODEC.decode(None, rest_body(predictions={"a": [1, 2], "b": ["x", "y"]}))
    assert (found.rows, set(found.outputs)) == (2, {"a", "b"})


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b'{"instances":1}', b'{"examples":{}}', b'{"instances":[1', b"[" * 100_000, b"\xff"],
)
def test_a_body_that_is_neither_form_is_refused(data: bytes) -> None:
    for half in ((Body(data, {}), None), (None, Body(data.replace(b"instances", b"results"), {}))):
        with pytest.raises(Undecodable) as caught:
            CODEC.decode(*half)
        assert caught.value.reason == "malformed_body"


def test_rows_that_share_no_name_are_refused_before_they_fill_the_memory() -> None:
    with pytest.raises(Undecodable) as caught:
        asked(instances=[{str(row): 1} for row in range(3000)])
    assert caught.value.reason == "malformed_body"


def test_glance_counts_rows() -> None:
    assert CODEC.glance(rest_body(instances=[1, 2, 3]), rest_body(predictions=[1, 2, 3])) == Glance(3)
    assert CODEC.glance(rest_body(inputs={"x": [1, 2]}), None) == Glance(2)
    assert CODEC.glance(rest_body(inputs=[1, 2]), rest_body(error="e")) == Glance(2)
    assert CODEC.glance(rest_body(inputs=b64(b"a")), Body(b"{", {})) == Glance(1)
    assert CODEC.glance(None, None) == Glance(1)


def test_rows_without_a_text_can_be_inferred_from_and_mapped() -> None:
    assert map_checked(asked(instances=[{"a": "x"}, {}, {"a": "y"}]))
    mapper = Mapper(
        Contract(model="m", fields=(ContractField(name="a", kind="text", store_raw=True),)), lambda *_: None
    )
    mapped = mapper.map([asked(instances=[{"a": ["x", None]}, {}])], ["ok"], [""])
    assert {row: cell.body for row, (cell,) in mapped.raw.items()} == {0: '["x"]'}
