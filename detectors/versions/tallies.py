"""Tallies from rows that were added up in the database, without a change of any mean.

The database knows 513 levels of loss and two levels of weight a doubling. A row between levels counts as
parts of a row on both, so that its mean stays. The logarithm of wealth is concave in loss and in weight:
split rows never have more wealth than the rows themselves, and whatever they refute the rows refute as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from detectors.versions.betting import Tally

VALUE_LEVELS: Final = 512


def tally_of_levels(rows: Iterable[Mapping[str, Any]]) -> Tally:
    """The tally of rows with ``value_level``, ``weight_level``, ``rows`` and the three sums of parts.

    Weights are divided by the power of two at or above the heaviest row. As long as none comes that is
    heavier, later tallies continue this one.

    >>> cell = {"value_level": 512, "weight_level": 0, "rows": 3, "value_parts": 0.0, "weight_parts": 0.0}
    >>> tally_of_levels([cell | {"both_parts": 0.0}])
    Tally(values=array([1.]), weights=array([1.]), counts=array([3.]))
    """
    cells: dict[tuple[int, int], float] = {}
    for row in rows:
        value, weight = int(row["value_level"]), int(row["weight_level"])
        both, upper, heavier = row["both_parts"], row["value_parts"], row["weight_parts"]
        for at, count in (
            ((value + 1, weight + 1), both),
            ((value + 1, weight), upper - both),
            ((value, weight + 1), heavier - both),
            ((value, weight), row["rows"] - upper - heavier + both),
        ):
            # What rounding leaves of an empty corner would open a level that no row reaches.
            if count > 1e-9 * row["rows"]:
                cells[at] = cells.get(at, 0.0) + count
    if not cells:
        return Tally.of([])
    placed = sorted(cells)
    heaviest = 2.0 ** math.ceil(max(weight for _, weight in placed) / 2)
    return Tally(
        np.array([min(value, VALUE_LEVELS) / VALUE_LEVELS for value, _ in placed]),
        np.array([2.0 ** (weight / 2) / heaviest for _, weight in placed]),
        np.array([cells[at] for at in placed]),
    )
