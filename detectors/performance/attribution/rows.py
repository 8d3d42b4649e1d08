"""Labelled rows as an attribution of their loss takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.layout import MISSING_AT, UNSEEN_AT, ColumnLayout
from driftline.errors import InvalidInput

Floats = NDArray[np.float64]
Slots = NDArray[np.uint8]

MISSING_SEGMENT = "(missing)"


@dataclass(frozen=True)
class LossRows:
    """Rows of one side with the loss of each, realised or estimated.

    Attributes
    ----------
    losses
        Larger is worse, finite, shape ``(n,)``.
    weights
        Above 0, shape ``(n,)``.
    bins
        Of every column: the aligned slot of each value in its layout
        (:func:`detectors.multivariate.sampled_rows.slots_of`), shape ``(n,)``.
    layouts
        Bins of these columns, the baseline's.
    segments
        Of every segment column: the value of each row, shape ``(n,)``.
    total
        Rows there are, of which these are a sample.
    """

    losses: Floats
    weights: Floats
    bins: Mapping[str, Slots]
    layouts: Mapping[str, ColumnLayout]
    segments: Mapping[str, NDArray[np.str_]]
    total: int = 0

    def __post_init__(self) -> None:
        n = len(self.losses)
        lengths = {"weights": len(self.weights)}
        lengths |= {name: len(values) for name, values in {**self.bins, **self.segments}.items()}
        wrong = [name for name, length in lengths.items() if length != n]
        if wrong:
            raise InvalidInput(f"{wrong[0]} has {lengths[wrong[0]]} rows, the losses have {n}")
        if not np.isfinite(self.losses).all():
            raise InvalidInput("losses must be finite: leave out rows that do not count")
        if n and not (np.isfinite(self.weights).all() and (self.weights > 0).all()):
            raise InvalidInput("weights must be finite and above 0")
        if self.bins.keys() - self.layouts.keys():
            raise InvalidInput(
                f"columns without a layout: {', '.join(self.bins.keys() - self.layouts.keys())}"
            )

    def __len__(self) -> int:
        return len(self.losses)

    def taken(self, chosen: NDArray[np.bool_]) -> LossRows:
        """The chosen rows."""
        return LossRows(
            self.losses[chosen],
            self.weights[chosen],
            {name: slots[chosen] for name, slots in self.bins.items()},
            self.layouts,
            {name: values[chosen] for name, values in self.segments.items()},
            self.total,
        )

    @property
    def shares(self) -> Floats:
        """Weights that add up to 1."""
        shares: Floats = self.weights / self.weights.sum()
        return shares

    @property
    def mean(self) -> float:
        """Weighted mean loss."""
        return float(self.shares @ self.losses)


def slot_label(layout: ColumnLayout, slots: tuple[int, ...]) -> str:
    """What the values of neighbouring slots are, as people read it.

    >>> slot_label(ColumnLayout("numeric", edges=(1.0, 2.0, 4.0)), (1, 2))
    '1 to 4'
    >>> slot_label(ColumnLayout("numeric", edges=(1.0, 2.0, 4.0)), (2, 3))
    'from 2 on'
    >>> slot_label(ColumnLayout("categorical", categories=("a", "b"), top=2), (1,))
    'b'
    """
    if slots == (MISSING_AT,):
        return "missing"
    if layout.kind == "categorical":
        names = layout.labels()
        return ", ".join(
            "unseen" if slot == UNSEEN_AT else names[slot] for slot in slots if slot != MISSING_AT
        )
    edges = layout.edges
    inner = sorted(slot for slot in slots if slot != MISSING_AT)
    low = edges[inner[0] - 1] if inner[0] > 0 else None
    high = edges[inner[-1]] if inner[-1] < len(edges) else None
    if low is None and high is None:
        return "any value"
    if low is None:
        return f"below {high:.6g}"
    return f"from {low:.6g} on" if high is None else f"{low:.6g} to {high:.6g}"
