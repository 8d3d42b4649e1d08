"""Sums over the last L windows at every scale, and what the windows before them say about noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.noise import Noise
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.series import ScoreSeries

SCALES = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 120, 168)
Number = TypeVar("Number", bound=np.generic)
_SCALES = np.array(SCALES)
REACH = max(SCALES)
"""No evidence is older than so many windows."""


@dataclass(frozen=True, slots=True)
class Pools:
    """The last L windows before and with each of T targets; arrays of shape ``(F, T, L, S)``.

    Attributes
    ----------
    rows
        Effective rows pooled: those with a value, or for *missing* all.
    fraction
        ``sum n_t^2 / N^2`` over the pooled windows; one over their number when they are of one size.
    shift
        Mean of the score less what is predicted for these windows; 0 without rows.
    predicted
        What is predicted (the season's course) less the baseline's mean; ``None`` without a season.
    """

    rows: Vector
    fraction: Vector
    shift: Vector
    predicted: Vector | None


@dataclass(frozen=True, slots=True)
class Learned:
    """Squared differences of successive windows before the pooled ones, over what rows alone would give.

    Attributes
    ----------
    total
        Their sum, shape ``(F, T, L, S)``.
    count
        How many there are, shape ``(F, T, L, S)``.
    typical_rows
        Mean rows of a window in reach of the target, shape ``(F, T, 1, S)``.
    """

    total: Vector
    count: Vector
    typical_rows: Vector


def view(series: ScoreSeries, targets: int) -> ScoreSeries:
    """The targets, the last windows of a series, with exactly ``REACH - 1`` windows before the first.

    Windows that are not there have no rows.
    """
    wanted = REACH - 1 + targets
    short = wanted - series.windows
    if short <= 0:
        return series.span(series.windows - wanted, series.windows)
    rows = np.pad(series.rows, ((0, 0), (short, 0)))
    means = np.pad(series.means, ((0, 0), (short, 0), (0, 0)))
    return ScoreSeries(series.first - short, rows, means)


def rows_of_scores(scores: ScoreSet, series: ScoreSeries) -> NDArray[np.float32]:
    """Rows that scores are means over, shape ``(F, V, 2)``: all, for *missing*; those with a value."""
    absent = np.clip(series.means[..., 0] + scores.base[:, None, 0].astype(np.float32), 0, 1)
    present = series.rows * (1 - absent)
    # Less than one effective row with a value says nothing about it.
    return np.stack([series.rows, np.where(present >= 1, present, np.float32(0))], axis=-1)


def expanded(by_rows: NDArray[Number], scores: int) -> NDArray[Number]:
    """From all rows and those with a value, shape ``(..., 2)``, to every score, ``(..., S)``."""
    return np.take(by_rows, np.minimum(np.arange(scores), 1), axis=-1)


def predicted_course(noise: Noise, series: ScoreSeries) -> NDArray[np.float32] | None:
    """What is expected of windows less the baseline's mean, shape ``(F, V, S)``; ``None`` for nothing."""
    if not noise.seasons:
        return None
    course = np.zeros(series.means.shape, dtype=np.float32)
    windows = np.arange(series.first, series.first + series.windows, dtype=np.int64)
    for field, season in noise.seasons.items():
        course[field] = noise.level[field] + season.course(windows, noise.window_seconds)
    return course


def pooled(
    rows: NDArray[np.float32],
    means: NDArray[np.float32],
    course: NDArray[np.float32] | None,
    targets: int,
) -> Pools:
    """Pool windows at every scale; rows have shape ``(F, REACH - 1 + T, 2)``, the others a last axis of S."""
    size = means.shape[-1]
    n = _suffix_sums(rows, targets)
    per_row = 1 / np.where(n > 0, n, 1.0)
    fraction = _suffix_sums(rows * rows, targets) * per_row**2
    every = expanded(per_row, size)
    shift = _suffix_sums(_times(rows, means if course is None else means - course), targets)
    shift *= every
    predicted = None if course is None else _suffix_sums(_times(rows, course), targets) * every
    return Pools(expanded(n, size), expanded(fraction, size), shift, predicted)


def squared_differences(
    rows: NDArray[np.float32],
    means: NDArray[np.float32],
    base: Vector,
    variance: Vector,
    is_share: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """``(s_t - s_u)^2 / (v/n_t + v/n_u)``, u the last window with rows before t; 0 where there is none.

    Shapes as for :func:`pooled`; base and variance ``(F, S)``. The variance of a row of a share is that of
    the share in both windows, but not below the baseline's: a share that has grown is rightly more restless.
    """
    found = np.zeros(means.shape, dtype=np.float32)
    if rows.shape[1] < 2:
        return found
    present = rows > 0
    if present.all():
        inverse = 1 / rows
        weight = 1 / (inverse[:, 1:] + inverse[:, :-1])
        before = means[:, :-1]
    else:
        last = np.maximum.accumulate(np.where(present, np.arange(rows.shape[1])[:, None], -1), axis=1)[:, :-1]
        usable = present[:, 1:] & (last >= 0)
        last = np.maximum(last, 0)
        inverse = 1 / np.where(present, rows, 1)
        weight = np.where(usable, 1 / (inverse[:, 1:] + np.take_along_axis(inverse, last, axis=1)), 0)
        before = np.empty_like(means[:, 1:])
        before[..., :1] = np.take_along_axis(means[..., :1], last[..., :1], axis=1)
        before[..., 1:] = np.take_along_axis(means[..., 1:], last[..., 1:], axis=1)
    difference = means[:, 1:] - before
    difference *= difference
    share = means[:, 1:] + before
    share *= np.float32(0.5)
    share += base.astype(np.float32)[:, None]
    # p (1 - p) where p is a share, else 0, so that the baseline's variance stands.
    share *= (1 - share) * is_share.astype(np.float32)
    np.maximum(share, np.maximum(variance, 1e-30).astype(np.float32)[:, None], out=share)
    difference /= share
    found[:, 1:] = _times(weight.astype(np.float32), difference)
    return found


def learned(rows: NDArray[np.float32], differences: NDArray[np.float32], targets: int) -> Learned:
    """What the differences between windows in reach, but before the pooled ones, amount to.

    A pooled window must not enter its own yardstick: a sudden jump would hide itself.
    """
    size = differences.shape[-1]
    present = (rows > 0).astype(np.float32)
    total, counted = _suffix_sums(differences, targets), _suffix_sums(present, targets)
    # The first window in reach has no difference: what it is compared with lies out of reach.
    first = expanded(_first_present(present, targets), size)
    at_first = np.take_along_axis(differences, np.minimum(first, rows.shape[1] - 1), axis=1)
    everything = counted[:, :, -1:]
    count = expanded(np.maximum(everything - counted - 1, 0), size)
    typical = _suffix_sums(rows, targets)[:, :, -1:] / np.maximum(everything, 1)
    before = total[:, :, -1:] - total
    before -= at_first[:, :, None]
    return Learned(np.where(count > 0, np.maximum(before, 0), 0), count, expanded(typical, size))


def _times(rows: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every score times the rows it is a mean over."""
    product = np.empty(means.shape, dtype=np.float32)
    np.multiply(means[..., :1], rows[..., :1], out=product[..., :1])
    np.multiply(means[..., 1:], rows[..., 1:], out=product[..., 1:])
    return product


def _first_present(present: NDArray[np.float32], targets: int) -> NDArray[np.intp]:
    """Index of the first window with rows in reach of every target, shape ``(F, T, 2)``."""
    size = present.shape[1]
    index = np.where(present > 0, np.arange(size)[:, None], size)
    following = np.minimum.accumulate(index[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(following[:, :targets])


def _suffix_sums(x: NDArray[np.float32], targets: int) -> Vector:
    """Sums over the last L windows up to each of the last ``targets`` ones, shape ``(F, T, L, S)``."""
    size = x.shape[1]
    if targets == 1:
        blocks = np.add.reduceat(x, size - _SCALES[::-1], axis=1, dtype=np.float64)
        return np.asarray(np.cumsum(blocks[:, ::-1], axis=1)[:, None])
    sums = np.zeros((x.shape[0], size + 1, x.shape[2]))
    np.cumsum(x, axis=1, dtype=np.float64, out=sums[:, 1:])
    ends = np.arange(size - targets + 1, size + 1)
    return np.asarray(sums[:, ends][:, :, None] - sums[:, ends[:, None] - _SCALES])
