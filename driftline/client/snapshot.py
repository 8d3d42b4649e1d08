"""Copies of values as they are at the time of the call, made quickly on the calling thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_SCALARS = frozenset({float, int, bool, str, bytes, type(None)})
_OBJECT_BYTES = 100
_ELEMENT_BYTES = 40
"""About what an element of a list costs, with its object."""


Array = tuple[Any, tuple[int, ...], bytes]
"""An array's data type (NumPy's, or a format of :mod:`struct`), shape, and bytes in C order."""


class Unsupported(NamedTuple):
    """A value of a type that cannot be recorded."""

    type_name: str


def snapshot(values: Mapping[str, Any]) -> tuple[list[tuple[str, Any]], int]:
    """Copies of named values, and about how many bytes they hold.

    Numbers, texts and bytes are taken as they are; lists are copied as deep as they are nested; arrays
    (NumPy, or what looks like it) give their bytes; tensors of PyTorch and TensorFlow become arrays first.
    """
    found: list[tuple[str, Any]] = []
    size = 0
    for name, value in values.items():
        # The two common cases in line: every call costs as much again when the caches are cold.
        if type(value) is list and value and type(value[0]) is float:
            copy: Any = value[:]
            length = _ELEMENT_BYTES * len(copy)
        else:
            try:
                dtype = value.dtype
                if dtype.hasobject:
                    copy, length = _copy(value.tolist())
                else:
                    data = value.tobytes()
                    copy, length = (dtype, value.shape, data), len(data)
            except AttributeError:
                copy, length = _copy(value)
        found.append((name, copy))
        size += length + _OBJECT_BYTES
    return found, size


def _copy(value: Any) -> tuple[Any, int]:
    kind = type(value)
    if kind is list or kind is tuple:
        return _copy_list(value)
    if kind in _SCALARS:
        return value, len(value) if kind is str or kind is bytes else 0
    dtype = getattr(value, "dtype", None)
    if hasattr(value, "tobytes"):
        if dtype is None:  # array.array and memoryview
            view = memoryview(value)
            return (view.format, view.shape or (), value.tobytes()), view.nbytes
        if dtype.hasobject:
            return _copy(value.tolist())
        data = value.tobytes()
        return (dtype, value.shape, data), len(data)
    return _copy_tensor(value)


def _copy_list(values: list[Any] | tuple[Any, ...]) -> tuple[list[Any], int]:
    first = type(values[0]) if values else None
    if first is list or first is tuple:
        copies: list[Any] = []
        size = _OBJECT_BYTES
        for value in values:
            copy, length = _copy(value)
            copies.append(copy)
            size += length
        return copies, size
    if first is str or first is bytes:
        return list(values), sum(map(len, values)) + (_OBJECT_BYTES * len(values))
    if first is None or first in _SCALARS:
        return list(values), _OBJECT_BYTES + _ELEMENT_BYTES * len(values)
    if getattr(values[0], "shape", None):
        return _copy_list([value.tolist() for value in values])  # a list of arrays
    return list(values), _OBJECT_BYTES + _ELEMENT_BYTES * len(values)


def _copy_tensor(value: Any) -> tuple[Any, int]:
    detach = getattr(value, "detach", None)
    if detach is not None:
        value = detach().cpu()
    for method in ("numpy", "__array__"):
        convert = getattr(value, method, None)
        if convert is not None:
            return _copy(convert())
    return Unsupported(type(value).__name__), 0
