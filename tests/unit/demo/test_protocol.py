"""V2 requests are read exactly, and each fault is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from demo.protocol import answer_body, infer_body, parse_infer
from driftline.errors import InvalidInput


def body(**changes: Any) -> bytes:
    """A correct request with members of its tensor changed."""
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 8, 8], "data": [0.5] * 64}
    return orjson.dumps({"id": "a", "inputs": [tensor | changes]})


def test_what_a_client_writes_the_server_reads() -> None:
    images = np.random.default_rng(0).random((3, 8, 8))
    request = parse_infer(infer_body("scan-1", images))
    assert request.request_id == "scan-1"
    assert np.allclose(request.images, images, atol=1e-5)


def test_nested_data_is_read_as_flat_data_is() -> None:
    images = np.random.default_rng(0).random((2, 8, 8))
    nested = parse_infer(body(shape=[2, 8, 8], data=images.tolist()))
    flat = parse_infer(body(shape=[2, 8, 8], data=images.reshape(-1).tolist()))
    assert np.array_equal(nested.images, flat.images)


@pytest.mark.parametrize(
    ("request_body", "fault"),
    [
        (b"\xff", "not JSON"),
        (b"[]", "JSON object, got list"),
        (b"{}", "list of one tensor"),
        (orjson.dumps({"id": 5, "inputs": []}), "id must be a string, got int"),
        (orjson.dumps({"inputs": [{}, {}]}), "list of one tensor"),
        (body(name="pixels"), "named 'image', got 'pixels'"),
        (body(datatype="UINT8"), "must be FP32, got 'UINT8'"),
        (body(shape=[64]), r"must be \[rows, 8, 8\], got \[64\]"),
        (body(shape=[True, 8, 8]), "got \\[True, 8, 8\\]"),
        (body(shape=[0, 8, 8], data=[]), "1 to 64 images, got 0"),
        (body(shape=[65, 8, 8]), "1 to 64 images, got 65"),
        (body(data=[0.5] * 63), "must hold 64 numbers, got 63"),
        (body(data=None), "must hold 64 numbers, got 0"),
        (body(data=["ink"] * 64), "must be numbers"),
        (body(data=[[0.5] * 8, [0.5] * 7]), "must be numbers"),
        (body(data=[None] * 64), "from 0 to 1, got nan"),
        (body(data=[16.0] * 64), "from 0 to 1, got 16 to 16"),
    ],
)
def test_each_fault_is_named_with_what_was_received(request_body: bytes, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault):
        parse_infer(request_body)


def test_an_answer_carries_id_version_and_scores() -> None:
    answer = orjson.loads(answer_body("scan-1", 2, np.full((3, 10), 0.1)))
    assert answer["id"] == "scan-1"
    assert answer["model_version"] == "2"
    assert answer["outputs"][0]["shape"] == [3, 10]
    assert "id" not in orjson.loads(answer_body("", 2, np.full((1, 10), 0.1)))
