"""What a stage answers, as numbers whose mean can be compared: scores of its output columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.stages.basis import Values
from driftline.events import MISSING_CATEGORY

MOST_CATEGORIES = 8
LEAST_SPREAD = 0.1
"""Shares of rare things are measured in units of at least this, as if their share were 1%."""

LATENCY, ERRORS = "(latency)", "(errors)"
"""Stand for columns: log of the latency, and whether the request failed."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One score of every row on both sides.

    Attributes
    ----------
    column, what
        Column it is of, and what of it: location, missing, share of a category.
    unit
        Standard deviation in the reference: effects are given in it.
    """

    column: str
    what: str
    reference: Floats
    current: Floats
    unit: float


def outcomes_of(reference: Mapping[str, Values], current: Mapping[str, Values]) -> list[Outcome]:
    """Scores of every column: the value of a number (clipped at five deviations) and whether it is missing;
    whether a category is each of the eight most frequent of either side.

    Scores that are constant on both sides are left out.
    """
    found: list[Outcome] = []
    for name, one in reference.items():
        two = current[name]
        if one.dtype.kind == "f":
            found += _of_numbers(name, one.astype(np.float64), two.astype(np.float64))
        else:
            found += _of_categories(name, one, two)
    return [one for one in found if np.ptp(np.concatenate([one.reference, one.current])) > 0]


def _of_numbers(name: str, one: Floats, two: Floats) -> list[Outcome]:
    gone = [np.isnan(side).astype(np.float64) for side in (one, two)]
    known = one[~np.isnan(one)]
    found = [_indicator(name, "missing", gone[0], gone[1])]
    if known.size:
        centre, spread = float(known.mean()), float(known.std())
        # Without spread in the reference any other value is a change: the current side gives the unit.
        unit = spread or float(np.nanstd(np.concatenate([known, two]))) or 1.0
        sides = [
            np.clip(np.nan_to_num(side, nan=centre), centre - 5 * unit, centre + 5 * unit)
            for side in (one, two)
        ]
        found.insert(0, Outcome(name, "location", sides[0], sides[1], unit))
    return found


def _of_categories(name: str, one: Values, two: Values) -> list[Outcome]:
    counts = [Counter(side.tolist()) for side in (one, two)]
    names = [name for count in counts for name, _ in count.most_common(MOST_CATEGORIES)]
    return [
        _indicator(
            name,
            "missing" if value == MISSING_CATEGORY else f"share of {value}",
            (one == value).astype(np.float64),
            (two == value).astype(np.float64),
        )
        for value in dict.fromkeys(names)
    ]


def _indicator(name: str, what: str, one: Floats, two: Floats) -> Outcome:
    share = float(one.mean()) if one.size else 0.0
    return Outcome(name, what, one, two, max(LEAST_SPREAD, math.sqrt(share * (1 - share))))
