"""When a change has gone: the rule that closes what the scan has opened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.deviation import share, standardised
from detectors.evidence.pooling import REACH
from detectors.evidence.score_set import Vector

LEAST_WINDOWS = 3
PRECISION = 8.0
"""The mean over the closing windows is known to one part in so many of the effect."""

MEDIAN_OF_SQUARE = 0.4549

WITHIN = 3.0
"""A recovered mean lies within so many standard errors of the baseline."""


def closing_windows(effect: Vector, window_rows: Vector) -> NDArray[np.intp]:
    """Windows over which an effect has to have gone: ``max(3, (8/|effect|)^2 / n)``, at most ``REACH``.

    ``window_rows`` are the independent rows that one window is worth; broadcasts.

    Source: reference procedure "evidence", step 7.

    >>> closing_windows(np.array([0.5, 0.1]), np.array(1000.0)).tolist()
    [3, 7]
    """
    with np.errstate(divide="ignore"):
        needed = (PRECISION / np.abs(effect)) ** 2 / np.maximum(window_rows, 1e-9)
    return np.clip(np.ceil(np.minimum(needed, REACH)), LEAST_WINDOWS, REACH).astype(np.intp)


def has_gone(effect_then: Vector, effect_now: Vector, standard_error: Vector) -> NDArray[np.bool_]:
    """Whether the closing windows lie below half the effect and within three standard errors; broadcasts.

    An effect that changed its sign has not gone while it is large.
    """
    small = np.abs(effect_now) < np.abs(effect_then) / 2
    return np.asarray(small & (np.abs(effect_now) < WITHIN * standard_error) & np.isfinite(effect_then))


def usual_design(
    differences: Vector, present: NDArray[np.bool_], targets: NDArray[np.intp], score: NDArray[np.intp]
) -> Vector:
    """Design effect of windows from the usual difference of neighbours, which a few jumps do not change.

    The median of the squared differences over what independent rows would give, over .4549 (the median of
    chi-square with 1 degree of freedom), at least 1: the mean would hold the change itself, its jump up and
    its jump down.

    Parameters
    ----------
    differences
        Of successive windows, see :func:`detectors.evidence.pooling.squared_differences`, shape ``(V, S)``.
    present
        Windows with rows, shape ``(V, S)``.
    targets, score
        First of the ``REACH`` windows in reach, and the score, of each answer, shape ``(C,)``.
    """
    windows = targets[:, None] + np.arange(REACH)
    seen = present[windows, score[:, None]]
    # The first window in reach differs from one that is out of reach.
    seen &= np.cumsum(seen, axis=1) > 1
    found = np.where(seen, differences[windows, score[:, None]], np.nan)
    found[:, 0] = np.where(seen.any(axis=1), np.nan, 0.0)
    return np.maximum(1.0, np.nanmedian(found, axis=1) / MEDIAN_OF_SQUARE)


def recovered_over(
    shift: Vector,
    rows: Vector,
    *,
    base: float,
    variance: float,
    is_share: bool,
    baseline_rows: float,
    effect: float,
    min_rows: float = 1.0,
) -> int | None:
    """Windows over which an earlier effect of one score has gone, or ``None`` while it lasts.

    Rows are taken as independent.

    Parameters
    ----------
    shift, rows
        Means of the score less the baseline's and effective rows of successive windows, shape ``(T,)``.
    base, variance, is_share
        The score's baseline mean, variance of a row, and law.
    baseline_rows
        Effective rows of the baseline.
    effect
        Effect at the alarm, in the score's standard unit; 0 or NaN when there was none.
    min_rows
        Effective rows that the last windows need on average.
    """
    if shift.size == 0 or not np.isfinite(effect) or effect == 0:
        return None
    over = int(closing_windows(np.array(effect), np.array(rows.mean())))
    if shift.size < over or rows[-over:].mean() < min_rows:
        return None
    n = rows[-over:].sum()
    moved = np.array(rows[-over:] @ shift[-over:] / n)
    spread = np.array(np.sqrt(1 / n + 1 / baseline_rows))
    if is_share:
        now, _ = share(np.array(base), moved, np.array(baseline_rows), n, spread)
    else:
        now, _ = standardised(moved, np.array(variance), spread)
    return over if has_gone(np.array(effect), now, spread) else None
