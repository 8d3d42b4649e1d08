"""Bins of a column as an attribution compares them: neighbours together until the reference knows each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detectors.performance.attribution.rows import MISSING_SEGMENT, LossRows, slot_label
from detectors.profiles.layout import MISSING_AT, UNSEEN_AT, ColumnLayout

FEWEST_ROWS = 25.0
"""Effective reference rows that a group needs; bins with fewer join their neighbours."""

MOST_SEGMENTS = 50

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ColumnGroups:
    """One column of both sides in K groups.

    Attributes
    ----------
    before, now
        Group of every row, shapes ``(n,)`` and ``(m,)``.
    labels
        Of single groups.
    ordered
        The first so many groups follow each other on a scale: ranges of them are regions, too.
    segment
        Whether it is a segment column.
    """

    column: str
    before: Places
    now: Places
    labels: tuple[str, ...]
    ordered: int
    segment: bool
    layout: ColumnLayout | None = None
    slots: tuple[tuple[int, ...], ...] = ()

    def region_label(self, first: int, last: int) -> str:
        """Groups ``first`` to ``last`` as people read them."""
        if self.layout is None or first == last:
            return self.labels[first]
        return slot_label(
            self.layout, tuple(slot for group in self.slots[first : last + 1] for slot in group)
        )


def column_groups(reference: LossRows, current: LossRows) -> list[ColumnGroups]:
    """Every column and segment that both sides have and that has more than one group."""
    found = [
        _segment(name, reference.segments[name], current.segments[name], reference.weights)
        for name in reference.segments
        if name in current.segments
    ]
    found += [
        _column(name, reference, current)
        for name in reference.bins
        if name in current.bins and name not in reference.segments
    ]
    return [one for one in found if len(one.labels) > 1]


def _segment(
    name: str, before: NDArray[np.str_], now: NDArray[np.str_], weights: NDArray[np.float64]
) -> ColumnGroups:
    values, place = np.unique(before, return_inverse=True)
    effective = _effective(place, len(values), weights)
    order = np.argsort(-effective, kind="stable")
    kept = [str(values[at]) for at in order if effective[at] >= FEWEST_ROWS][:MOST_SEGMENTS]
    places = {value: at for at, value in enumerate(kept)}
    rest = len(kept)
    one, two = (
        np.array([places.get(value, rest) for value in side.tolist()], dtype=np.intp)
        for side in (before, now)
    )
    labels = [value or MISSING_SEGMENT for value in kept]
    if (one == rest).any() or (two == rest).any():
        labels.append("(others)")
    return ColumnGroups(name, one, two, tuple(labels), 0, segment=True)


def _effective(place: Places, groups: int, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.bincount(place, weights, groups)
    squares = np.bincount(place, weights * weights, groups)
    effective: NDArray[np.float64] = np.where(squares > 0, sums**2 / np.where(squares > 0, squares, 1.0), 0.0)
    return effective


def _column(name: str, reference: LossRows, current: LossRows) -> ColumnGroups:
    layout = reference.layouts[name]
    before, now = (side.bins[name].astype(np.intp) for side in (reference, current))
    present = np.bincount(np.concatenate([before, now]), minlength=MISSING_AT + 1) > 0
    effective = _effective(before, MISSING_AT + 1, reference.weights)
    if layout.kind == "numeric":
        groups = _neighbours([slot for slot in range(MISSING_AT) if present[slot]], effective)
        labels = [slot_label(layout, group) for group in groups]
    else:
        known = [slot for slot in range(UNSEEN_AT) if present[slot]]
        groups = [(slot,) for slot in known if effective[slot] >= FEWEST_ROWS]
        rare = tuple(slot for slot in known if effective[slot] < FEWEST_ROWS)
        labels = [slot_label(layout, group) for group in groups]
        if rare:
            groups.append(rare)
            labels.append("(rare)")
        if present[UNSEEN_AT]:
            groups.append((UNSEEN_AT,))
            labels.append("unseen")
    ordered = len(groups) if layout.kind == "numeric" else 0
    if present[MISSING_AT]:
        groups.append((MISSING_AT,))
        labels.append("missing")
    place = np.zeros(MISSING_AT + 1, dtype=np.intp)
    for at, group in enumerate(groups):
        place[list(group)] = at
    return ColumnGroups(
        name,
        place[before],
        place[now],
        tuple(labels),
        ordered,
        segment=False,
        layout=layout,
        slots=tuple(groups),
    )


def _neighbours(slots: Sequence[int], effective: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """Neighbouring bins together until each group has enough rows; what is left over joins the last."""
    groups: list[list[int]] = []
    collected: list[int] = []
    for slot in slots:
        collected.append(slot)
        if effective[collected].sum() >= FEWEST_ROWS:
            groups.append(collected)
            collected = []
    if collected:
        if groups:
            groups[-1] += collected
        else:
            groups.append(collected)
    assert all(one[-1] < two[0] for one, two in pairwise(groups))
    return [tuple(group) for group in groups]
