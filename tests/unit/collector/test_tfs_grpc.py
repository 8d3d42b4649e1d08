"""TensorFlow Serving over gRPC: values in every form a TensorProto has, read from real stubs as well."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from collector.codecs.codec import Body, Glance
from collector.codecs.shapes import MOST_ELEMENTS
from collector.codecs.tensor_proto import MOST_REPEATED
from collector.codecs.tfs_grpc import TfsGrpc
from collector.codecs.tfs_messages import DATATYPES, PredictRequest, PredictResponse
from collector.reasons import Undecodable
from tests.payloads.descriptors import compared_fields
from tests.payloads.grpc import framed
from tests.payloads.tfs import predict_request, predict_response, tensor_proto
from tests.payloads.v2 import grpc_body

CODEC = TfsGrpc()
FLOAT, DOUBLE, INT32, UINT8, STRING, INT64, BOOL, BFLOAT16, HALF = 1, 2, 3, 4, 7, 9, 10, 14, 19


def read(dtype: int, shape: list[int], **values: Any) -> Any:
    found = CODEC.decode(grpc_body(predict_request(("x", tensor_proto(dtype, shape, **values)))), None)
    assert found.faults == {}
    return found.inputs["x"].values.tolist()


def fault(value: Any) -> str:
    good = "good", tensor_proto(FLOAT, [1], float_val=[5.0])
    found = CODEC.decode(grpc_body(predict_request(("x", value), good)), None)
    assert found.inputs["good"].values.tolist() == [5.0]
    return found.faults["x"]


def refused(asked: Body) -> str:
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(asked, None)
    return caught.value.reason


@pytest.mark.parametrize(
    ("dtype", "field", "values", "expected"),
    [
        (FLOAT, "float_val", [0.5, -1.0], [0.5, -1.0]),
        (DOUBLE, "double_val", [0.1, 2.0], [0.1, 2.0]),
        (INT32, "int_val", [-3, 4], [-3.0, 4.0]),
        (UINT8, "int_val", [3, 255], [3.0, 255.0]),
        (INT64, "int64_val", [-(2**40), 1], [-(2.0**40), 1.0]),
        (22, "uint32_val", [2**31, 1], [2.0**31, 1.0]),
        (23, "uint64_val", [2**63, 1], [2.0**63, 1.0]),
        (BOOL, "bool_val", [True, False], [1.0, 0.0]),
        (HALF, "half_val", [0x3C00, 0xC000], [1.0, -2.0]),
        (BFLOAT16, "half_val", [0x3FC0, 0xC000], [1.5, -2.0]),
        (STRING, "string_val", [b"caf\xc3\xa9", b"\xff\xd8"], ["café", b"\xff\xd8"]),
    ],
)
def test_values_in_the_field_of_their_type(dtype: int, field: str, values: Any, expected: Any) -> None:
    assert read(dtype, [2], **{field: values}) == expected


@pytest.mark.parametrize(
    ("dtype", "content", "expected"),
    [
        (FLOAT, struct.pack("<2f", 0.5, -1.0), [0.5, -1.0]),
        (INT64, struct.pack("<2q", -5, 6), [-5.0, 6.0]),
        (HALF, np.array([1.0, -2.0], "<f2").tobytes(), [1.0, -2.0]),
        (BFLOAT16, struct.pack("<2H", 0x3FC0, 0xC000), [1.5, -2.0]),
        (BOOL, b"\x01\x00", [1.0, 0.0]),
        (STRING, b"\x02\x81\x01" + b"ab" + b"c" * 129, ["ab", "c" * 129]),
    ],
)
def test_values_in_tensor_content(dtype: int, content: bytes, expected: Any) -> None:
    assert read(dtype, [2], tensor_content=content) == expected


def test_the_last_value_fills_what_is_not_given() -> None:
    assert read(FLOAT, [2, 2], float_val=[1.0, 2.0]) == [[1.0, 2.0], [2.0, 2.0]]
    assert read(HALF, [3], half_val=[0x3C00]) == [1.0, 1.0, 1.0]
    assert read(INT32, [2]) == [0.0, 0.0]
    assert read(STRING, [3], string_val=[b"a", b"b"]) == ["a", "b", "b"]
    assert read(STRING, [2]) == ["", ""]
    assert read(FLOAT, [0, 3]) == []
    assert read(FLOAT, [], float_val=[4.0]) == 4.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (tensor_proto(8, [1]), "unknown_datatype"),
        (tensor_proto(0, [1]), "unknown_datatype"),
        (tensor_proto(21, [1]), "unknown_datatype"),
        (tensor_proto(101, [1]), "unknown_datatype"),
        (tensor_proto(FLOAT, [-1], float_val=[1.0]), "bad_shape"),
        (tensor_proto(FLOAT, [1], float_val=[1.0, 2.0]), "bad_shape"),
        (tensor_proto(FLOAT, [2], tensor_content=b"\x00" * 7), "bad_shape"),
        (tensor_proto(FLOAT, [1] * 33), "bad_shape"),
        (tensor_proto(FLOAT, [2**62, 2**62]), "too_large"),
        (tensor_proto(FLOAT, [MOST_REPEATED + 1], float_val=[1.0]), "too_large"),
        (tensor_proto(STRING, [3], tensor_content=b"\x01\x01\x05abc"), "bad_shape"),
        (tensor_proto(STRING, [2], tensor_content=b"\x81\x81"), "bad_data"),
        (tensor_proto(STRING, [1], tensor_content=b"\xff" * 9), "bad_data"),
        (tensor_proto(STRING, [9], tensor_content=b"\x00"), "bad_shape"),
    ],
)
def test_a_bad_tensor_is_named_and_the_others_are_read(value: Any, expected: str) -> None:
    assert fault(value) == expected


def test_an_unknown_rank_is_a_bad_shape() -> None:
    value = tensor_proto(FLOAT, [])
    value.tensor_shape.unknown_rank = True
    assert fault(value) == "bad_shape"


def test_a_name_given_twice_is_a_fault() -> None:
    one = tensor_proto(FLOAT, [1], float_val=[1.0])
    found = CODEC.decode(grpc_body(predict_request(("x", one), ("x", one), ("y", one))), None)
    assert (found.faults, set(found.inputs)) == ({"x": "duplicate_name"}, {"y"})


def test_repeated_values_are_bounded_over_the_whole_message() -> None:
    entries = [(str(index), tensor_proto(FLOAT, [MOST_REPEATED])) for index in range(20)]
    found = CODEC.decode(grpc_body(predict_request(*entries)), None)
    assert sum(tensor.values.size for tensor in found.inputs.values()) <= MOST_ELEMENTS
    assert set(found.faults.values()) == {"too_large"}


def test_model_and_version_come_from_the_answer_then_the_request() -> None:
    one = "x", tensor_proto(FLOAT, [1], float_val=[1.0])
    asked = grpc_body(predict_request(one, name="pets", version_label="stable"))
    answered = grpc_body(predict_response(one, name="pets", version={"value": 3}))
    assert (CODEC.decode(asked, answered).model, CODEC.decode(asked, answered).version) == ("pets", "3")
    assert CODEC.decode(asked, None).version == "stable"
    assert CODEC.decode(grpc_body(predict_request(one, version={"value": 0})), None).version == "0"
    assert CODEC.decode(None, answered).model == "pets"
    assert CODEC.glance(asked, answered) == Glance(1, "pets", "3")
    assert CODEC.glance(asked, Body(b"", {})) == Glance(1, "pets", "stable"), "a failed call has no answer"


def test_glance_counts_rows_by_all_tensors() -> None:
    asked = grpc_body(predict_request(("a", tensor_proto(FLOAT, [4, 2])), ("b", tensor_proto(FLOAT, [4]))))
    assert CODEC.glance(asked, None) == Glance(4)
    assert CODEC.glance(asked, grpc_body(predict_response(("c", tensor_proto(FLOAT, [3]))))) == Glance(1)
    assert CODEC.glance(framed(b"\xff"), None) == CODEC.glance(None, None) == Glance(1)


def test_what_is_no_single_predict_message_is_refused() -> None:
    assert refused(framed(b"\xff\xff")) == "malformed_body"
    assert refused(framed()) == "malformed_body"
    assert refused(framed(b"", b"")) == "malformed_body"


def test_messages_of_the_published_stubs_are_read() -> None:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "pets"
    request.model_spec.version.value = 7
    request.model_spec.signature_name = "serving_default"
    request.output_filter.append("y")
    proto = request.inputs["x"]
    proto.dtype = types_pb2.DT_FLOAT
    proto.tensor_shape.dim.add(size=2, name="batch")
    proto.tensor_shape.dim.add(size=1)
    proto.float_val.extend([1.5, 2.5])
    response = predict_pb2.PredictResponse()
    response.outputs["y"].CopyFrom(
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[b"cat", b"dog"])
    )
    response.outputs["y"].tensor_shape.dim.add(size=2)
    found = CODEC.decode(framed(request.SerializeToString()), framed(response.SerializeToString()))
    assert (found.model, found.version, found.rows, found.faults) == ("pets", "7", 2, {})
    assert found.inputs["x"].values.tolist() == [[1.5], [2.5]]
    assert found.outputs["y"].values.tolist() == ["cat", "dog"]


@pytest.mark.parametrize("ours", [PredictRequest, PredictResponse])
def test_our_table_of_fields_agrees_with_the_published_definition(ours: Any) -> None:
    assert compared_fields(ours.DESCRIPTOR, getattr(predict_pb2, ours.DESCRIPTOR.name).DESCRIPTOR) >= 15


def test_our_datatypes_agree_with_the_published_definition() -> None:
    names = {
        "FP32": "FLOAT",
        "FP64": "DOUBLE",
        "BYTES": "STRING",
        "FP16": "HALF",
        "BF16": "BFLOAT16",
    }
    for number, (datatype, field) in DATATYPES.items():
        assert types_pb2.DataType.Name(number) == f"DT_{names.get(datatype, datatype)}"
        assert field in tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name
