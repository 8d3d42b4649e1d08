"""Why a single tensor of an otherwise sound message cannot be read: a closed set, because it is counted."""

from __future__ import annotations

from typing import Literal

TensorFault = Literal[
    "bad_shape",  # not a list of sizes, a negative size, or another number of elements than there is data
    "bad_data",  # values that are not of the declared datatype
    "no_value",  # null or absent in every row
    "unknown_datatype",  # a datatype that the protocol does not have, or one that is no number and no text
    "duplicate_name",  # two tensors of one message share a name: which one the server took is unknown
    "too_large",  # more elements than a message may hold; see MOST_ELEMENTS
    "ragged",  # nested lists of unequal length
    "shared_memory",  # the values are in the memory of the server's machine, not in the message
    "rows_differ",  # another number of rows than the rest of the exchange
]


class BadTensor(Exception):
    """A tensor that counts as missing; ``fault`` says why."""

    def __init__(self, fault: TensorFault) -> None:
        super().__init__(fault)
        self.fault: TensorFault = fault
