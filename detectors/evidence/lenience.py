"""Evidence against a stream that wanders: that of the most lenient model its history leaves plausible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.deviation import deflated
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import Pools
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.wander import MODELS, mean_variance
from detectors.evidence.yardstick import Yardstick


def under_wander(
    scores: ScoreSet,
    noise: Noise,
    pools: Pools,
    yardstick: Yardstick,
    spread: Vector,
    squared: Vector,
    evidence: Vector,
    line: Vector,
) -> None:
    """Take the evidence of wandering scores to that of the most lenient of their models, where it matters.

    ``r^2 = min over models of nu ln(1 + x_m^2 / nu) + penalty_m``; evidence below ``line``, shape ``(F, S)``,
    decides nothing and is left alone.
    """
    if not noise.wanders:
        return
    wanders = _Stacked.of(noise, scores.size)
    over = evidence[wanders.fields] >= line[wanders.fields, None, None]
    over &= wanders.used[:, None, None]
    w, t, length, s = np.nonzero(over)
    f = wanders.fields[w]
    at = f, t, length, s
    v = scores.variance[f, s]
    over_white = v / (yardstick.current[at] * np.maximum(noise.white[f, s], 1e-30))
    windows = 1 / np.maximum(pools.fraction[at], 1e-9)
    freedom = np.broadcast_to(yardstick.freedom, squared.shape)[at]
    reference = 1 / np.broadcast_to(yardstick.reference, squared.shape)[at]
    difference = squared[at] * np.broadcast_to(spread, squared.shape)[at] ** 2
    history = noise.history[f].astype(np.float64)
    lenient = np.full(f.size, np.inf)
    for m in range(wanders.models.shape[-1]):
        some = np.flatnonzero(np.isfinite(wanders.penalty[w, s, m]))
        here = w[some], s[some], m
        phi, ratio = MODELS[wanders.models[here]].T
        sigma = wanders.variance[here] / v[some]
        now = sigma * (over_white[some] + ratio * mean_variance(phi, windows[some]))
        then = sigma * (1 / history[some] + ratio * mean_variance(phi, history[some]))
        x = difference[some] / np.maximum(now + np.maximum(then, reference[some]), 1e-300)
        x = deflated(x, freedom[some]) + wanders.penalty[here]
        lenient[some] = np.minimum(lenient[some], x)
    evidence[at] = np.sqrt(lenient)


@dataclass(frozen=True, slots=True)
class _Stacked:
    """The wander of several fields as arrays of shape ``(W, S, M)``; ``used`` is ``(W, S)``."""

    fields: NDArray[np.intp]
    models: NDArray[np.intp]
    variance: Vector
    penalty: Vector
    used: NDArray[np.bool_]

    @classmethod
    def of(cls, noise: Noise, scores: int) -> _Stacked:
        """Stack them; models that a field does not have get an infinite penalty."""
        fields = np.array(sorted(noise.wanders), dtype=np.intp)
        some = [noise.wanders[field] for field in fields.tolist()]
        shape = fields.size, scores, max(one.models.shape[1] for one in some)
        models, variance = np.zeros(shape, dtype=np.intp), np.zeros(shape)
        penalty, used = np.full(shape, np.inf), np.zeros(shape[:2], dtype=bool)
        for at, one in enumerate(some):
            size = one.models.shape[1]
            models[at, :, :size], variance[at, :, :size] = one.models, one.variance
            penalty[at, :, :size], used[at] = one.penalty, one.used
        return cls(fields, models, variance, penalty, used)
