"""When a change began: the split of the recent windows that explains them best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.pooling import REACH
from detectors.evidence.score_set import Vector

PLAUSIBLE_WITHIN = 6.0
"""A first window is plausible when its statistic lies at most so far below the greatest."""


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """Windows before the current one at which changes began, shape ``(C,)``; 0: in the current window."""

    start: NDArray[np.intp]
    earliest: NDArray[np.intp]
    latest: NDArray[np.intp]


def change_points(
    rows: Vector, shift: Vector, since: NDArray[np.intp], reference_rows: Vector, row_variance: Vector
) -> ChangePoints:
    """Where C series of windows split best into before and after.

    Parameters
    ----------
    rows, shift
        Rows of the last windows and their score means less what is expected, shape ``(C, REACH)``, the
        current window last.
    since
        Windows that count, with the current one: those since the evidence floor, at least 1; ``(C,)``.
    reference_rows
        Rows that the baseline is worth, shape ``(C,)``.
    row_variance
        Variance of one row, design effect included, shape ``(C,)``.

    Notes
    -----
    Maximises ``(mean of the last L - mean before)^2 / (1/n_L + 1/(N_b + n_before))``, where *before* pools
    the baseline and the live windows before the last L. O(REACH) each.

    Source: reference procedure "evidence", step 6.
    """
    backwards = np.arange(REACH)
    counted = backwards < since[:, None]
    n = np.where(counted, rows[:, ::-1], 0.0)
    sums = np.cumsum(n * shift[:, ::-1], axis=1)
    after = np.cumsum(n, axis=1)
    before = reference_rows[:, None] + after[:, -1:] - after
    possible = counted & (n > 0)
    safe = np.where(after > 0, after, 1.0)
    difference = sums / safe - (sums[:, -1:] - sums) / before
    statistic = difference**2 / (1 / safe + 1 / before) / row_variance[:, None]
    statistic = np.where(possible, statistic, -np.inf)
    best = np.argmax(statistic, axis=1)
    plausible = statistic >= statistic[np.arange(best.size), best][:, None] - PLAUSIBLE_WITHIN
    plausible &= possible
    latest = np.argmax(plausible, axis=1)
    earliest = REACH - 1 - np.argmax(plausible[:, ::-1], axis=1)
    some = plausible.any(axis=1)
    return ChangePoints(best, np.where(some, earliest, best), np.where(some, latest, best))
