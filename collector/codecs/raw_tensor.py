"""Tensors as raw bytes: V2 binary tensors, ``raw_input_contents`` of gRPC, ``tensor_content``."""

from __future__ import annotations

import numpy as np

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.datatypes import ITEM_DTYPES, as_float64
from collector.codecs.decoded import Tensor
from collector.codecs.shapes import ElementRoom, checked_shape, shaped
from collector.codecs.texts import TextOrBytes, object_array, text_or_bytes

_LENGTH_BYTES = 4


def raw_tensor(
    name: str, datatype: object, shape: object, data: bytes | memoryview, room: ElementRoom
) -> Tensor:
    """A tensor whose values are ``data``.

    Parameters
    ----------
    datatype, shape
        As declared, unchecked.
    data
        Row-major, little-endian; BYTES elements each after their length as 4 bytes.
    room
        What the message may still hold.

    Raises
    ------
    BadTensor
        ``unknown_datatype``, ``bad_shape`` (also when there is too little or too much data), ``bad_data``
        (a length of BYTES beyond the end), ``too_large``.
    """
    sizes, elements = checked_shape(shape)
    if datatype == "BYTES":
        if elements * _LENGTH_BYTES > len(data):
            raise BadTensor("bad_shape")
        room.take_texts(elements)
        return Tensor(name, "BYTES", shaped(object_array(_texts(data, elements)), sizes))
    if not isinstance(datatype, str) or datatype not in ITEM_DTYPES:
        raise BadTensor("unknown_datatype")
    dtype = ITEM_DTYPES[datatype]
    if elements * dtype.itemsize != len(data):
        raise BadTensor("bad_shape")
    room.take(elements)
    return Tensor(name, datatype, shaped(as_float64(datatype, np.frombuffer(data, dtype=dtype)), sizes))


def _texts(data: bytes | memoryview, elements: int) -> list[TextOrBytes]:
    view = memoryview(data)
    found: list[TextOrBytes] = []
    at = 0
    for _ in range(elements):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(view[start - _LENGTH_BYTES : start], "little")
        if at > len(view):
            raise BadTensor("bad_data")
        found.append(text_or_bytes(bytes(view[start:at])))
    if at != len(view):
        raise BadTensor("bad_shape")
    return found
