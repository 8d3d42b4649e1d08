"""Streams of counts for the tests of the evidence: a normal field whose mean moves, drawn bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from detectors.evidence.contamination import LeftOut, clean_windows
from detectors.evidence.history import learn
from detectors.evidence.judge import Judge
from detectors.evidence.noise import Noise
from detectors.evidence.score_set import ScoreSet
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries
from detectors.profiles.layout import MISSING_AT, WIDTH, numeric_layout

Vector = NDArray[np.float64]

QUANTILES = tuple(float(x) for x in np.linspace(-1.9, 1.9, 25))
LAYOUT = numeric_layout(-3.9, 3.9, QUANTILES, 1.0)
HOUR = 3600
MONDAY = 96 + 168 * 2900
"""Number of an hourly window that begins on a Monday 00:00 UTC."""

ALPHA = 0.005 / 25
"""Month budget of one of 25 fields at default settings."""


def drawn(
    rng: np.random.Generator, mean: ArrayLike, rows: ArrayLike = 1000, missing: ArrayLike = 0.0
) -> Vector:
    """Counts of windows of a normal field with standard deviation 1; shape of ``mean`` and ``WIDTH``."""
    mean = np.asarray(mean, dtype=np.float64)
    below = ndtr(np.array(LAYOUT.edges) - mean[..., None])
    ends = np.concatenate([np.zeros((*mean.shape, 1)), below, np.ones((*mean.shape, 1))], axis=-1)
    gone = np.broadcast_to(np.asarray(missing, dtype=np.float64), mean.shape)[..., None]
    p = np.concatenate([np.diff(ends, axis=-1) * (1 - gone), gone], axis=-1)
    counts = rng.multinomial(np.broadcast_to(np.asarray(rows), mean.shape), p)
    wide = np.zeros((*mean.shape, WIDTH))
    wide[..., : counts.shape[-1] - 1] = counts[..., :-1]
    wide[..., MISSING_AT] = counts[..., -1]
    return wide


@dataclass(frozen=True)
class Learnt:
    """Baselines with a history, and what was learned from it."""

    scores: ScoreSet
    noise: Noise
    left_out: LeftOut
    end: int

    def judge(self, tolerance: float = 0.05) -> Judge:
        return Judge(
            self.scores,
            self.noise,
            alphas=ALPHA,
            window_seconds=HOUR,
            tolerances=tolerance,
            min_samples=100,
        )

    def series(self, counts: Vector) -> ScoreSeries:
        """The windows after the history."""
        return ScoreSeries.of_counts(self.scores, counts, counts.sum(-1), self.end)


def learnt(counts: Vector, holidays: NDArray[np.bool_] | None = None, window_seconds: int = HOUR) -> Learnt:
    """Learn from histories ``(F, H, WIDTH)`` that begin on a Monday, as a baseline is made."""
    rows = counts.sum(-1)
    everything = score_set([LAYOUT] * counts.shape[0], counts.sum(1), rows.sum(1))
    first = MONDAY * HOUR // window_seconds
    series = ScoreSeries.of_counts(everything, counts, rows, first)
    left_out = clean_windows(everything, series, window_seconds=window_seconds, holidays=holidays)
    kept = counts * left_out.clean[..., None]
    scores = score_set([LAYOUT] * counts.shape[0], kept.sum(1), kept.sum((1, 2)))
    series = ScoreSeries.of_counts(scores, counts, rows, first)
    noise = learn(scores, series, window_seconds=window_seconds, clean=left_out.clean)
    return Learnt(scores, noise, left_out, first + counts.shape[1])


def filed(rng: np.random.Generator, fields: int) -> tuple[ScoreSet, Judge]:
    """Baselines from files of 10,000 rows."""
    counts = drawn(rng, np.zeros(fields), 10_000)
    scores = score_set([LAYOUT] * fields, counts, np.full(fields, 10_000.0))
    judge = Judge(
        scores,
        Noise.live(scores),
        alphas=ALPHA,
        window_seconds=HOUR,
        tolerances=0.05,
        min_samples=100,
    )
    return scores, judge
