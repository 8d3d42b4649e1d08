"""The datatypes of the V2 protocol: how their values lie in bytes, and how they become float64."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ITEM_DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype("u1"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BF16": np.dtype("<u2"),
}
"""Little-endian, as every protocol sends them; BYTES has no fixed size."""

_UPPER_HALF = 1 if sys.byteorder == "little" else 0


def as_float64(datatype: str, items: NDArray[np.generic]) -> NDArray[np.float64]:
    """Values of ``datatype`` as float64; exact but for 64-bit integers beyond 2**53.

    Parameters
    ----------
    items
        Of the datatype's dtype in :data:`ITEM_DTYPES`; BF16 as the upper half of a 32-bit float's bits.

    >>> as_float64("BF16", np.array([0x3FC0], dtype="<u2")).tolist()
    [1.5]
    """
    if datatype == "BF16":
        bits = np.zeros(len(items), dtype=np.uint32)
        bits.view(np.uint16)[_UPPER_HALF::2] = items
        return bits.view(np.float32).astype(np.float64)
    if datatype == "BOOL":
        return items.astype(np.bool_).astype(np.float64)
    return items.astype(np.float64)
