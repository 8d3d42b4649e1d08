"""When a change of a stage began: the split of a series of rows that explains it best."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.change_point import PLAUSIBLE_WITHIN

BLOCKS = 400

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChangeTime:
    """Starts of the windows in which a change most likely, at the earliest and at the latest began."""

    start: datetime
    earliest: datetime
    latest: datetime

    def overlaps(self, other: ChangeTime) -> bool:
        """Whether both may have begun in the same window, or in any order."""
        return self.earliest <= other.latest and other.earliest <= self.latest


def change_time(times_ms: NDArray[np.int64], values: Floats, window_seconds: int) -> ChangeTime | None:
    """Where a series splits best into before and after, as starts of windows.

    Maximises ``(mean after - mean before)^2 / (s^2 (1/n_after + 1/n_before))`` over up to 400 splits; splits
    within 6 of the best are plausible (as for findings).

    Parameters
    ----------
    times_ms
        Unix milliseconds, ascending, shape ``(n,)``.
    values
        What changed, shape ``(n,)``.

    Returns
    -------
    ChangeTime or None
        ``None`` for fewer than 4 rows or values that do not differ.

    Examples
    --------
    >>> found = change_time(np.arange(8) * 60_000, np.array([0.0, 0.1, 0, 0.1, 5, 5.1, 5, 5.1]), 60)
    >>> found.start.minute
    4
    """
    n = len(values)
    if n < 4 or np.ptp(values) == 0:
        return None
    after_from = np.unique(np.linspace(1, n - 1, min(BLOCKS, n - 1)).astype(np.intp))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    before, after = after_from, n - after_from
    means_before = sums[after_from] / before
    means_after = (sums[-1] - sums[after_from]) / after
    gained = (means_after - means_before) ** 2 / (1 / before + 1 / after)
    best = int(np.argmax(gained))
    # Spread within both parts of the best split: the whole series has the change in it.
    cut = after_from[best]
    spread = (values[:cut].var() * cut + values[cut:].var() * (n - cut)) / n
    plausible = gained >= gained[best] - PLAUSIBLE_WITHIN * spread
    places = after_from[plausible]
    return ChangeTime(
        *(_window(int(times_ms[place]), window_seconds) for place in (cut, places[0], places[-1]))
    )


def _window(moment_ms: int, window_seconds: int) -> datetime:
    width = 1000 * window_seconds
    return datetime.fromtimestamp(moment_ms // width * width / 1000, UTC)
