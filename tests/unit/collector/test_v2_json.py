"""The V2 codec: what it reads, and what it refuses by which reason."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from collector.codecs import v2_json
from collector.codecs.v2_json import Route
from collector.reasons import Undecodable


def body(*tensors: dict[str, Any], key: str = "inputs", **more: Any) -> bytes:
    return orjson.dumps({key: list(tensors), **more})


def tensor(data: list[Any], shape: list[int], datatype: str = "FP32", name: str = "x") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "/v2/models/a/infer", Route("a", "")),
        ("POST", "/v2/models/a/versions/12/infer?x=1", Route("a", "12")),
        ("POST", "/v2/models/a%2Db/infer", Route("a-b", "")),
        ("GET", "/v2/models/a/infer", None),
        ("POST", "/v2/models/a/ready", None),
        ("POST", "/v1/models/a:predict", None),
    ],
)
def test_route(method: str, target: str, expected: Route | None) -> None:
    assert v2_json.route(method, target) == expected


def test_rows_nested_and_flat_data_are_the_same() -> None:
    flat = v2_json.decode(body(tensor([1, 2, 3, 4], [2, 2]), id="r"), None)
    nested = v2_json.decode(body(tensor([[1, 2], [3, 4]], [2, 2]), id="r"), None)
    assert flat.rows == nested.rows == 2
    assert flat.inputs["x"].values.tolist() == nested.inputs["x"].values.tolist() == [[1, 2], [3, 4]]
    assert flat.request_id == "r"


def test_response_gives_the_version_and_outputs() -> None:
    answer = body(tensor(["cat"], [1], "BYTES", "label"), key="outputs", model_version="3")
    found = v2_json.decode(body(tensor([1.5], [1])), answer)
    assert (found.version, found.rows, found.batched) == ("3", 1, True)
    assert found.outputs["label"].values.tolist() == ["cat"]


def test_nan_as_python_servers_write_it_is_read() -> None:
    found = v2_json.decode(
        b'{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[NaN, null]}]}', None
    )
    assert str(found.inputs["x"].values.tolist()) == "[nan, nan]"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (tensor([1, 2], [3]), "bad_shape"),
        (tensor([1], [-1]), "bad_shape"),
        (tensor([1], [True]), "bad_shape"),
        (tensor(["a"], [1]), "bad_data"),
        (tensor([[1], [2, 3]], [3]), "bad_data"),
        (tensor([1], [1], "BYTES"), "bad_data"),
        (tensor([1], [1], "COMPLEX"), "unknown_datatype"),
    ],
)
def test_a_bad_tensor_is_left_out_and_named(item: dict[str, Any], reason: str) -> None:
    found = v2_json.decode(body(item, tensor([5.0], [1], name="good")), None)
    assert found.faults == {"x": reason}
    assert set(found.inputs) == {"good"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed_body"),
        (b"[]", "malformed_body"),
        (b"{}", "malformed_body"),
        (b'{"inputs":[1]}', "malformed_body"),
        (b'{"inputs":[{"shape":[1]}]}', "malformed_body"),
        (b"[" * 100_000, "malformed_body"),
        (body({"name": "x", "parameters": {"binary_data_size": 4}}), "binary_tensors"),
    ],
)
def test_a_body_that_is_no_v2_message_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Undecodable) as refused:
        v2_json.decode(data, None)
    assert refused.value.reason == reason


def test_an_answer_to_another_request_is_refused() -> None:
    with pytest.raises(Undecodable) as refused:
        v2_json.decode(body(tensor([1], [1]), id="a"), body(tensor([1], [1]), key="outputs", id="b"))
    assert refused.value.reason == "mismatched_id"


def test_glance_finds_rows_and_version_without_decoding() -> None:
    answer = body(tensor([1, 2, 3], [3]), key="outputs", model_version="9")
    assert v2_json.glance(body(tensor([1], [1])), answer) == (3, "9")
    assert v2_json.glance(b"", b"") == (1, "")
