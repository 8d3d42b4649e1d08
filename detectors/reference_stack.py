"""References of many fields side by side, in the form that everything computed over a fleet takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import BaselineColumn
from detectors.profiles.layout import BINS, WIDTH, ColumnLayout

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReferenceStack:
    """The references of F fields, in aligned count vectors of ``WIDTH`` slots.

    Attributes
    ----------
    layouts
        Bins of each field.
    numeric
        Which fields are numeric, shape ``(F,)``.
    counts
        Weighted counts, shape ``(F, WIDTH)``.
    effective_rows
        Shape ``(F,)``.
    positions
        Where each bin's mass is taken to lie, in the field's unit, shape ``(F, BINS)``; 0 for categorical
        fields and padded bins.
    outside
        Bins that lie outside the baseline's range, shape ``(F, BINS)``.
    std
        Standard deviation of the baseline in the field's unit, shape ``(F,)``; NaN for categorical fields.
    """

    layouts: tuple[ColumnLayout, ...]
    numeric: NDArray[np.bool_]
    counts: Vector
    effective_rows: Vector
    positions: Vector
    outside: NDArray[np.bool_]
    std: Vector

    @classmethod
    def of(cls, columns: Sequence[BaselineColumn]) -> ReferenceStack:
        """Stack baseline columns of any kind."""
        fields = len(columns)
        positions = np.zeros((fields, BINS))
        outside = np.zeros((fields, BINS), dtype=np.bool_)
        counts = np.zeros((fields, WIDTH))
        for index, column in enumerate(columns):
            layout = column.layout
            # Counts that do not fit their bins are that field's trouble: it is judged as failed.
            fits = column.counts.shape == (layout.slots,)
            counts[index] = layout.aligned(column.counts) if fits else np.nan
            if layout.kind == "numeric":
                inner = layout.positions()
                positions[index, : inner.size] = inner
                # Padding repeats the last place, so that places still ascend.
                positions[index, inner.size :] = inner[-1]
                if layout.edges:
                    outside[index, : inner.size] = [region != "inside" for region in layout.regions()]
        return cls(
            layouts=tuple(column.layout for column in columns),
            numeric=np.array([column.layout.kind == "numeric" for column in columns], dtype=np.bool_),
            counts=counts,
            effective_rows=np.array([column.effective_rows for column in columns], dtype=np.float64),
            positions=positions,
            outside=outside,
            std=np.array([column.std for column in columns], dtype=np.float64),
        )

    @classmethod
    def joined(cls, stacks: Sequence[ReferenceStack]) -> ReferenceStack:
        """One stack of all fields of several, in their order."""
        return cls(
            layouts=tuple(layout for stack in stacks for layout in stack.layouts),
            numeric=np.concatenate([stack.numeric for stack in stacks]),
            counts=np.concatenate([stack.counts for stack in stacks]),
            effective_rows=np.concatenate([stack.effective_rows for stack in stacks]),
            positions=np.concatenate([stack.positions for stack in stacks]),
            outside=np.concatenate([stack.outside for stack in stacks]),
            std=np.concatenate([stack.std for stack in stacks]),
        )

    def select(self, fields: NDArray[np.intp]) -> ReferenceStack:
        """The stack of some fields, by index."""
        return ReferenceStack(
            layouts=tuple(self.layouts[index] for index in fields),
            numeric=self.numeric[fields],
            counts=self.counts[fields],
            effective_rows=self.effective_rows[fields],
            positions=self.positions[fields],
            outside=self.outside[fields],
            std=self.std[fields],
        )

    def __len__(self) -> int:
        return len(self.layouts)
