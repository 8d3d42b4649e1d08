"""The figures of an explanation: statistics with their intervals, rates, bins side by side."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detectors.explanation.reference import FieldReference
from detectors.statistics import STATISTICS, CountPairs, Scale, rate, rate_change
from detectors.statistics.estimate import Estimate
from driftline.errors import InvalidInput
from driftline.readmodel.bins import Bin, BinKind
from driftline.readmodel.explanation import Measure, Rate

Counts = NDArray[np.float64]


def measures(reference: FieldReference, counts: Counts, effective_rows: float) -> tuple[Measure, ...]:
    """Every statistic that is defined for the field; what is not defined is left out.

    Those that look at the order of bins are over the values that are there, the others with missing.
    """
    everything = _pairs(reference, counts, effective_rows)
    if everything is None:
        return ()
    values = _present(reference, everything)
    has_spread = math.isfinite(reference.column.std) and reference.column.std > 0
    found = []
    for statistic in STATISTICS.values():
        pairs = values if statistic.ordered else everything
        if pairs is None or (statistic.needs_scale and not has_spread):
            continue
        if statistic.ordered and reference.layout.kind != "numeric":
            continue
        found.append(measure(statistic.name, statistic.estimates(pairs)[0]))
    return tuple(found)


def measure(name: str, estimate: Estimate) -> Measure:
    """An estimate under its name."""
    return Measure(
        name=name,
        value=estimate.value,
        lower=estimate.lower,
        upper=estimate.upper,
        detectable=estimate.detectable,
        p_value=estimate.p_value,
    )


def rates(reference: FieldReference, counts: Counts, effective_rows: float) -> tuple[Rate, ...]:
    """Missing rows, and unseen ones (categorical) or those out of the baseline's range (numeric)."""
    pairs = _pairs(reference, counts, effective_rows)
    if pairs is None:
        return ()
    layout = reference.layout
    missing = np.zeros(counts.size, dtype=np.bool_)
    missing[-1] = True
    members = {"missing": missing}
    if layout.kind == "categorical" and layout.complete:
        unseen = np.zeros(counts.size, dtype=np.bool_)
        unseen[-2] = True
        members["unseen"] = unseen
    elif layout.kind == "numeric" and layout.edges:
        members["out_of_range"] = np.array([*(region != "inside" for region in layout.regions()), False])
    found = []
    for name, chosen in members.items():
        change = rate_change(pairs, chosen)[0]
        now = rate(pairs, chosen)[0].value
        found.append(
            Rate(
                name=name,
                baseline=max(0.0, now - change.value),
                current=now,
                change=change.value,
                lower=change.lower,
                upper=change.upper,
                detectable=change.detectable,
            )
        )
    return tuple(found)


def side_by_side(reference: FieldReference, counts: Counts | None) -> tuple[Bin, ...]:
    """Every bin with its share of the baseline and of the window."""
    layout = reference.layout
    before = _shares(reference.column.counts)
    after = _shares(counts) if counts is not None else [None] * layout.slots
    kinds: list[BinKind]
    ends: list[tuple[float | None, float | None]] = [(None, None)] * layout.slots
    if layout.kind == "numeric":
        kinds = [*_many("range", layout.slots - 1), "missing"]
        ends = [*pairwise([None, *layout.edges, None]), (None, None)]
    else:
        kinds = [
            *_many("category", layout.top),
            *_many("other", layout.other_groups),
            "unseen",
            "missing",
        ]
    return tuple(
        Bin(label=label, kind=kind, lower=low, upper=high, baseline=old, current=new)
        for label, kind, (low, high), old, new in zip(
            layout.labels(), kinds, ends, before, after, strict=True
        )
        if layout.complete or kind != "unseen"
    )


def moved_most(bins: tuple[Bin, ...], most: int) -> tuple[Bin, ...]:
    """The bins whose share moved most, largest move first; those that did not move are left out."""
    known = [bin_ for bin_ in bins if change_of(bin_)]
    return tuple(sorted(known, key=lambda bin_: -abs(change_of(bin_)))[:most])


def gained_most(moved: tuple[Bin, ...]) -> tuple[Bin, ...]:
    """Of the bins that moved most those that gained at least half as much as the first of them."""
    gains = [bin_ for bin_ in moved if change_of(bin_) > 0]
    return tuple(bin_ for bin_ in gains if change_of(bin_) >= change_of(gains[0]) / 2)


def change_of(bin_: Bin) -> float:
    """Change of a bin's share, 0 when either side is unknown."""
    return 0.0 if bin_.current is None or bin_.baseline is None else bin_.current - bin_.baseline


def _many(kind: BinKind, count: int) -> list[BinKind]:
    return [kind] * count


def _pairs(reference: FieldReference, counts: Counts, effective_rows: float) -> CountPairs | None:
    if counts.size != reference.column.counts.size:
        return None
    try:
        return CountPairs.of(
            reference.column.counts,
            counts,
            effective_baseline=reference.column.effective_rows,
            effective_current=effective_rows,
        )
    except InvalidInput:
        # An empty side: the finding's status says so, there is nothing to measure.
        return None


def _present(reference: FieldReference, pairs: CountPairs) -> CountPairs | None:
    """The values that are there, without missing in the last slot; ``None`` when a side has none."""
    before, now = (pairs.p * pairs.n[:, None])[:, :-1], (pairs.q * pairs.m[:, None])[:, :-1]
    if not (before.sum() > 0 and now.sum() > 0):
        return None
    if reference.layout.kind != "numeric":
        return CountPairs.of(before, now)
    return CountPairs.of(before, now, scale=Scale(reference.layout.positions(), reference.column.std))


def _shares(counts: Counts) -> list[float | None]:
    total = float(counts.sum())
    return [float(count) / total if total > 0 else None for count in counts]
