"""JSON values as flat lists: nesting, numbers, texts."""

from __future__ import annotations

import math
from array import array
from itertools import chain
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.codecs.bad_tensor import BadTensor
from collector.codecs.shapes import MOST_ELEMENTS

_NUMBER_TYPES = {int, float, bool, NoneType}


def flattened(values: list[Any]) -> tuple[list[Any], list[int], set[type]]:
    """The leaves of nested lists, the shape they make, and the leaves' types.

    A null in place of a list is a list of nulls.

    Raises
    ------
    BadTensor
        ``ragged`` when lists of one level differ in length or stand beside leaves; ``too_large``.

    >>> flattened([[1, 2], [3, 4]])
    ([1, 2, 3, 4], [2, 2], {<class 'int'>})
    >>> flattened([[1], None])[:2]
    ([1, None], [2, 1])
    """
    shape = [len(values)]
    while True:
        types = set(map(type, values))
        if list not in types:
            return values, shape, types
        if not types <= {list, NoneType}:
            raise BadTensor("ragged")
        lengths = {len(value) for value in values if value is not None}
        if len(lengths) != 1:
            raise BadTensor("ragged")
        length = lengths.pop()
        if len(values) * length > MOST_ELEMENTS:
            raise BadTensor("too_large")
        if NoneType in types:
            nulls = [None] * length
            values = [nulls if value is None else value for value in values]
        values = values[0] if len(values) == 1 else list(chain.from_iterable(values))
        shape.append(length)


def numbers(values: list[Any]) -> NDArray[np.float64]:
    """A flat list of numbers, booleans and nulls; raises :class:`BadTensor` (``bad_data``).

    >>> numbers([1, 2.5, True, None]).tolist()
    [1.0, 2.5, 1.0, nan]
    """
    try:
        # As fast as NumPy, which would also read "1.5", a text, as a number.
        return np.frombuffer(array("d", values))
    except OverflowError as error:
        raise BadTensor("bad_data") from error
    except TypeError:
        if not set(map(type, values)) <= _NUMBER_TYPES:
            raise BadTensor("bad_data") from None
        return numbers([math.nan if value is None else value for value in values])
