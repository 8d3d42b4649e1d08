"""The scan: is the recent past of each field different from its baseline, at any scale?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.evidence.deviation import deflated, share, standardised
from detectors.evidence.lenience import under_wander
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import (
    REACH,
    SCALES,
    Pools,
    learned,
    pooled,
    predicted_course,
    rows_of_scores,
    squared_differences,
    view,
)
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.second_look import second_look
from detectors.evidence.series import ScoreSeries
from detectors.evidence.tilting import mean_deviance
from detectors.evidence.wander import MODELS, mean_variance
from detectors.evidence.yardstick import BASELINE_ROWS_CAP, Yardstick, history_yardstick, live_yardstick

_SCALES = np.array(SCALES)
ELEMENTS = 150000
"""Elements of an array ``(F, T, L, S)`` above which fields are scanned in batches."""

CLOSER_LOOK = 0.7
"""Share of the threshold from which what is costly is computed: large deviations, wander, memory."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The strongest deviation of every score in every target window; arrays of shape ``(F, T, S)``.

    Attributes
    ----------
    evidence
        Absolute deviation in standard deviations, deflated for what is not known about the noise.
    effect
        Signed size: standard deviations for a standardised mean, Cohen's h for a share.
    scale
        Windows pooled.
    standard_error
        Of the effect, in its unit.
    freedom
        Degrees of freedom of the noise.
    window_rows
        Independent rows that the target window alone is worth.
    reference_rows
        Independent rows that the baseline is worth beside one window.
    """

    evidence: Vector
    effect: Vector
    scale: NDArray[np.intp]
    standard_error: Vector
    freedom: Vector
    window_rows: Vector
    reference_rows: Vector

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> Scan:
        """To be filled in."""
        evidence, effect, error, freedom, rows, reference = np.zeros((6, *shape))
        return cls(evidence, effect, np.zeros(shape, dtype=np.intp), error, freedom, rows, reference)


def scan(
    scores: ScoreSet,
    noise: Noise,
    series: ScoreSeries,
    thresholds: Vector,
    tolerances: Vector,
    floor: NDArray[np.int64],
    targets: int = 1,
    independent: bool = False,
) -> Scan:
    """Scan the last ``targets`` windows of a series, each over every scale.

    Parameters
    ----------
    thresholds
        Evidence that each score needs, shape ``(F, S)``: only near it is costly precision bought, and of
        the scales that reach it one with an effect above tolerance is preferred.
    tolerances
        Smallest effects that count, shape ``(F,)``.
    floor
        Window number that evidence counts from, shape ``(F, S)``.
    targets
        How many windows, at the end of the series, are decided; those before them are only pooled.
    independent
        Trust that rows are independent draws, as a single comparison of two files has to.
    """
    found = Scan.empty((scores.fields, targets, scores.size))
    seen = view(series, targets)
    step = max(1, ELEMENTS // (max(targets, 3) * len(SCALES) * scores.size))
    for start in range(0, scores.fields, step):
        part = slice(start, start + step)
        _scan_batch(
            scores.select(part),
            noise.select(part),
            seen.select(part),
            thresholds[part],
            tolerances[part],
            floor[part],
            targets,
            independent,
            part,
            found,
        )
    return found


def _scan_batch(
    scores: ScoreSet,
    noise: Noise,
    series: ScoreSeries,
    thresholds: Vector,
    tolerances: Vector,
    floor: NDArray[np.int64],
    targets: int,
    independent: bool,
    part: slice,
    found: Scan,
) -> None:
    rows = rows_of_scores(scores, series)
    course = predicted_course(noise, series)
    pools = pooled(rows, series.means, course, targets)
    yardstick = _yardstick(scores, noise, pools, rows, series, targets, independent)
    spread = yardstick.spread
    effect, squared = _deviations(scores, noise, pools, yardstick, spread)
    window = series.first + series.windows - targets + np.arange(targets)
    allowed = window[:, None, None] - _SCALES[:, None] + 1 >= floor[:, None, None, :]
    # What happens over longer times than the history is unknown.
    reach = np.where(noise.history > 0, noise.history, REACH)
    allowed &= (reach[:, None] >= _SCALES)[:, None, :, None]
    usable = allowed & (pools.rows > 0) & scores.live[:, None, None]
    evidence = np.where(usable, np.sqrt(deflated(squared, yardstick.freedom)), 0.0)
    line = CLOSER_LOOK * thresholds
    under_wander(scores, noise, pools, yardstick, spread, squared, evidence, line)
    live = np.flatnonzero(noise.history == 0)
    if live.size and not independent:
        second_look(scores, series, rows, pools, yardstick, squared * spread**2, evidence, line, live)
    _cap(scores, pools, yardstick, spread, squared, evidence, thresholds, usable)
    alarms = evidence >= thresholds[:, None, None]
    alarms &= np.abs(effect) >= tolerances[:, None, None, None]
    best = np.argmax(evidence + 1e3 * alarms, axis=2)[:, :, None]

    def at(values: Vector) -> Vector:
        return np.take_along_axis(np.broadcast_to(values, evidence.shape), best, axis=2)[:, :, 0]

    found.evidence[part] = at(evidence)
    found.effect[part] = at(np.where(usable, effect, 0.0))
    found.scale[part] = _SCALES[best[:, :, 0]]
    found.standard_error[part] = at(spread)
    found.freedom[part] = at(yardstick.freedom)
    found.window_rows[part] = yardstick.current[:, :, 0]
    found.reference_rows[part] = np.broadcast_to(yardstick.reference, spread.shape)[:, :, 0]


def _yardstick(
    scores: ScoreSet,
    noise: Noise,
    pools: Pools,
    rows: NDArray[np.float32],
    series: ScoreSeries,
    targets: int,
    independent: bool,
) -> Yardstick:
    """The noise model of every field: its history's, or what is learned live."""
    if independent:
        present = np.where(scores.change == 1, 1.0, 1 - scores.base[:, :1])
        known = np.minimum(scores.rows[:, None] * present, BASELINE_ROWS_CAP)[:, None, None]
        return Yardstick(np.maximum(pools.rows, 1e-9), known, np.full(1, np.inf))
    live = np.flatnonzero(noise.history == 0)
    if live.size == 0:
        return history_yardstick(scores, noise, pools.rows, pools.fraction, _SCALES)
    mine = scores.select(live)
    differences = squared_differences(rows[live], series.means[live], mine.base, mine.variance, mine.is_share)
    now = live_yardstick(mine, pools.rows[live], learned(rows[live], differences, targets))
    if live.size == scores.fields:
        return now
    both = history_yardstick(scores, noise, pools.rows, pools.fraction, _SCALES)
    merged = Yardstick(
        *(np.array(np.broadcast_to(values, pools.rows.shape)) for values in
          (both.current, both.reference, both.freedom))
    )  # fmt: skip
    merged.current[live], merged.reference[live], merged.freedom[live] = (
        now.current,
        now.reference,
        now.freedom,
    )
    return merged


def _deviations(
    scores: ScoreSet, noise: Noise, pools: Pools, yardstick: Yardstick, spread: Vector
) -> tuple[Vector, Vector]:
    """Effect and squared deviation of all pooled means."""
    effect, squared = np.empty(pools.shift.shape), np.empty(pools.shift.shape)
    for shares in (False, True):
        which = np.flatnonzero(scores.is_share == shares)
        if which.size == 0:
            continue
        shift = pools.shift[..., which]
        if not shares:
            variance = scores.variance[:, None, None, which]
            found = standardised(shift, variance, spread[..., which])
        else:
            base = scores.base[:, None, None, which]
            p0 = base
            if pools.predicted is not None:
                # A season may take a share down to nothing; half the baseline's keeps it a share.
                p0 = np.clip(base + pools.predicted[..., which], base / 2, (1 + base) / 2)
            found = share(
                p0,
                shift,
                np.broadcast_to(yardstick.reference, spread.shape)[..., which],
                yardstick.current[..., which],
                spread[..., which],
            )
        effect[..., which], squared[..., which] = found
    return effect, squared


def _cap(
    scores: ScoreSet,
    pools: Pools,
    yardstick: Yardstick,
    spread: Vector,
    squared: Vector,
    evidence: Vector,
    thresholds: Vector,
    usable: NDArray[np.bool_],
) -> None:
    """Take the evidence of standardised means down to what large deviations allow, strongest scale first.

    Scales that stay below the strongest one are left alone: they decide nothing.
    """
    which = np.flatnonzero(~scores.is_share)
    line = np.maximum(CLOSER_LOOK * thresholds[:, which], 2.0)[:, None]
    open_scales = usable[..., which].copy()
    reference = np.broadcast_to(yardstick.reference, spread.shape)
    settled = np.zeros(evidence[:, :, 0][..., which].shape)
    for _ in range(evidence.shape[2]):
        waiting = np.where(open_scales, evidence[..., which], 0.0)
        scale = np.argmax(waiting, axis=2)
        top = np.take_along_axis(waiting, scale[:, :, None], axis=2)[:, :, 0]
        f, t, s = np.nonzero((top > settled) & (top >= line))
        if f.size == 0:
            return
        at = f, t, scale[f, t, s], which[s]
        bound = mean_deviance(
            scores.weights[f, which[s]].astype(np.float64),
            scores.shares[f],
            pools.shift[at],
            reference[at],
            yardstick.current[at],
        )
        ratio = np.minimum(1.0, bound / np.maximum(squared[at], 1e-300))
        evidence[at] *= np.sqrt(ratio)
        open_scales[f, t, scale[f, t, s], s] = False
        settled[f, t, s] = np.maximum(settled[f, t, s], evidence[at])


def standing_error(
    scores: ScoreSet, noise: Noise, rows: ArrayLike, scales: ArrayLike
) -> tuple[Vector, Vector]:
    """Standard errors of effects over windows of equal size, and degrees of freedom, ``(F, L, S)`` each.

    For fields whose noise is learned live nothing is known beforehand: 0 degrees of freedom.
    """
    lengths = np.asarray(scales, dtype=np.float64)
    sizes = np.broadcast_to(np.asarray(rows, dtype=np.float64), (scores.fields,))
    present = np.where(scores.change == 1, 1.0, 1 - scores.base[:, :1])
    n = (sizes[:, None] * present)[:, None, None] * lengths[:, None]
    fraction = np.broadcast_to(1 / lengths[:, None], n.shape)
    yardstick = history_yardstick(scores, noise, n, fraction, lengths)
    squared = np.array(np.broadcast_to(yardstick.spread**2, n.shape))
    for field, wander in noise.wanders.items():
        best = np.argmin(wander.penalty, axis=-1)
        phi, ratio = MODELS[wander.models[np.arange(scores.size), best]].T
        sigma = wander.variance[np.arange(scores.size), best] * ratio / scores.variance[field]
        level = sigma * (mean_variance(phi, lengths[:, None]) + mean_variance(phi, noise.history[field]))
        squared[field, 0] += np.where(wander.used, level, 0.0)
    known = (noise.history > 0)[:, None, None]
    error = np.where(known, np.sqrt(squared[:, 0]), np.inf)
    return error, np.where(known, np.broadcast_to(yardstick.freedom, n.shape)[:, 0], 0.0)
