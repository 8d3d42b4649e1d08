"""Sound messages of every codec, that fuzzing starts from."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from collector.codecs.codec import Body
from tests.payloads.grpc import framed
from tests.payloads.tfs import predict_request, predict_response, rest_body, tensor_proto
from tests.payloads.v2 import (
    binary_body,
    binary_tensor,
    grpc_body,
    infer_request,
    infer_response,
    json_body,
    packed_texts,
    stream_response,
    tensor,
)

Pair = tuple[Body | None, Body | None]


def _v2_rest() -> list[Pair]:
    asked = json_body(
        tensor([1.5, 2.5, -3.0, 0.0], [2, 2]), tensor(["a", "ü"], [2, 1], "BYTES", "t"), id="r-1"
    )
    answered = json_body(
        tensor([[0.25, 0.75], [0.5, 0.5]], [2, 2], name="y"),
        key="outputs",
        model_name="m",
        model_version="3",
        id="r-1",
    )
    binary = binary_body(
        binary_tensor(struct.pack("<4f", 1, 2, 3, 4), [2, 2]),
        (tensor([7, 8], [2], "INT64", "k"), b""),
        binary_tensor(packed_texts([b"one", b"\xff\xd8"]), [2], "BYTES", "t"),
        binary_tensor(struct.pack("<2H", 0x3FC0, 0x4000), [2, 1], "BF16", "b"),
        id="r-2",
    )
    binary_answer = binary_body(
        binary_tensor(struct.pack("<2q", 5, 6), [2], "INT64", "y"), key="outputs", model_version="1"
    )
    return [
        (asked, answered),
        (asked, None),
        (None, answered),
        (binary, binary_answer),
        (Body(binary.data, {}), binary_answer),
        (asked, rest_body(error="no")),
    ]


def _v2_grpc() -> list[Pair]:
    x = {"name": "x", "datatype": "FP32", "shape": [2, 2]}
    t = {"name": "t", "datatype": "BYTES", "shape": [2]}
    raw = infer_request(
        x, t, raw=[struct.pack("<4f", 1, 2, 3, 4), packed_texts([b"a", b"\xff"])], model_name="m", id="r"
    )
    typed = infer_request(
        x | {"contents": {"fp32_contents": [1, 2, 3, 4]}},
        t | {"contents": {"bytes_contents": [b"a", b"b"]}},
        model_name="m",
    )
    answer = infer_response(
        {"name": "y", "datatype": "INT64", "shape": [2]},
        raw=[struct.pack("<2q", 5, 6)],
        model_name="m",
        model_version="2",
    )
    zipped = framed(raw.SerializeToString(), encoding="gzip", compressed=True)
    return [
        (grpc_body(raw), grpc_body(answer)),
        (grpc_body(typed), None),
        (zipped, framed(answer.SerializeToString(), encoding="deflate", compressed=True)),
        (None, grpc_body(answer)),
    ]


def _v2_grpc_stream() -> list[Pair]:
    def asked(value: float, request_id: str = "") -> object:
        contents = {"fp32_contents": [value]}
        return infer_request(
            {"name": "x", "datatype": "FP32", "shape": [1], "contents": contents}, id=request_id
        )

    def answered(value: int, request_id: str = "") -> object:
        contents = {"int64_contents": [value]}
        tensors = {"name": "y", "datatype": "INT64", "shape": [1], "contents": contents}
        return stream_response(infer_response(tensors, id=request_id))

    return [
        (grpc_body(asked(1), asked(2)), grpc_body(answered(1), answered(2))),
        (grpc_body(asked(1, "a"), asked(2, "b")), grpc_body(answered(2, "b"), answered(1, "a"))),
        (grpc_body(asked(1)), grpc_body(answered(1), answered(2), answered(3))),
        (grpc_body(asked(1)), grpc_body(stream_response(error="no"))),
    ]


def _tfs_rest() -> list[Pair]:
    return [
        (rest_body(instances=[[1.0, 2.0], [3.0, 4.0]]), rest_body(predictions=[[0.5, 0.5], [0.1, 0.9]])),
        (
            rest_body(signature_name="s", instances=[{"a": 1, "t": "x"}, {"a": None, "t": {"b64": "/9g="}}]),
            rest_body(predictions=[{"p": 0.5, "c": "a"}, {"p": 0.25, "c": "b"}]),
        ),
        (rest_body(inputs={"x": [[1], [2]], "k": [True, False]}), rest_body(outputs=["a", "b"])),
        (
            rest_body(examples=[{"a": 1}, {"a": 2}]),
            rest_body(results=[[["x", 0.9], ["y", 0.1]], [["x", 0.2], ["y", 0.8]]]),
        ),
        (rest_body(inputs=[1, 2]), rest_body(error="no")),
    ]


def _tfs_grpc() -> list[Pair]:
    spec = {"name": "m", "version": {"value": 3}}
    inputs = (
        ("x", tensor_proto(1, [2, 2], float_val=[1.0, 2.0])),
        ("c", tensor_proto(9, [2], tensor_content=struct.pack("<2q", 1, 2))),
        ("t", tensor_proto(7, [2], string_val=[b"a", b"\xff"])),
        ("h", tensor_proto(19, [2, 1], half_val=[0x3C00])),
        ("l", tensor_proto(7, [2], tensor_content=b"\x01\x02abc")),
    )
    answer = predict_response(("y", tensor_proto(1, [2], float_val=[0.5, 0.25])), **spec)
    asked = predict_request(*inputs, name="m", version_label="stable")
    return [
        (grpc_body(asked), grpc_body(answer)),
        (grpc_body(asked), None),
        (framed(asked.SerializeToString(), encoding="gzip", compressed=True), grpc_body(answer)),
    ]


def _mapped() -> list[Pair]:
    return [
        (
            rest_body(model="m", rows=[{"price": 1.5, "id": "a"}, {"price": 2, "id": "b"}], country="cn"),
            rest_body(ranking=[{"score": 0.5}, {"score": 0.25}], version=7),
        ),
        (rest_body(rows=[{"price": 1, "id": "a"}], tags=["x", "y"]), None),
    ]


SEEDS: Mapping[str, Sequence[Pair]] = {
    "v2_rest": _v2_rest(),
    "v2_grpc": _v2_grpc(),
    "v2_grpc_stream": _v2_grpc_stream(),
    "tfs_rest": _tfs_rest(),
    "tfs_grpc": _tfs_grpc(),
    "mapped": _mapped(),
    "by_content": [*_v2_rest(), *_tfs_rest()],
}
