"""The tensors of ModelInfer messages: raw contents, typed contents, or in shared memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.datatypes import ITEM_DTYPES
from collector.codecs.decoded import Tensor
from collector.codecs.raw_tensor import raw_tensor
from collector.codecs.shapes import ElementRoom, checked_shape, shaped
from collector.codecs.texts import object_array, text_or_bytes
from collector.reasons import Undecodable

_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""FP16 and BF16 have none: they come as raw bytes only."""


def infer_tensors(
    tensors: Sequence[Any], contents: Sequence[bytes], faults: dict[str, str], room: ElementRoom
) -> dict[str, Tensor]:
    """Tensors by name; what cannot be read is named in ``faults``.

    Parameters
    ----------
    tensors, contents
        ``inputs`` and ``raw_input_contents`` of a request, or those of a response.
    faults
        Added to.
    room
        What the message may still hold.

    Raises
    ------
    Undecodable
        ``malformed_body`` when there is another number of raw contents than of tensors.
    """
    found: dict[str, Tensor] = {}
    bad: dict[str, str] = {}
    for tensor, raw in zip(tensors, _raw_by_tensor(tensors, contents), strict=True):
        name = tensor.name
        if name in found or name in bad:
            found.pop(name, None)
            bad[name] = "duplicate_name"
            continue
        try:
            found[name] = _tensor(tensor, raw, room)
        except BadTensor as error:
            bad[name] = error.fault
    faults.update(bad)
    return found


def _raw_by_tensor(tensors: Sequence[Any], contents: Sequence[bytes]) -> list[bytes | None]:
    """The raw contents of each tensor; there is none for those in shared memory, nor where all are typed."""
    if not contents:
        return [None] * len(tensors)
    if len(contents) == len(tensors):
        return list(contents)
    shared = [_in_shared_memory(tensor) for tensor in tensors]
    if len(contents) != shared.count(False):
        raise Undecodable("malformed_body", f"{len(contents)} raw contents for {len(tensors)} tensors")
    left = iter(contents)
    return [None if elsewhere else next(left) for elsewhere in shared]


def _in_shared_memory(tensor: Any) -> bool:
    return any(entry.key == "shared_memory_region" for entry in tensor.parameters)


def _tensor(tensor: Any, raw: bytes | None, room: ElementRoom) -> Tensor:
    name, datatype, shape = tensor.name, tensor.datatype, list(tensor.shape)
    if tensor.parameters and _in_shared_memory(tensor):
        raise BadTensor("shared_memory")
    if raw is not None:
        if tensor.HasField("contents"):
            raise BadTensor("bad_data")
        return raw_tensor(name, datatype, shape, raw, room)
    sizes, elements = checked_shape(shape)
    if datatype not in _CONTENTS:
        raise BadTensor("unknown_datatype" if datatype not in ITEM_DTYPES else "bad_data")
    values = getattr(tensor.contents, _CONTENTS[datatype])
    if len(values) != elements:
        raise BadTensor("bad_shape")
    if datatype == "BYTES":
        room.take_texts(elements)
        return Tensor(name, datatype, shaped(object_array([text_or_bytes(value) for value in values]), sizes))
    room.take(elements)
    numbers = np.asarray(values).astype(np.float64) if elements else np.empty(0)
    return Tensor(name, datatype, shaped(numbers, sizes))
