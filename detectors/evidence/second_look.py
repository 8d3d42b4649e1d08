"""Neighbouring windows that go together: a second look at what noise that is learned live calls evidence.

The differences of neighbours say how much windows differ only when these are independent. Where bursts or
clients reach from one window into the next, the differences are too small and the mean of several windows is
less certain than they say. Before evidence becomes an alarm, the windows before those it stands on are asked
for such a memory, by Whittle's likelihood on a grid of white noise plus an AR(1) level of a few windows, and
for clumps, by their kurtosis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.deviation import deflated
from detectors.evidence.pooling import REACH, SCALES, Pools, expanded
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.series import ScoreSeries
from detectors.evidence.wander import MODELS, WHITE, mean_variance, spectra
from detectors.evidence.yardstick import (
    Yardstick,
    expected_events,
    heavy_tail,
    kurtosis_factor,
    observed_kurtosis,
    with_tail,
)

SHORT = np.flatnonzero(
    ((MODELS[:, 0] <= 0.8) & (MODELS[:, 1] >= 0.1) & (MODELS[:, 1] <= 10.0)) | (MODELS[:, 1] == 0)
)
"""Models whose level lasts a few windows only; longer ones cannot be told from the change that is sought."""

LEAST_WINDOWS = 24
OWN_GAIN, FIELD_GAIN = 2.0, 1.0
"""Gain in log-likelihood over white noise from which a memory counts: a score's own, or the field's mean."""


def second_look(
    scores: ScoreSet,
    series: ScoreSeries,
    rows: NDArray[np.float32],
    pools: Pools,
    yardstick: Yardstick,
    difference: Vector,
    evidence: Vector,
    line: Vector,
    fields: NDArray[np.intp],
) -> None:
    """Lower the evidence of fields whose noise is learned live for the memory that their windows show.

    Parameters
    ----------
    rows
        As :func:`detectors.evidence.pooling.rows_of_scores` has it.
    difference
        Squared deviation times squared spread, shape ``(F, T, L, S)``.
    evidence
        Is changed in place where it reaches ``line``, shape ``(F, S)``.
    fields
        The fields whose noise is learned live.
    """
    over = evidence[fields] >= line[fields, None, None]
    relative = np.where(over, evidence[fields] / line[fields, None, None], 0.0).max(-1)
    at, target = np.nonzero(relative.max(-1) > 0)
    strongest = relative[at, target].argmax(-1)
    for scale in np.unique(strongest).tolist():
        which = strongest == scale
        _look_again(
            scores, series, rows, pools, yardstick, difference, evidence, line, fields[at[which]],
            target[which], SCALES[scale],
        )  # fmt: skip


def _look_again(
    scores: ScoreSet,
    series: ScoreSeries,
    rows: NDArray[np.float32],
    pools: Pools,
    yardstick: Yardstick,
    difference: Vector,
    evidence: Vector,
    line: Vector,
    field: NDArray[np.intp],
    target: NDArray[np.intp],
    scale: int,
) -> None:
    """The second look at fields in targets whose evidence stands on the last ``scale`` windows."""
    span = REACH - scale
    if span < LEAST_WINDOWS:
        return
    windows = target[:, None] + np.arange(span)
    n = expanded(rows[field[:, None], windows], scores.size).astype(np.float64)
    seen = n > 0
    count = np.maximum(seen.sum(axis=1), 1)
    values = np.where(seen, series.means[field[:, None], windows], 0.0).astype(np.float64)
    values = np.where(seen, values - (values.sum(axis=1) / count)[:, None], 0.0)
    typical = n.sum(axis=1) / count
    power = np.abs(np.fft.rfft(values, axis=1)[:, 1 : (span + 1) // 2]) ** 2 / count[:, None]
    density = spectra(np.arange(1, power.shape[1] + 1) / span)[SHORT]
    ordinates = density.shape[1]
    sigma = np.einsum("cjs,mj->csm", power, 1 / density) / ordinates
    likelihood = -(ordinates * np.log(np.maximum(sigma, 1e-300)) + np.log(density).sum(-1))
    events, countable = expected_events(scores.select(field), typical[:, None, None])
    usable = countable[:, 0, 0] & scores.live[field] & (count >= LEAST_WINDOWS) & (sigma[..., WHITE] > 0)
    gain = np.where(usable, likelihood.max(-1) - likelihood[..., WHITE], 0.0)
    common = gain.sum(-1) / np.maximum(usable.sum(-1), 1) > FIELD_GAIN
    used = usable & ((gain > OWN_GAIN) | common[:, None])
    c, s = np.nonzero((evidence[field, target] >= line[field, None]).any(1))
    where, over = (field[c], target[c], slice(None), s), line[field[c], s][:, None]
    reference = np.broadcast_to(yardstick.reference, evidence.shape)[where]
    current = yardstick.current[where]
    design = np.maximum(pools.rows[where] / current, 1.0)
    # In proportion to rows, so that windows of different sizes are of one variance.
    observed = observed_kurtosis(values**2 * n / np.maximum(typical, 1e-9)[:, None], seen)
    factor = kurtosis_factor(
        events[:, 0, 0][c, s][:, None], countable[:, 0, 0][c, s][:, None], design, observed[c, s][:, None]
    )
    freedom = np.minimum(
        np.broadcast_to(yardstick.freedom, evidence.shape)[where], 2 * count[c, s][:, None] / 3 * factor
    )
    tail = heavy_tail(
        observed[c, s], events[:, 0, 0][c, s], countable[:, 0, 0][c, s], design.min(-1), count[c, s]
    )
    freedom = with_tail(freedom, tail[:, None], pools.fraction[where])
    lenient = deflated(difference[where] / (1 / current + 1 / reference), freedom)
    remember = np.flatnonzero(used[c, s])
    if remember.size:
        c, s = c[remember], s[remember]
        some = field[c], target[c], slice(None), s
        v = scores.variance[field[c], s][:, None]
        size = typical[c, s][:, None]
        per_row = size / np.maximum(pools.rows[some], 1e-9)
        lengths = 1 / np.maximum(pools.fraction[some], 1e-9)
        best = likelihood.max(-1)
        for m, (phi, ratio) in enumerate(MODELS[SHORT]):
            own = np.maximum(sigma[c, s, m][:, None], v / size / (1 + ratio)) / v
            spread = own * (per_row + ratio * mean_variance(np.array(phi), lengths)) + 1 / reference[remember]
            x = deflated(difference[some] / spread, freedom[remember])
            x += 2 * (best - likelihood[..., m])[c, s][:, None]
            lenient[remember] = np.minimum(lenient[remember], x)
    before = evidence[where]
    again = np.minimum(before, np.sqrt(lenient))
    evidence[where] = np.where(before >= over, again, before)
