"""Decoded tensors, whatever protocol they came by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NUMERIC_DATATYPES = frozenset(
    {"UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16"}
)
FLOAT_DATATYPES = frozenset({"FP16", "FP32", "FP64", "BF16"})
INTEGER_DATATYPES = NUMERIC_DATATYPES - FLOAT_DATATYPES


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array.

    Attributes
    ----------
    datatype
        V2 name: ``FP32``, ``INT64``, ``BOOL``, ``BYTES``…
    values
        Shape as sent. Numbers and booleans (0 and 1) are ``float64``, null is NaN. BYTES is ``object``:
        ``str`` where the bytes are UTF-8, else ``bytes`` (a JPEG, for one), ``None`` where a row has none.
    """

    name: str
    datatype: str
    values: NDArray[np.float64] | NDArray[np.object_]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape as sent."""
        return self.values.shape

    def per_row(self, rows: int, *, batched: bool) -> NDArray[np.float64] | NDArray[np.object_]:
        """Values with the row as first axis: the batch axis, or one added for an unbatched tensor."""
        return self.values if batched else self.values.reshape((rows, *self.values.shape))


@dataclass(frozen=True, slots=True)
class Inference:
    """One request and its response, decoded.

    Attributes
    ----------
    rows
        Inferences in it: the first dimension that all tensors share, else 1.
    batched
        Whether the first axis of the tensors is the row.
    faults
        Tensors that could not be decoded, with the reason; they count as missing.
    model
        Model the messages name; empty where only the path does.
    error
        What the answer's body says went wrong; taps that see no status have only this.
    """

    request_id: str
    version: str
    rows: int
    batched: bool
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    faults: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    error: str = ""


def count_rows(tensors: list[Tensor]) -> tuple[int, bool]:
    """Rows that the tensors hold, and whether their first axis is the row.

    >>> import numpy as np
    >>> count_rows([Tensor("a", "FP32", np.zeros((3, 2))), Tensor("b", "FP32", np.zeros((3, 5)))])
    (3, True)
    >>> count_rows([Tensor("a", "FP32", np.zeros((8, 8))), Tensor("b", "FP32", np.zeros(10))])
    (1, False)
    """
    first = {tensor.shape[0] if tensor.shape else None for tensor in tensors}
    size = first.pop() if len(first) == 1 else None
    return (1, False) if size is None or size == 0 else (size, True)


def clean_text(value: str, length: int = 256) -> str:
    """``value`` as UTF-8 can hold it, cut to ``length`` characters.

    >>> clean_text("caf\\udce9")
    'caf?'
    """
    return value[:length].encode("utf-8", "replace").decode("utf-8")
