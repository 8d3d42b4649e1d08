"""V2 over HTTP with binary tensors, alone and beside JSON tensors."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import serialize_byte_tensor

from collector.codecs.codec import Body, Glance
from collector.codecs.v2_rest import V2Rest
from collector.reasons import Undecodable
from tests.payloads.v2 import HEADER, Binary, binary_body, binary_tensor, json_body, packed_texts, tensor

CODEC = V2Rest()


def refused(asked: Body, answered: Body | None = None) -> str:
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(asked, answered)
    return caught.value.reason


@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [
        ("BOOL", "?"),
        ("UINT8", "u1"),
        ("UINT16", "<u2"),
        ("UINT32", "<u4"),
        ("UINT64", "<u8"),
        ("INT8", "i1"),
        ("INT16", "<i2"),
        ("INT32", "<i4"),
        ("INT64", "<i8"),
        ("FP16", "<f2"),
        ("FP32", "<f4"),
        ("FP64", "<f8"),
    ],
)
def test_every_datatype_is_little_endian(datatype: str, dtype: str) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]]) if datatype == "BOOL" else np.array([[0, 1, 2], [100, 3, 4]])
    raw = values.astype(dtype).tobytes()
    found = CODEC.decode(binary_body(binary_tensor(raw, [2, 3], datatype)), None)
    assert found.inputs["x"].values.tolist() == values.tolist()
    assert found.inputs["x"].values.dtype == np.float64
    assert found.rows == 2


def test_bf16_is_the_upper_half_of_a_float() -> None:
    values = np.array([1.5, -2.0, 0.0, np.inf], dtype="<f4")
    raw = (values.view("<u4") >> 16).astype("<u2").tobytes()
    found = CODEC.decode(binary_body(binary_tensor(raw, [4], "BF16")), None)
    assert found.inputs["x"].values.tolist() == values.tolist()


def test_signs_nan_and_infinity_survive() -> None:
    raw = struct.pack("<4f", -1.5, float("nan"), float("inf"), -0.0)
    values = CODEC.decode(binary_body(binary_tensor(raw, [4])), None).inputs["x"].values
    assert str(values.tolist()) == "[-1.5, nan, inf, -0.0]"


def test_text_is_text_and_bytes_stay_bytes() -> None:
    raw = packed_texts([b"caf\xc3\xa9", b"\xff\xd8\xff\xe0", b""])
    found = CODEC.decode(binary_body(binary_tensor(raw, [3, 1], "BYTES")), None)
    assert found.inputs["x"].values.tolist() == [["café"], [b"\xff\xd8\xff\xe0"], [""]]


def test_bytes_are_read_as_triton_s_client_writes_them() -> None:
    texts = np.array([[b"one", b"\x00\x01"], [b"", b"zwei"]], dtype=object)
    raw = serialize_byte_tensor(texts).item()
    found = CODEC.decode(binary_body(binary_tensor(raw, [2, 2], "BYTES")), None)
    assert found.inputs["x"].values.tolist() == [["one", "\x00\x01"], ["", "zwei"]]


def test_json_and_binary_tensors_in_one_message() -> None:
    first = binary_tensor(struct.pack("<2f", 1, 2), [2], name="a")
    second = tensor([3, 4], [2], "INT64", "b"), b""
    third = binary_tensor(struct.pack("<2q", 5, 6), [2], "INT64", "c")
    answer = json_body(tensor([0.5, 0.25], [2], name="y"), key="outputs", id="r")
    found = CODEC.decode(binary_body(first, second, third, id="r"), answer)
    assert {name: item.values.tolist() for name, item in found.inputs.items()} == {
        "a": [1, 2],
        "b": [3, 4],
        "c": [5, 6],
    }
    assert (found.rows, found.outputs["y"].values.tolist()) == (2, [0.5, 0.25])


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (binary_tensor(b"\x00" * 7, [2]), "bad_shape"),
        (binary_tensor(b"\x00" * 12, [2]), "bad_shape"),
        (binary_tensor(b"", [2]), "bad_shape"),
        (binary_tensor(b"\x00" * 8, [-2]), "bad_shape"),
        (binary_tensor(b"\x00" * 8, [10**12]), "too_large"),
        (binary_tensor(b"\x00" * 8, [1], "FP128"), "unknown_datatype"),
        (binary_tensor(b"\x00" * 8, [1], None), "unknown_datatype"),
        (binary_tensor(struct.pack("<I", 5) + b"abc", [1], "BYTES"), "bad_data"),
        (binary_tensor(packed_texts([b"a", b"b"]), [1], "BYTES"), "bad_shape"),
        (binary_tensor(packed_texts([b"a"]), [10**6], "BYTES"), "bad_shape"),
        (binary_tensor(struct.pack("<I", 0xFFFFFFFF), [1], "BYTES"), "bad_data"),
        (({**tensor([1], [1]), "parameters": {"binary_data_size": 4}}, b"\x00" * 4), "bad_data"),
    ],
)
def test_a_bad_tensor_is_named_and_the_next_one_is_read(item: Binary, fault: str) -> None:
    good = binary_tensor(struct.pack("<f", 5), [1], name="good")
    found = CODEC.decode(binary_body(item, good), None)
    assert found.faults == {"x": fault}
    assert found.inputs["good"].values.tolist() == [5.0]


def test_a_name_given_twice_is_a_fault_and_takes_its_bytes() -> None:
    one, two = binary_tensor(struct.pack("<f", 1), [1]), binary_tensor(struct.pack("<f", 2), [1])
    good = binary_tensor(struct.pack("<f", 5), [1], name="good")
    found = CODEC.decode(binary_body(one, two, good), None)
    assert found.faults == {"x": "duplicate_name"}
    assert found.inputs["good"].values.tolist() == [5.0]


def test_lengths_that_do_not_add_up_refuse_the_message() -> None:
    item = binary_tensor(struct.pack("<f", 1), [1])
    assert refused(binary_body(item, excess=b"\x00")) == "malformed_body"
    whole = binary_body(item)
    assert refused(Body(whole.data[:-1], whole.headers)) == "malformed_body"
    assert refused(Body(whole.data, {HEADER: str(len(whole.data) + 1)})) == "malformed_body"
    assert refused(Body(whole.data, {HEADER: str(len(whole.data) - 6)})) == "malformed_body"


@pytest.mark.parametrize("length", ["-1", "abc", "", "1e3", "9" * 30, "²", "+5"])
def test_a_header_length_that_is_no_number_refuses_the_message(length: str) -> None:
    body = Body(json_body(tensor([1], [1])).data, {HEADER: length})
    assert refused(body) == "malformed_body"
    assert CODEC.glance(body, None).rows == 1


@pytest.mark.parametrize("size", [-4, "4x", None, 1.5, True, [4]])
def test_a_size_that_is_no_number_refuses_the_message(size: Any) -> None:
    declared, raw = binary_tensor(struct.pack("<f", 1), [1])
    declared["parameters"]["binary_data_size"] = size
    assert refused(binary_body((declared, raw))) == "malformed_body"


def test_the_header_s_length_is_found_where_a_logger_lost_it() -> None:
    one = binary_tensor(struct.pack("<2f", 1, 2), [2], name="é")
    whole = binary_body(one, id="r")
    found = CODEC.decode(Body(whole.data, {}), None)
    assert found.inputs["é"].values.tolist() == [1, 2]
    assert refused(Body(whole.data[:-1], {})) == "malformed_body"


def test_a_raw_request_without_json_has_only_outputs() -> None:
    asked = Body(b"\x01\x02", {HEADER: "0"})
    found = CODEC.decode(asked, json_body(tensor([1.0], [1], name="y"), key="outputs"))
    assert (found.inputs, set(found.outputs)) == ({}, {"y"})


def test_glance_looks_at_the_json_alone() -> None:
    item = binary_tensor(b'"shape":[9]', [11], "UINT8")
    assert CODEC.glance(binary_body(item), None) == Glance(11)
