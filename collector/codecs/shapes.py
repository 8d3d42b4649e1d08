"""Shapes as messages declare them, checked before anything is allocated for them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.codecs.bad_tensor import BadTensor

MOST_ELEMENTS = 8 * 1024 * 1024
"""Elements that the tensors of one message may have together: 64 MiB as float64."""
MOST_TEXTS = 256 * 1024
"""Elements of BYTES tensors among them: each is an object, and read one by one."""
_MOST_AXES = 32
_Scalar = TypeVar("_Scalar", bound=np.generic)


class ElementRoom:
    """What is left of :data:`MOST_ELEMENTS` for the further tensors of a message."""

    __slots__ = ("_left",)

    def __init__(self, elements: int = MOST_ELEMENTS) -> None:
        self._left = elements

    def take(self, elements: int) -> None:
        """Reserve; raises :class:`BadTensor` (``too_large``) when there is less."""
        if elements > self._left:
            raise BadTensor("too_large")
        self._left -= elements

    def take_texts(self, elements: int) -> None:
        """Reserve for a BYTES tensor."""
        self.take(elements * (MOST_ELEMENTS // MOST_TEXTS))


def checked_shape(shape: object) -> tuple[list[int], int]:
    """A declared shape and its elements.

    Raises
    ------
    BadTensor
        ``bad_shape`` when it is no list of at most 32 whole numbers from 0; ``too_large``.

    >>> checked_shape([2, 3])
    ([2, 3], 6)
    >>> checked_shape([])
    ([], 1)
    """
    if type(shape) is not list or len(shape) > _MOST_AXES:
        raise BadTensor("bad_shape")
    for size in shape:
        if type(size) is not int or size < 0:
            raise BadTensor("bad_shape")
        if size > MOST_ELEMENTS:  # beside a 0 it would pass as an empty tensor, which NumPy cannot make
            raise BadTensor("too_large")
    elements = prod(shape)
    if elements > MOST_ELEMENTS:
        raise BadTensor("too_large")
    return shape, elements


def shaped(values: NDArray[_Scalar], shape: Sequence[int]) -> NDArray[_Scalar]:
    """Flat values in a shape that holds as many; raises :class:`BadTensor` (``bad_shape``)."""
    try:
        return values.reshape(shape)
    except ValueError as error:
        # Another number of elements, or an empty shape whose other sizes overflow together.
        raise BadTensor("bad_shape") from error
