"""Tensors written in every form of every protocol are read back as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.codecs.codec import Body
from collector.codecs.decoded import Tensor
from collector.codecs.tfs_grpc import TfsGrpc
from collector.codecs.tfs_messages import DATATYPES
from collector.codecs.tfs_rest import TfsRest
from collector.codecs.v2_grpc import V2Grpc
from collector.codecs.v2_rest import V2Rest
from tests.payloads.tfs import predict_request, rest_body, tensor_proto
from tests.payloads.v2 import (
    binary_body,
    binary_tensor,
    grpc_body,
    infer_request,
    json_body,
    packed_texts,
    tensor,
)

DTYPES: Mapping[str, str] = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
TYPED_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
NUMBERS = {datatype: number for number, (datatype, _) in DATATYPES.items()}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


class Written(NamedTuple):
    """A tensor to be written: its elements are numbers of the datatype, or texts as UTF-8."""

    name: str
    datatype: str
    shape: list[int]
    flat: list[Any]

    @property
    def raw(self) -> bytes:
        """Its elements as raw bytes."""
        if self.datatype == "BYTES":
            return packed_texts(self.flat)
        return np.array(self.flat, dtype=DTYPES[self.datatype]).tobytes()

    @property
    def plain(self) -> list[Any]:
        """Its elements as JSON has them."""
        return [value.decode() if isinstance(value, bytes) else value for value in self.flat]

    @property
    def nested(self) -> Any:
        """Its elements as nested lists."""
        array = np.empty(len(self.flat), dtype=object)
        array[:] = self.plain
        return array.reshape(self.shape).tolist()

    def is_like(self, read: Tensor) -> bool:
        """Whether that is what was read; 64-bit integers only to the precision of a float."""
        wanted = [value if isinstance(value, str) else float(value) for value in self.plain]
        found = read.values.reshape(-1).tolist()
        same = all(one == two or (one != one and two != two) for one, two in zip(wanted, found, strict=True))
        return same and list(read.shape) == self.shape


@st.composite
def written(draw: st.DrawFn, name: str = "x", datatypes: tuple[str, ...] = (*DTYPES, "BYTES")) -> Written:
    """A tensor of any datatype and of 0 to 3 axes."""
    datatype = draw(st.sampled_from(datatypes))
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    element: st.SearchStrategy[Any]
    if datatype == "BYTES":
        element = TEXT.map(str.encode)
    elif datatype == "BOOL":
        element = st.booleans()
    elif datatype.startswith("FP"):
        width: Any = int(datatype[2:])
        element = st.floats(width=width, allow_nan=True)
    else:
        limits = np.iinfo(DTYPES[datatype])
        element = st.integers(int(limits.min), int(limits.max))
    size = int(np.prod(shape))
    return Written(name, datatype, shape, draw(st.lists(element, min_size=size, max_size=size)))


def read_v2(body: Body, codec: V2Rest | V2Grpc) -> Mapping[str, Tensor]:
    found = codec.decode(body, None)
    assert found.faults == {}
    assert codec.glance(body, None).rows == found.rows, "sampling would change the number of rows"
    return found.inputs


@given(written("a"), written("b"), st.booleans())
def test_v2_json(one: Written, two: Written, nested: bool) -> None:
    def data(item: Written) -> Any:
        return item.nested if nested and item.shape else item.plain

    body = json_body(*(tensor(data(item), item.shape, item.datatype, item.name) for item in (one, two)))
    found = read_v2(body, V2Rest())
    assert one.is_like(found["a"])
    assert two.is_like(found["b"])


@given(written("a"), written("b"), written("c"))
def test_v2_binary_beside_json(one: Written, two: Written, three: Written) -> None:
    first, third = (binary_tensor(item.raw, item.shape, item.datatype, item.name) for item in (one, three))
    second = tensor(two.plain, two.shape, two.datatype, two.name), b""
    found = read_v2(binary_body(first, second, third), V2Rest())
    assert one.is_like(found["a"])
    assert two.is_like(found["b"])
    assert three.is_like(found["c"])


@given(written("a"), written("b"))
def test_v2_grpc_raw(one: Written, two: Written) -> None:
    declared = [{"name": item.name, "datatype": item.datatype, "shape": item.shape} for item in (one, two)]
    found = read_v2(grpc_body(infer_request(*declared, raw=[one.raw, two.raw])), V2Grpc())
    assert one.is_like(found["a"])
    assert two.is_like(found["b"])


@given(written(datatypes=tuple(TYPED_CONTENTS)))
def test_v2_grpc_typed(item: Written) -> None:
    contents = {TYPED_CONTENTS[item.datatype]: item.flat}
    declared = {"name": "x", "datatype": item.datatype, "shape": item.shape, "contents": contents}
    assert item.is_like(read_v2(grpc_body(infer_request(declared)), V2Grpc())["x"])


@given(written(), st.booleans())
def test_tfs_grpc(item: Written, as_content: bool) -> None:
    number = NUMBERS[item.datatype]
    values: dict[str, Any]
    if as_content and item.datatype != "BYTES":
        values = {"tensor_content": item.raw}
    elif item.datatype == "FP16":
        values = {"half_val": np.array(item.flat, dtype="<f2").view("<u2").tolist()}
    else:
        values = {DATATYPES[number][1]: item.flat}
    found = TfsGrpc().decode(
        grpc_body(predict_request(("x", tensor_proto(number, item.shape, **values)))), None
    )
    assert found.faults == {}
    assert item.is_like(found.inputs["x"])


@pytest.mark.parametrize("form", ["instances", "inputs"])
@given(item=written(datatypes=("INT32", "FP64", "BOOL", "BYTES")))
def test_tfs_rest(form: str, item: Written) -> None:
    if not item.shape or 0 in item.shape:  # a scalar is no batch, and nothing tells the shape of nothing
        return
    body = rest_body(
        **{form: [{"x": row} for row in item.nested] if form == "instances" else {"x": item.nested}}
    )
    found = TfsRest().decode(body, None)
    assert found.faults == {}
    assert item.is_like(found.inputs["x"])
    assert TfsRest().glance(body, None).rows == found.rows == item.shape[0]
