"""TensorFlow's ``TensorProto``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.datatypes import ITEM_DTYPES, as_float64
from collector.codecs.decoded import Tensor
from collector.codecs.raw_tensor import raw_tensor
from collector.codecs.shapes import ElementRoom, checked_shape, shaped
from collector.codecs.texts import TextOrBytes, object_array, text_or_bytes
from collector.codecs.tfs_messages import DATATYPES

MOST_REPEATED = 1024 * 1024
"""Elements that a tensor may have which gives fewer: a few bytes must not become gigabytes."""


def tensor_from_proto(name: str, proto: Any, room: ElementRoom) -> Tensor:
    """Decode a ``TensorProto``.

    The values are ``tensor_content`` or the field of the datatype. When that field has fewer values than the
    shape has elements, the last one fills the rest, and zeros do when it has none (``Tensor::FromProto`` of
    tensorflow/core/framework/tensor.cc).

    Raises
    ------
    BadTensor
        ``unknown_datatype``, ``bad_shape``, ``bad_data``, ``too_large``.
    """
    if proto.dtype not in DATATYPES:
        raise BadTensor("unknown_datatype")
    datatype, values_field = DATATYPES[proto.dtype]
    if proto.tensor_shape.unknown_rank:
        raise BadTensor("bad_shape")
    sizes, elements = checked_shape([dim.size for dim in proto.tensor_shape.dim])
    content = proto.tensor_content
    if content and datatype != "BYTES":
        return raw_tensor(name, datatype, sizes, content, room)
    values = getattr(proto, values_field)
    given = len(content) if content else len(values)
    if not content and given > elements:
        raise BadTensor("bad_shape")
    if given < elements and elements > MOST_REPEATED:
        raise BadTensor("too_large")
    if datatype == "BYTES":
        room.take_texts(elements)
        texts = _string_list(content, elements) if content else [text_or_bytes(value) for value in values]
        texts += [texts[-1] if texts else ""] * (elements - len(texts))
        return Tensor(name, datatype, shaped(object_array(texts), sizes))
    room.take(elements)
    numbers = np.zeros(elements)
    if given:
        numbers[:given] = _numbers(datatype, values)
        numbers[given:] = numbers[given - 1]
    return Tensor(name, datatype, shaped(numbers, sizes))


def _numbers(datatype: str, values: Any) -> NDArray[np.float64]:
    items = np.asarray(values)
    if datatype in ("FP16", "BF16"):  # the bits of each, as an int32
        return as_float64(datatype, items.astype("<u2").view(ITEM_DTYPES[datatype]))
    return items.astype(np.float64)


def _string_list(content: bytes, elements: int) -> list[TextOrBytes]:
    """Texts in ``tensor_content``: all lengths as varints, then all texts (``EncodeStringList``)."""
    if elements > len(content):
        raise BadTensor("bad_shape")
    lengths: list[int] = []
    at = 0
    for _ in range(elements):
        length = shift = 0
        while True:
            if at >= len(content) or shift > 28:
                raise BadTensor("bad_data")
            byte = content[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        lengths.append(length)
    if at + sum(lengths) != len(content):
        raise BadTensor("bad_shape")
    found: list[TextOrBytes] = []
    for length in lengths:
        found.append(text_or_bytes(content[at : at + length]))
        at += length
    return found
