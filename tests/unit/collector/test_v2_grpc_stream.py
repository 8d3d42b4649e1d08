"""V2 gRPC streams: which response answers which request, and what a stream amounts to."""

from __future__ import annotations

import math
from typing import Any

import pytest

from collector.codecs.codec import Body, Glance
from collector.codecs.v2_grpc import V2GrpcStream
from collector.reasons import Undecodable
from tests.payloads.grpc import framed
from tests.payloads.v2 import grpc_body, infer_request, infer_response, stream_response

CODEC = V2GrpcStream()


def numbers(*values: float, name: str = "x", shape: list[int] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "shape": [len(values)] if shape is None else shape,
        "datatype": "FP32",
        "contents": {"fp32_contents": list(values)},
    }


def text(value: bytes, name: str = "t") -> dict[str, Any]:
    return {"name": name, "shape": [1], "datatype": "BYTES", "contents": {"bytes_contents": [value]}}


def asked(*values: float, **more: Any) -> Any:
    return infer_request(numbers(*values), model_name="m", **more)


def answered(*values: float, **more: Any) -> Any:
    return stream_response(infer_response(numbers(*values, name="y"), model_version="2", **more))


def test_requests_and_responses_by_place_are_rows() -> None:
    found = CODEC.decode(grpc_body(asked(1), asked(2, 3)), grpc_body(answered(10), answered(20, 30)))
    assert (found.rows, found.batched, found.model, found.version) == (3, True, "m", "2")
    assert found.inputs["x"].values.tolist() == [1, 2, 3]
    assert found.outputs["y"].values.tolist() == [10, 20, 30]


def test_responses_find_their_request_by_id() -> None:
    found = CODEC.decode(
        grpc_body(asked(1, id="a"), asked(2, id="b")), grpc_body(answered(20, id="b"), answered(10, id="a"))
    )
    assert found.outputs["y"].values.tolist() == [10, 20]
    assert found.request_id == "a"


def test_several_responses_to_one_request_are_one_tensor() -> None:
    pieces = [stream_response(infer_response(text(piece))) for piece in (b"to", b"ken")]
    found = CODEC.decode(grpc_body(asked(1)), grpc_body(*pieces, stream_response(infer_response())))
    assert (found.rows, found.batched) == (1, False)
    assert found.outputs["t"].values.tolist() == ["to", "ken"]
    assert found.inputs["x"].per_row(1, batched=False).tolist() == [[1]]


def test_an_unanswered_request_is_a_row_without_outputs() -> None:
    found = CODEC.decode(
        grpc_body(asked(1, id="a"), asked(2, id="b")),
        grpc_body(answered(20, id="b"), stream_response(error="out of memory")),
    )
    values = found.outputs["y"].values.tolist()
    assert math.isnan(values[0])
    assert values[1] == 20
    assert found.error == ""


def test_a_stream_of_errors_is_an_error() -> None:
    found = CODEC.decode(grpc_body(asked(1), asked(2)), grpc_body(stream_response(error="no such model")))
    assert (found.error, found.rows, found.outputs) == ("no such model", 2, {})


def test_a_failed_stream_has_its_requests() -> None:
    found = CODEC.decode(grpc_body(asked(1), asked(2)), None)
    assert (found.rows, found.outputs) == (2, {})


def test_responses_alone_are_rows() -> None:
    found = CODEC.decode(None, grpc_body(answered(1), answered(2)))
    assert found.outputs["y"].values.tolist() == [1, 2]


def test_tensors_that_change_their_shape_are_a_fault() -> None:
    found = CODEC.decode(
        grpc_body(infer_request(numbers(1, 2, shape=[1, 2])), infer_request(numbers(1, shape=[1, 1]))), None
    )
    assert (found.faults, found.inputs, found.rows) == ({"x": "ragged"}, {}, 2)
    pieces = [
        stream_response(infer_response(one)) for one in (numbers(1, shape=[1, 1]), numbers(1, shape=[1]))
    ]
    assert CODEC.decode(grpc_body(asked(1)), grpc_body(*pieces)).faults == {"x": "ragged"}


def test_few_bytes_do_not_become_gigabytes() -> None:
    large = {
        "name": "y",
        "shape": [1, 4 * 1024 * 1024],
        "datatype": "UINT8",
    }
    first = stream_response(infer_response(large, raw=[b"\x00" * (4 * 1024 * 1024)], id="a"))
    requests = [infer_request(numbers(1), id="a"), infer_request(numbers(*range(1000)), id="b")]
    found = CODEC.decode(grpc_body(*requests), grpc_body(first))
    assert found.faults == {"y": "too_large"}


@pytest.mark.parametrize(
    ("requests", "responses"),
    [
        ([asked(1), asked(2)], [answered(1)]),
        ([asked(1, id="a"), asked(2, id="b")], [answered(1, id="c")]),
        ([asked(1, id="a")], [answered(1, id="c")]),
    ],
)
def test_an_unclear_answer_is_refused(requests: list[Any], responses: list[Any]) -> None:
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(grpc_body(*requests), grpc_body(*responses))
    assert caught.value.reason == "mismatched_id"


def test_too_many_messages_and_none_are_refused() -> None:
    for body, reason in ((framed(*[b""] * 10_001), "body_too_large"), (Body(b"", {}), "malformed_body")):
        with pytest.raises(Undecodable) as caught:
            CODEC.decode(body, None)
        assert caught.value.reason == reason


def test_glance_sums_the_rows() -> None:
    requests = grpc_body(asked(1), asked(2, 3))
    assert CODEC.glance(requests, grpc_body(answered(1, 2, 3, 4))) == Glance(3, "m", "2")
    assert CODEC.glance(requests, framed(b"\xff")) == Glance(3, "m"), "a failed call has no answer"
    assert CODEC.glance(None, grpc_body(answered(1), answered(2))) == Glance(2, "", "2")
    assert CODEC.glance(framed(b"\xff"), None) == CODEC.glance(None, None) == Glance(1)
