"""The distances that every field is measured with, and what each of them promises.

A new one is a file in this folder and a line in ``STATISTICS``; the property tests then hold it to its
promises and every check, finding and page shows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from detectors.statistics.chi_square import chi_square
from detectors.statistics.counts import Counts
from detectors.statistics.jensen_shannon import jensen_shannon
from detectors.statistics.kolmogorov_smirnov import kolmogorov_smirnov
from detectors.statistics.psi import psi
from detectors.statistics.wasserstein import wasserstein


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the bins of an ordered field lie.

    Attributes
    ----------
    positions
        Where each bin's mass is taken to lie, ascending, shape ``(B,)``, in the field's unit.
    spread
        The baseline's standard deviation in the field's unit; 0 or NaN when it has none.
    """

    positions: Counts
    spread: float


@dataclass(frozen=True, slots=True)
class Statistic:
    """One distance of a current count vector from a baseline's, 0 when they are the same.

    Attributes
    ----------
    measure
        The distance; :class:`Scale` is ignored by those that do not need it.
    ordered
        Looks at the order of bins, so it is for the values of numeric fields, without missing;
        otherwise it takes every slot and does not change when slots are permuted.
    needs_spread
        Undefined for a constant baseline.
    upper
        Largest value.
    """

    name: str
    measure: Callable[[Counts, Counts, Scale], float]
    ordered: bool = False
    needs_spread: bool = False
    upper: float = math.inf


STATISTICS: Mapping[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic("psi", lambda baseline, current, _: psi(baseline, current)),
        Statistic(
            "jensen_shannon", lambda baseline, current, _: jensen_shannon(baseline, current), upper=1.0
        ),
        Statistic("chi_square", lambda baseline, current, _: chi_square(baseline, current).statistic),
        Statistic(
            "kolmogorov_smirnov",
            lambda baseline, current, _: kolmogorov_smirnov(baseline, current),
            ordered=True,
            upper=1.0,
        ),
        Statistic(
            "wasserstein",
            lambda baseline, current, scale: wasserstein(
                baseline, current, scale.positions, spread=scale.spread
            ),
            ordered=True,
            needs_spread=True,
        ),
    )
}
"""All of them are symmetric in their two count vectors."""
