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


Copies = list[tuple[str, Any]]


def snapshot(
    inputs: Mapping[str, Any] | None, outputs: Mapping[str, Any] | None
) -> tuple[Copies | None, Copies | None, int]:
    """Copies of named values, and about how many bytes they hold together.

    Numbers, texts and bytes are taken as they are; lists are copied as deep as they are nested; arrays
    (NumPy, or what looks like it) give their bytes; tensors of PyTorch and TensorFlow become arrays first.
    """
    asked: Copies | None = None
    answered: Copies | None = None
    size = 0
    # In one function, with the common cases in line: between two requests of a server the caches go cold,
    # and then every call and every object costs several times as much.
    for asks in (True, False):
        values = inputs if asks else outputs
        if values is None:
            continue
        found: Copies = []
        if asks:
            asked = found
        else:
            answered = found
        for name, value in values.items():
            if type(value) is list and value and type(value[0]) is float:
                copy: Any = value[:]
                size += _OBJECT_BYTES + _ELEMENT_BYTES * len(copy)
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
                size += _OBJECT_BYTES + length
            found.append((name, copy))
    return asked, answered, size


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
