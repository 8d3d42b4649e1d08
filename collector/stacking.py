"""The same tensor of many inferences as one array, so that descriptors work on hundreds of rows at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from collector.codecs.decoded import Inference, Tensor
from driftline.events import EventStatus

Rows = slice | NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Stack:
    """Rows of one datatype and shape.

    Attributes
    ----------
    rows
        Which rows of the batch these are: a slice when they are all of it.
    values
        The row is the first axis.
    """

    datatype: str
    rows: Rows
    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)


class Batch:
    """Inferences of one model that are mapped together.

    Parameters
    ----------
    inferences, statuses
        Of each exchange.
    """

    def __init__(self, inferences: Sequence[Inference], statuses: Sequence[EventStatus]) -> None:
        self._inferences = inferences
        self._statuses = statuses
        counts = [inference.rows for inference in inferences]
        self.rows = sum(counts)
        self.counts = counts
        """Rows of each exchange."""
        self._stacks: dict[tuple[str, str], list[Stack]] = {}
        self._absent: dict[tuple[str, str], dict[str, int]] = {}
        self._names: dict[str, set[str]] = {}

    def stacks(self, side: str, name: str, on_mismatch: Callable[[str, int], None]) -> list[Stack]:
        """Every stack of a tensor.

        Parameters
        ----------
        side
            ``inputs`` or ``outputs``.
        name
            Tensor.
        on_mismatch
            Told the reason and the number of rows, where the tensor is absent and should be there.
        """
        key = side, name
        if key not in self._stacks:
            self._stacks[key] = self._stack(side, name)
        for reason, rows in self._absent[key].items():
            on_mismatch(reason, rows)
        return self._stacks[key]

    def has(self, side: str, name: str) -> bool:
        """Whether any inference has that tensor."""
        names = self._names.get(side)
        if names is None:
            names = self._names[side] = set()
            for inference in self._inferences:
                names.update(getattr(inference, side))
        return name in names

    def _stack(self, side: str, name: str) -> list[Stack]:
        absent = self._absent[side, name] = {}
        groups: dict[tuple[str, tuple[int, ...]], tuple[list[NDArray[Any]], list[int]]] = {}
        expected = _EXPECTED[side]
        start = 0
        starts = []
        for inference, status in zip(self._inferences, self._statuses, strict=True):
            tensors: Mapping[str, Tensor] = getattr(inference, side)
            tensor = tensors.get(name)
            if tensor is not None:
                values = tensor.values
                if not inference.batched:
                    values = cast(Any, values).reshape((inference.rows, *values.shape))
                group = groups.get((tensor.datatype, values.shape[1:]))
                if group is None:
                    group = groups[tensor.datatype, values.shape[1:]] = ([], [])
                group[0].append(values)
                group[1].append(start)
            elif status in expected:
                reason = inference.faults.get(name, "tensor_missing")
                absent[reason] = absent.get(reason, 0) + inference.rows
            starts.append(start)
            start += inference.rows
        found = []
        for (datatype, _), (parts, offsets) in groups.items():
            values = np.concatenate(parts) if len(parts) > 1 else parts[0]
            rows: Rows = slice(0, self.rows)
            if len(values) < self.rows:
                rows = np.concatenate(
                    [
                        np.arange(offset, offset + len(part))
                        for offset, part in zip(offsets, parts, strict=True)
                    ]
                )
            found.append(Stack(datatype, rows, values))
        return found


_EXPECTED = {"inputs": ("ok", "error", "no_response"), "outputs": ("ok", "no_request")}
"""Statuses of which each half should be there."""
