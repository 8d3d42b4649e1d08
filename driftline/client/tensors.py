"""V2 binary tensors from copied values, without NumPy; runs on the sending thread.

Source: Open Inference Protocol 2, and Triton's binary tensor data extension.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from driftline.client.snapshot import Array, Unsupported

UNSUPPORTED = "UNSUPPORTED"
"""A datatype that no reader knows: the collector counts the tensor as faulty and keeps the others."""
_NAMES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
}
_FORMATS = {
    "?": "BOOL",
    "b": "INT8",
    "B": "UINT8",
    "h": "INT16",
    "H": "UINT16",
    "i": "INT32",
    "I": "UINT32",
    "q": "INT64",
    "Q": "UINT64",
    "l": f"INT{8 * struct.calcsize('l')}",
    "L": f"UINT{8 * struct.calcsize('L')}",
    "e": "FP16",
    "f": "FP32",
    "d": "FP64",
}
_SWAPPABLE = {2: "H", 4: "I", 8: "Q"}


class Tensor(NamedTuple):
    """One named tensor of a message."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: bytes


def tensors(values: Iterable[tuple[str, Any]], *, batch: bool) -> list[Tensor]:
    """Tensors of copied values; without ``batch`` each gets a batch axis of one.

    A value that cannot be one has the datatype :data:`UNSUPPORTED` and no bytes.
    """
    return [_tensor(name, value, batch=batch) for name, value in values]


def rows_of(found: Sequence[Tensor]) -> int:
    """Inferences in a message: the first dimension that its tensors share, else one."""
    sizes = {tensor.shape[0] if tensor.shape else 1 for tensor in found if tensor.datatype != UNSUPPORTED}
    return max(1, sizes.pop()) if len(sizes) == 1 else 1


def _tensor(name: str, value: Any, *, batch: bool) -> Tensor:
    try:
        datatype, shape, data = _from_array(value) if isinstance(value, tuple) else _from_list(value)
    except (TypeError, ValueError, OverflowError, struct.error):
        datatype, shape, data = UNSUPPORTED, (), b""
    if not batch or not shape:
        shape = (1, *shape)
    return Tensor(str(name), datatype, shape, data)


def _from_array(value: Array) -> tuple[str, tuple[int, ...], bytes]:
    dtype, shape, data = value
    if isinstance(dtype, str):
        datatype, order = _FORMATS.get(dtype, UNSUPPORTED), "="
    elif dtype.kind in "US":
        return "BYTES", tuple(shape), _texts(_fixed_width_texts(dtype, data))
    else:
        datatype, order = _NAMES.get(dtype.name, UNSUPPORTED), dtype.byteorder
    if datatype == UNSUPPORTED:
        return UNSUPPORTED, (), b""
    return datatype, tuple(shape), _little_endian(data, order, math.prod(shape))


def _little_endian(data: bytes, order: str, elements: int) -> bytes:
    big = order == ">" or (order == "=" and sys.byteorder == "big")
    width = len(data) // elements if elements else 1
    if not big or width == 1:
        return data
    swapped = array(_SWAPPABLE[width], data)
    swapped.byteswap()
    return swapped.tobytes()


def _fixed_width_texts(dtype: Any, data: bytes) -> list[Any]:
    """Elements of a NumPy array of kind U (UTF-32) or S, which pads with zeros."""
    width = dtype.itemsize
    cells = [data[start : start + width] for start in range(0, len(data), width)] if width else []
    if dtype.kind == "S":
        return [cell.rstrip(b"\0") for cell in cells]
    big = dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big")
    encoding = "utf-32-be" if big else "utf-32-le"
    return [cell.decode(encoding, "replace").rstrip("\0") for cell in cells]


def _from_list(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    if isinstance(value, Unsupported):
        return UNSUPPORTED, (), b""
    flat, shape = _flattened(value)
    kinds = set(map(type, flat))
    if not kinds <= {float, int, bool, str, bytes, type(None)}:
        flat = [_scalar(item) for item in flat]
        kinds = set(map(type, flat))
    if kinds <= {str, bytes} and flat:
        return "BYTES", shape, _texts(flat)
    if kinds == {bool}:
        return "BOOL", shape, bytes(flat)
    if kinds <= {int, bool} and flat:
        return "INT64", shape, struct.pack(f"<{len(flat)}q", *flat)
    if type(None) in kinds:
        flat = [math.nan if item is None else item for item in flat]
    return "FP64", shape, struct.pack(f"<{len(flat)}d", *flat)


def _flattened(value: Any) -> tuple[list[Any], tuple[int, ...]]:
    """All elements in C order, and the shape; :class:`ValueError` for a ragged list."""
    if not isinstance(value, list):
        return [value], ()
    flat: list[Any] = value
    shape = [len(value)]
    while flat and isinstance(flat[0], list):
        width = len(flat[0])
        if any(not isinstance(item, list) or len(item) != width for item in flat):
            raise ValueError("ragged list")
        shape.append(width)
        flat = [element for item in flat for element in item]
    return flat, tuple(shape)


def _scalar(item: Any) -> Any:
    """A Python value of a NumPy scalar; :class:`TypeError` for what is none."""
    if item is None or isinstance(item, (float, int, str, bytes)):
        return item
    convert = getattr(item, "item", None)
    if convert is None:
        raise TypeError(type(item).__name__)
    return convert()


def _texts(flat: list[Any]) -> bytes:
    parts = []
    for item in flat:
        data = item.encode("utf-8", "replace") if isinstance(item, str) else item
        parts.append(struct.pack("<I", len(data)))
        parts.append(data)
    return b"".join(parts)
