"""What the inputs of a stage look like to a linear model: curves of numbers, categories, products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from driftline.events import MISSING_CATEGORY

MOST_COLUMNS = 24
"""So many input columns are conditioned on: those that moved most."""

MOST_PRODUCTS = 6
MOST_CATEGORIES = 10
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)

Floats = NDArray[np.float64]
Values = NDArray[np.float64] | NDArray[np.str_]
"""Numbers (NaN: missing) or categories (U+0000: missing) of n rows."""


def basis(
    reference: Mapping[str, Values], current: Mapping[str, Values], rows: tuple[int, int]
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Features of both sides, standardised by the reference, and the columns they were made of.

    Of a number: itself and its square, hinges ``max(0, z - knot)`` at five quantiles of the reference,
    whether it is missing; of a category: which of the ten most frequent. And products of the six numbers
    that moved most. Values count at most four standard deviations from the mean: no single row decides.

    Parameters
    ----------
    reference, current
        Values by column, shapes ``(n,)`` and ``(m,)``; the same columns.
    rows
        n and m.

    Returns
    -------
    tuple
        Features of shapes ``(n, p)`` and ``(m, p)`` with mean 0 and spread 1 in the reference (features that
        are constant on both sides are left out), and the columns.
    """
    moved = sorted(reference, key=lambda name: (-_moved(reference[name], current[name]), name))[:MOST_COLUMNS]
    numbers: list[tuple[Floats, Floats]] = []
    parts: list[tuple[Floats, Floats]] = []
    for name in moved:
        one, two = reference[name], current[name]
        if one.dtype.kind == "f":
            first, second = _standard(one.astype(np.float64), two.astype(np.float64))
            numbers.append((first[:, 0], second[:, 0]))
            parts.append((first, second))
        else:
            parts.append(_indicators(one, two))
    for place, (a, b) in enumerate(numbers[:MOST_PRODUCTS]):
        for c, d in numbers[place + 1 : MOST_PRODUCTS]:
            parts.append(((a * c)[:, None], (b * d)[:, None]))
    before = np.concatenate([np.zeros((rows[0], 0)), *(part[0] for part in parts)], axis=1)
    after = np.concatenate([np.zeros((rows[1], 0)), *(part[1] for part in parts)], axis=1)
    mean, spread = before.mean(axis=0), before.std(axis=0)
    # A feature that only the current side has (a category never seen) is kept at its own size.
    spread = np.where(
        spread > 1e-9, spread, np.where(np.abs(after - mean).max(axis=0, initial=0) > 1e-9, 1, 0)
    )
    kept = spread > 0
    return (
        (before[:, kept] - mean[kept]) / spread[kept],
        (after[:, kept] - mean[kept]) / spread[kept],
        tuple(moved),
    )


def _moved(one: Values, two: Values) -> float:
    """Total variation between both sides over tenths of the reference, or categories; 0 to 1."""
    if one.dtype.kind == "f":
        first, second = one.astype(np.float64), two.astype(np.float64)
        known = first[~np.isnan(first)]
        edges = np.unique(np.quantile(known, np.arange(1, 10) / 10)) if known.size else np.zeros(0)
        a, b = (
            np.where(np.isnan(side), edges.size + 1, np.searchsorted(edges, side, side="right"))
            for side in (first, second)
        )
        counts = [np.bincount(side, minlength=edges.size + 2) / max(1, side.size) for side in (a, b)]
        return float(np.abs(counts[0] - counts[1]).sum() / 2)
    shares = [Counter(side.tolist()) for side in (one, two)]
    return (
        sum(
            abs(shares[0][name] / max(1, one.size) - shares[1][name] / max(1, two.size))
            for name in shares[0].keys() | shares[1].keys()
        )
        / 2
    )


def _standard(one: Floats, two: Floats) -> tuple[Floats, Floats]:
    known = np.concatenate([one[~np.isnan(one)], two[~np.isnan(two)]])
    centre = float(known.mean()) if known.size else 0.0
    spread = float(known.std()) if known.size else 0.0
    sides = [
        np.clip(np.where(np.isnan(side), 0.0, (side - centre) / (spread or 1.0)), -4, 4)
        for side in (one, two)
    ]
    knots = np.unique(np.quantile(sides[0], KNOTS)) if one.size else np.zeros(0)
    found = [
        np.column_stack(
            [z, z * z, *(np.maximum(0.0, z - knot) for knot in knots), np.isnan(side).astype(np.float64)]
        )
        for z, side in zip(sides, (one, two), strict=True)
    ]
    return found[0], found[1]


def _indicators(one: Values, two: Values) -> tuple[Floats, Floats]:
    names: Sequence[str] = [
        name for name, _ in Counter([*one.tolist(), *two.tolist()]).most_common(MOST_CATEGORIES + 1)
    ]
    # The most frequent is what the others are compared with.
    chosen = [name for name in names if name == MISSING_CATEGORY or name != names[0]][:MOST_CATEGORIES]
    first, second = (
        np.column_stack([np.zeros((side.size, 0)), *((side == name).astype(np.float64) for name in chosen)])
        for side in (one, two)
    )
    return first, second
