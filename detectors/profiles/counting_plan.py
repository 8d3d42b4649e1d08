"""What the counting query has to know of one model: its columns, edges, typical values and categories."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.layout import BINS, MISSING_AT, UNSEEN_AT, ColumnLayout
from driftline.contracts import Column, Contract
from driftline.events import MISSING_CATEGORY


@dataclass(frozen=True, slots=True)
class CategoricalPlaces:
    """Where the categories of one categorical slot are counted.

    Attributes
    ----------
    names, places
        Known categories and their places in an aligned count vector.
    other
        Place of all others; the first of eight groups where ``grouped``.
    grouped
        Without a complete list an unknown category cannot be told from a rare one: it joins its group.
    """

    names: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    other: int = UNSEEN_AT
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class CountingPlan:
    """How the events of one model are counted; made once a baseline and used in every cycle.

    Attributes
    ----------
    model
        Model whose events are read.
    columns
        Columns that are counted, numeric ones first, each kind by slot.
    numeric
        How many of them are numeric.
    slots
        Slot of every column in the event array of its kind, shape ``(C,)``.
    inner
        Of every column how long its compact count vector is without *unseen* and *missing*.
    edges
        Of every numeric slot of the contract: a typical value, which is subtracted before squares are
        summed so that fields of a huge offset keep their digits, then ascending edges, then NaN. Shape
        ``(numeric width, 32)``.
    categories
        Of every categorical slot of the contract.
    segment
        Categorical column whose known values are counted apart as well; empty for none.
    segment_values
        Those values.
    """

    model: str
    columns: tuple[str, ...]
    numeric: int
    slots: NDArray[np.intp]
    inner: tuple[int, ...]
    edges: NDArray[np.float64]
    categories: tuple[CategoricalPlaces, ...]
    segment: str = ""
    segment_slot: int = 0
    segment_values: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        contract: Contract,
        layouts: Mapping[str, ColumnLayout],
        centres: Mapping[str, float] | None = None,
        *,
        segment: str = "",
        segment_values: tuple[str, ...] = (),
    ) -> CountingPlan:
        """Plan for the columns of a contract that have a layout.

        Parameters
        ----------
        centres
            A typical value of each numeric column in its unit; default 0.
        segment, segment_values
            A categorical column of the contract and the values to count apart.

        Raises
        ------
        ValueError
            The contract has no such categorical column.
        """
        every = contract.columns()
        laid = [column for column in every if column.name in layouts]
        numbers = sorted((c for c in laid if c.kind == "numeric"), key=lambda column: column.slot)
        texts = sorted((c for c in laid if c.kind == "categorical"), key=lambda column: column.slot)
        edges = np.full((_width(every, "numeric"), BINS), np.nan)
        edges[:, 0] = 0.0
        for column in numbers:
            own, centre = layouts[column.name].edges, (centres or {}).get(column.name, 0.0)
            edges[column.slot, 1 : 1 + len(own)] = own
            edges[column.slot, 0] = centre if math.isfinite(centre) else 0.0
        categories = [CategoricalPlaces()] * _width(every, "categorical")
        for column in texts:
            categories[column.slot] = _places(layouts[column.name])
        by_name = {column.name: column.slot for column in every if column.kind == "categorical"}
        if segment and segment not in by_name:
            raise ValueError(f"model {contract.model!r} has no categorical column {segment!r} to segment by")
        return cls(
            model=contract.model,
            columns=tuple(column.name for column in (*numbers, *texts)),
            numeric=len(numbers),
            slots=np.array([column.slot for column in (*numbers, *texts)], dtype=np.intp),
            inner=(
                *(layouts[column.name].slots - 1 for column in numbers),
                *(layouts[column.name].slots - 2 for column in texts),
            ),
            edges=edges,
            categories=tuple(categories),
            segment=segment,
            segment_slot=by_name.get(segment, 0),
            segment_values=segment_values if segment else (),
        )


def _width(columns: tuple[Column, ...], kind: str) -> int:
    return 1 + max((column.slot for column in columns if column.kind == kind), default=-1)


def _places(layout: ColumnLayout) -> CategoricalPlaces:
    return CategoricalPlaces(
        names=(*layout.categories, MISSING_CATEGORY),
        places=(*layout.category_slots(), MISSING_AT),
        other=UNSEEN_AT if layout.complete else layout.top,
        grouped=not layout.complete,
    )
