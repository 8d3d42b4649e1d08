"""V2 over HTTP with JSON tensors: what is read, and what is refused for which reason."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from collector.codecs.codec import Body, Glance
from collector.codecs.decoded import Inference
from collector.codecs.json_body import PARSED_BYTES
from collector.codecs.shapes import MOST_ELEMENTS
from collector.codecs.v2_rest import V2Rest
from collector.reasons import Undecodable
from tests.payloads.v2 import json_body, tensor

CODEC = V2Rest()


def decoded(*tensors: Any, answered: Body | None = None) -> Inference:
    return CODEC.decode(json_body(*tensors), answered)


def refused(asked: Body | None, answered: Body | None = None) -> str:
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(asked, answered)
    return caught.value.reason


def test_rows_nested_and_flat_data_are_the_same() -> None:
    flat = decoded(tensor([1, 2, 3, 4], [2, 2]))
    nested = decoded(tensor([[1, 2], [3, 4]], [2, 2]))
    assert flat.rows == nested.rows == 2
    assert flat.inputs["x"].values.tolist() == nested.inputs["x"].values.tolist() == [[1, 2], [3, 4]]


def test_request_and_response_make_one_inference() -> None:
    asked = json_body(tensor([1.5], [1]), id="r")
    answered = json_body(
        tensor(["cat"], [1], "BYTES", "label"), key="outputs", model_version="3", model_name="pets"
    )
    found = CODEC.decode(asked, answered)
    assert (found.request_id, found.model, found.version) == ("r", "pets", "3")
    assert (found.rows, found.batched, found.error) == (1, True, "")
    assert found.outputs["label"].values.tolist() == ["cat"]


def test_one_half_is_enough() -> None:
    response = CODEC.decode(None, json_body(tensor([1, 2], [2]), key="outputs", id="r", model_version="4"))
    assert (response.rows, response.version, response.request_id) == (2, "4", "r")
    assert response.inputs == {}
    request = CODEC.decode(json_body(tensor([1, 2], [2]), id="r"), None)
    assert (request.rows, request.request_id, request.outputs) == (2, "r", {})


def test_numbers_that_only_some_servers_write_are_read() -> None:
    data = b'{"inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":[NaN, null, -Infinity]}]}'
    found = CODEC.decode(Body(data, {}), None)
    assert str(found.inputs["x"].values.tolist()) == "[nan, nan, -inf]"


def test_booleans_and_scalars() -> None:
    found = decoded(tensor([True, False], [2], "BOOL", "b"), tensor([7], [], "INT64", "s"))
    assert found.inputs["b"].values.tolist() == [1.0, 0.0]
    assert found.inputs["s"].shape == ()
    assert (found.rows, found.batched) == (1, False)


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (tensor([1, 2], [3]), "bad_shape"),
        (tensor([1], [-1]), "bad_shape"),
        (tensor([1], [True]), "bad_shape"),
        (tensor([1], [1.0]), "bad_shape"),
        (tensor([1], 1), "bad_shape"),
        (tensor([1], [1] * 33), "bad_shape"),
        (tensor([], [0, 2**62]), "too_large"),
        (tensor([], [0, 10**30]), "bad_shape"),
        (tensor([], [0, MOST_ELEMENTS, MOST_ELEMENTS, MOST_ELEMENTS]), "bad_shape"),
        (tensor([1], [10**6, 10**6, 10**6]), "too_large"),
        (tensor(["a"], [1]), "bad_data"),
        (tensor(["1.5"], [1]), "bad_data"),
        (tensor([[1.0, "2"]], [2]), "bad_data"),
        (tensor([{}], [1]), "bad_data"),
        (tensor([10**400], [1]), "bad_data"),
        (tensor(None, [1]), "bad_data"),
        (tensor("abc", [3]), "bad_data"),
        (tensor([1.5], [1], "INT64"), "bad_data"),
        (tensor([0.5], [1], "BOOL"), "bad_data"),
        (tensor([1, [2]], [2]), "bad_data"),
        (tensor([[1], [2, 3]], [3]), "ragged"),
        (tensor([[1], 2], [2]), "ragged"),
        (tensor([1], [1], "BYTES"), "bad_data"),
        (tensor([None], [1], "BYTES"), "bad_data"),
        (tensor([1], [1], "COMPLEX"), "unknown_datatype"),
        (tensor([1], [1], None), "unknown_datatype"),
        (tensor([1], [1], ["FP32"]), "unknown_datatype"),
        ({"name": "x", "parameters": {"shared_memory_region": "r"}}, "shared_memory"),
    ],
)
def test_a_bad_tensor_is_left_out_and_named(item: dict[str, Any], fault: str) -> None:
    found = decoded(item, tensor([5.0], [1], name="good"))
    assert found.faults == {"x": fault}
    assert set(found.inputs) == {"good"}


def test_a_name_given_twice_is_a_fault_and_no_silent_overwrite() -> None:
    found = decoded(tensor([1.0], [1]), tensor([2.0], [1]), tensor([3.0], [1]), tensor([4.0], [1], name="y"))
    assert found.faults == {"x": "duplicate_name"}
    assert set(found.inputs) == {"y"}
    both = CODEC.decode(json_body(tensor([1.0], [1])), json_body(tensor([2.0], [1]), key="outputs"))
    assert both.faults == {}, "an input and an output may share a name"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"inputs":[1]}',
        b'{"inputs":{}}',
        b'{"inputs":[{"shape":[1]}]}',
        b'{"inputs":[{"name":""}]}',
        b'{"inputs":[{"name":7}]}',
        b"[" * 100_000,
        b'{"inputs":' * 5_000,
        b'{"inputs":[{"name":"\xff"}]}',
        b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1',
        b"\x00\x01\x02",
    ],
)
def test_a_body_that_is_no_v2_message_is_refused(data: bytes) -> None:
    assert refused(Body(data, {})) == "malformed_body"
    assert refused(None, Body(data.replace(b"inputs", b"outputs"), {})) == "malformed_body"


def test_deeply_nested_data_is_a_fault_or_refused() -> None:
    nested: Any = 1.0
    for _ in range(500):
        nested = [nested]
    assert decoded(tensor(nested, [1])).inputs["x"].values.tolist() == [1.0]
    text = orjson.dumps(tensor([], [1])).replace(b"[]", b"[" * 5_000 + b"]" * 5_000)
    assert refused(Body(b'{"inputs":[' + text + b"]}", {})) == "malformed_body"


def test_a_body_that_would_fill_the_memory_once_parsed_is_refused() -> None:
    small = b"[" + b"{}," * (PARSED_BYTES // 128) + b"{}]"
    assert len(small) < 2 * 1024 * 1024
    assert refused(Body(b'{"inputs":' + small + b"}", {})) == "body_too_large"
    assert refused(Body(b'{"inputs":[' + b"1," * (PARSED_BYTES // 32) + b"1]}", {})) == "body_too_large"


def test_an_answer_to_another_request_is_refused() -> None:
    asked, answered = json_body(tensor([1], [1]), id="a"), json_body(tensor([1], [1]), key="outputs", id="b")
    assert refused(asked, answered) == "mismatched_id"


def test_an_error_in_the_body_is_told() -> None:
    found = CODEC.decode(json_body(tensor([1], [1])), Body(b'{"error":"out of memory"}', {}))
    assert (found.error, found.outputs, found.rows) == ("out of memory", {}, 1)


def test_texts_are_what_utf_8_can_hold() -> None:
    found = CODEC.decode(Body(b'{"inputs":[],"id":"\\ud800"}', {}), None)
    assert found.request_id == "?"


def test_glance_finds_rows_and_version_without_decoding() -> None:
    answer = json_body(tensor([1, 2, 3], [3]), key="outputs", model_version="9")
    assert CODEC.glance(json_body(tensor([1, 2, 3], [3])), answer) == Glance(3, version="9")
    assert CODEC.glance(json_body(tensor([1], [1])), answer) == Glance(1, version="9"), "no shared first axis"
    assert CODEC.glance(json_body(tensor([7], [], "INT64")), None) == Glance(1)
    assert CODEC.glance(Body(b"", {}), Body(b"", {})) == Glance(1)
    assert CODEC.glance(None, None) == Glance(1)
