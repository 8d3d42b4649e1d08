"""V2 over gRPC: raw and typed contents, compression, and the field numbers of the published definition."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from collector.codecs.codec import Body, Glance
from collector.codecs.v2_grpc import V2Grpc
from collector.codecs.v2_messages import ModelInferRequest, ModelInferResponse, ModelStreamInferResponse
from collector.reasons import Undecodable
from tests.payloads.descriptors import compared_fields
from tests.payloads.grpc import framed
from tests.payloads.v2 import grpc_body, infer_request, infer_response, packed_texts

CODEC = V2Grpc()
ONE = struct.pack("<f", 1.0)


def declared(shape: list[int], datatype: str = "FP32", name: str = "x", **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, **more}


def typed(shape: list[int], datatype: str, field: str, values: list[Any]) -> dict[str, Any]:
    return declared(shape, datatype, contents={field: values})


def refused(asked: Body | None, answered: Body | None = None) -> str:
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(asked, answered)
    return caught.value.reason


def test_raw_contents_of_request_and_response() -> None:
    asked = infer_request(
        declared([2, 2]),
        declared([2], "BYTES", "t"),
        raw=[struct.pack("<4f", 1, 2, 3, 4), packed_texts([b"a", b"\xff"])],
        model_name="pets",
        id="r",
    )
    answered = infer_response(
        declared([2], "INT64", "y"), raw=[struct.pack("<2q", 7, 8)], model_version="5", id="r"
    )
    found = CODEC.decode(grpc_body(asked), grpc_body(answered))
    assert (found.model, found.version, found.request_id) == ("pets", "5", "r")
    assert (found.rows, found.batched, found.faults) == (2, True, {})
    assert found.inputs["x"].values.tolist() == [[1, 2], [3, 4]]
    assert found.inputs["t"].values.tolist() == ["a", b"\xff"]
    assert found.outputs["y"].values.tolist() == [7, 8]


@pytest.mark.parametrize(
    ("datatype", "field", "values", "expected"),
    [
        ("BOOL", "bool_contents", [True, False], [1.0, 0.0]),
        ("INT8", "int_contents", [-1, 2], [-1.0, 2.0]),
        ("INT32", "int_contents", [-1, 2], [-1.0, 2.0]),
        ("INT64", "int64_contents", [-(2**40), 2], [-(2.0**40), 2.0]),
        ("UINT16", "uint_contents", [1, 2], [1.0, 2.0]),
        ("UINT64", "uint64_contents", [2**63, 2], [2.0**63, 2.0]),
        ("FP32", "fp32_contents", [0.5, 2], [0.5, 2.0]),
        ("FP64", "fp64_contents", [0.1, 2], [0.1, 2.0]),
        ("BYTES", "bytes_contents", [b"a", b"\xff"], ["a", b"\xff"]),
    ],
)
def test_typed_contents(datatype: str, field: str, values: list[Any], expected: list[Any]) -> None:
    found = CODEC.decode(grpc_body(infer_request(typed([2], datatype, field, values))), None)
    assert found.inputs["x"].values.tolist() == expected
    assert found.inputs["x"].values.dtype == (object if datatype == "BYTES" else np.float64)


@pytest.mark.parametrize(
    ("tensor", "fault"),
    [
        (typed([3], "FP32", "fp32_contents", [1.0]), "bad_shape"),
        (typed([1], "FP32", "int_contents", [1]), "bad_shape"),
        (typed([-1], "FP32", "fp32_contents", [1.0]), "bad_shape"),
        (typed([2**40], "FP32", "fp32_contents", []), "too_large"),
        (typed([0, 2**62], "FP32", "fp32_contents", []), "too_large"),
        (typed([1], "FP16", "fp32_contents", [1.0]), "bad_data"),
        (typed([1], "STRING", "bytes_contents", [b"a"]), "unknown_datatype"),
        (declared([1], parameters=[{"key": "shared_memory_region"}]), "shared_memory"),
    ],
)
def test_a_bad_tensor_is_named_and_the_others_are_read(tensor: dict[str, Any], fault: str) -> None:
    good = typed([1], "FP32", "fp32_contents", [5.0]) | {"name": "good"}
    found = CODEC.decode(grpc_body(infer_request(tensor, good)), None)
    assert found.faults == {"x": fault}
    assert found.inputs["good"].values.tolist() == [5.0]


def test_an_empty_tensor_is_one() -> None:
    found = CODEC.decode(grpc_body(infer_request(typed([0], "FP32", "fp32_contents", []))), None)
    assert found.inputs["x"].shape == (0,)


def test_raw_contents_skip_tensors_in_shared_memory() -> None:
    shared = declared([1], name="s", parameters=[{"key": "shared_memory_region"}])
    asked = infer_request(shared, declared([1]), raw=[ONE])
    answered = infer_response(shared, declared([1]), raw=[b"", ONE])
    found = CODEC.decode(grpc_body(asked), grpc_body(answered))
    assert found.inputs["x"].values.tolist() == found.outputs["x"].values.tolist() == [1.0]
    assert found.faults == {"s": "shared_memory"}


def test_a_name_given_twice_is_a_fault() -> None:
    asked = infer_request(declared([1]), declared([1]), declared([1], name="y"), raw=[ONE] * 3)
    found = CODEC.decode(grpc_body(asked), None)
    assert (found.faults, set(found.inputs)) == ({"x": "duplicate_name"}, {"y"})


def test_values_both_raw_and_typed_are_a_fault() -> None:
    both = typed([1], "FP32", "fp32_contents", [1.0])
    assert CODEC.decode(grpc_body(infer_request(both, raw=[ONE])), None).faults == {"x": "bad_data"}


@pytest.mark.parametrize("raw", [[ONE], [ONE] * 3])
def test_another_number_of_raw_contents_refuses_the_message(raw: list[bytes]) -> None:
    asked = infer_request(declared([1]), declared([1], name="y"), raw=raw)
    assert refused(grpc_body(asked)) == "malformed_body"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", ""])
def test_messages_are_decompressed_as_their_header_says(encoding: str) -> None:
    message = infer_request(declared([1]), raw=[ONE]).SerializeToString()
    compressed = encoding in ("gzip", "deflate")
    found = CODEC.decode(framed(message, encoding=encoding, compressed=compressed), None)
    assert found.inputs["x"].values.tolist() == [1.0]
    assert CODEC.decode(framed(message, encoding=encoding), None).rows == 1, "not compressed all the same"


def test_what_is_no_grpc_message_is_refused() -> None:
    message = infer_request(declared([1]), raw=[ONE]).SerializeToString()
    whole = framed(message).data
    zipped = framed(message, encoding="gzip", compressed=True)
    for data in (b"", whole[:3], whole[:-1], whole + b"\x00", whole + whole, b"\x07" + whole[1:]):
        assert refused(Body(data, {})) == "malformed_body"
    assert refused(framed(b"\xff\xff")) == "malformed_body"
    assert refused(framed(b"\x0a\x02\xff\xff")) == "malformed_body", "a name that is not UTF-8"
    assert refused(Body(zipped.data, {"grpc-encoding": "snappy"})) == "unsupported_encoding"
    assert refused(Body(zipped.data, {})) == "unsupported_encoding"
    broken = b"\x01" + struct.pack(">I", 4) + b"abcd"
    assert refused(Body(broken, {"grpc-encoding": "gzip"})) == "malformed_body"
    half = zipped.data[5:-6]
    assert refused(Body(b"\x01" + struct.pack(">I", len(half)) + half, zipped.headers)) == "malformed_body"


def test_a_zip_bomb_is_refused() -> None:
    bomb = framed(b"\x00" * (65 * 1024 * 1024), encoding="gzip", compressed=True)
    assert len(bomb.data) < 100_000
    assert refused(bomb) == "body_too_large"
    assert CODEC.glance(bomb, None) == Glance(1)


def test_the_trailers_of_grpc_web_are_skipped() -> None:
    trailers = b"\x80" + struct.pack(">I", 13) + b"grpc-status:0"
    answered = grpc_body(infer_response(declared([1]), raw=[ONE]))
    found = CODEC.decode(None, Body(answered.data + trailers, answered.headers))
    assert set(found.outputs) == {"x"}


def test_an_answer_to_another_request_is_refused() -> None:
    assert refused(grpc_body(infer_request(id="a")), grpc_body(infer_response(id="b"))) == "mismatched_id"


def test_glance_tells_rows_model_and_version() -> None:
    asked = grpc_body(infer_request(declared([3, 2]), model_name="pets", model_version="1"))
    answered = grpc_body(infer_response(declared([3]), model_version="2"))
    assert CODEC.glance(asked, answered) == Glance(3, "pets", "2")
    assert CODEC.glance(asked, None) == Glance(3, "pets", "1")
    assert CODEC.glance(grpc_body(infer_request(declared([]))), None) == Glance(1)
    assert CODEC.glance(asked, Body(b"", {})) == Glance(3, "pets", "1"), "a failed call has no answer"
    assert CODEC.glance(framed(b"\xff"), None) == CODEC.glance(None, None) == Glance(1)


def test_a_message_of_triton_s_client_is_read() -> None:
    request = service_pb2.ModelInferRequest(model_name="pets", model_version="2", id="r")
    request.parameters["priority"].int64_param = 3
    raw = request.inputs.add(name="x", datatype="FP32", shape=[1, 2])
    raw.parameters["note"].string_param = "n"
    request.outputs.add(name="y").parameters["classification"].int64_param = 2
    request.raw_input_contents.append(struct.pack("<2f", 1, 2))
    response = service_pb2.ModelInferResponse(model_name="pets", model_version="2", id="r")
    typed_output = response.outputs.add(name="y", datatype="BYTES", shape=[1])
    typed_output.contents.bytes_contents.append(b"cat")
    found = CODEC.decode(grpc_body(request), grpc_body(response))
    assert (found.model, found.version, found.request_id, found.faults) == ("pets", "2", "r", {})
    assert found.inputs["x"].values.tolist() == [[1, 2]]
    assert found.outputs["y"].values.tolist() == ["cat"]


@pytest.mark.parametrize("ours", [ModelInferRequest, ModelInferResponse, ModelStreamInferResponse])
def test_our_table_of_fields_agrees_with_the_published_definition(ours: Any) -> None:
    compared = compared_fields(ours.DESCRIPTOR, getattr(service_pb2, ours.DESCRIPTOR.name).DESCRIPTOR)
    assert compared >= 10
