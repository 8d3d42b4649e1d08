"""Elements of BYTES tensors: text where they are text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TextOrBytes = str | bytes


def text_or_bytes(value: bytes) -> TextOrBytes:
    """UTF-8 as ``str``, anything else as it is; either way no byte is lost.

    >>> text_or_bytes(b"caf\\xc3\\xa9"), text_or_bytes(b"\\xff\\xd8\\xff")
    ('café', b'\\xff\\xd8\\xff')
    """
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def object_array(values: Sequence[object]) -> NDArray[np.object_]:
    """A flat array of ``values``; NumPy would make a fixed-width array of texts, as wide as the longest."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
