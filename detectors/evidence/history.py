"""What a baseline's own windows say about the noise of windows to come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.dispersion import dispersion
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import expanded, rows_of_scores
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.season import Season
from detectors.evidence.series import ScoreSeries
from detectors.evidence.spectrum import Spectrum, spectrum
from detectors.evidence.wandering import wanders

LEAST_WINDOWS = 24
"""Windows of history below which the noise is learned live."""

TOO_SMALL = 0.05
"""A window with fewer rows than this part of the median teaches nothing."""

ROUNDS = 3
LEAST_WITHIN = 0.1
"""Part of a row's variance that is left at least when a regular course explains the rest."""


def learn(
    scores: ScoreSet,
    series: ScoreSeries,
    *,
    window_seconds: int,
    clean: NDArray[np.bool_] | None = None,
    models: NDArray[np.intp] | None = None,
) -> Noise:
    """Noise of F fields from the H windows that their baselines were made of.

    Parameters
    ----------
    scores
        Of the baselines, made from the clean windows.
    series
        Those windows, measured with these scores.
    window_seconds
        Their length.
    clean
        Windows that count, shape ``(F, H)``; all, if not given. See
        :func:`detectors.evidence.contamination.clean_windows`.
    models
        Number of the model each field belongs to, shape ``(F,)``; one for all, if not given. Fields of one
        model that all wander a little are believed together.

    Returns
    -------
    Noise
        Fields with fewer than ``LEAST_WINDOWS`` usable windows learn live.
    """
    groups = np.zeros(scores.fields, dtype=np.intp) if models is None else np.asarray(models)
    noise = Noise.live(scores, window_seconds)
    for group in np.unique(groups):
        fields = np.flatnonzero(groups == group)
        _learn_model(scores, series, clean, window_seconds, fields, noise)
    return noise


def _learn_model(
    scores: ScoreSet,
    series: ScoreSeries,
    clean: NDArray[np.bool_] | None,
    window_seconds: int,
    fields: NDArray[np.intp],
    noise: Noise,
) -> None:
    """Fill in the noise of one model's fields."""
    mine, own = scores.select(fields), series.select(fields)
    rows = usable_rows(mine, own, None if clean is None else clean[fields])
    found, residuals = decomposed(mine, own, rows, window_seconds)
    by_score = expanded(rows, mine.size).astype(np.float64)
    within = mine.variance * np.clip(1 - found.course_variance / mine.variance, LEAST_WITHIN, 1.0)
    spread = dispersion(mine, residuals, by_score, found.variance, within, found.kept)
    counted = (rows[..., 0] > 0).sum(axis=1)
    enough = counted >= LEAST_WINDOWS
    total = np.maximum(by_score.sum(axis=1), 1e-9)
    fraction = (by_score**2).sum(axis=1) / total**2
    v = mine.variance
    of_mean = (spread.between * fraction[..., None] + spread.design * (v / total)[..., None]).max(-1)
    noise.history[fields] = np.where(enough, counted, 0)
    noise.between[fields], noise.design[fields] = spread.between, spread.design
    noise.white[fields], noise.freedom[fields] = spread.white, spread.freedom
    noise.tail[fields] = spread.tail
    noise.reference_rows[fields] = v / np.maximum(of_mean, 1e-300)
    for at, wander in wanders(mine, found, spread.countable, np.zeros(fields.size, dtype=np.intp)).items():
        if enough[at]:
            noise.wanders[int(fields[at])] = wander
    for at in np.flatnonzero(enough & found.kept.any(-1)).tolist():
        used = (found.coefficients[at] != 0).any(0)
        noise.seasons[int(fields[at])] = Season(
            found.lines[used], found.coefficients[at][:, used].astype(np.complex64)
        )
        noise.level[fields[at]] = found.level[at]


def usable_rows(
    scores: ScoreSet, series: ScoreSeries, clean: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Rows of the windows that teach something, 0 for the others, shape ``(F, H, 2)``."""
    rows = rows_of_scores(scores, series)
    if clean is not None:
        rows = np.where(clean[..., None], rows, np.float32(0))
    known = np.where(rows > 0, rows, np.nan)
    # A field without any usable window has no median, and nothing to compare with it.
    known[:, 0][~(rows > 0).any(axis=1)] = 0.0
    median = np.nanmedian(known, axis=1, keepdims=True)
    return np.where(rows >= TOO_SMALL * median, rows, np.float32(0))


def decomposed(
    scores: ScoreSet, series: ScoreSeries, rows: NDArray[np.float32], window_seconds: int
) -> tuple[Spectrum, Vector]:
    """Regular course and noise of a history with gaps, and what is left of its means, ``(F, H, S)``.

    Gaps are filled with what is expected there, which takes a few rounds; the noise is then scaled up for
    the windows that were filled.
    """
    counted = expanded(rows > 0, scores.size)
    means = np.where(counted, series.means, 0.0).astype(np.float64)
    present = np.maximum(counted.sum(axis=1), 1)
    expected = np.broadcast_to((means.sum(axis=1) / present)[:, None], means.shape)
    whole = bool(counted.all())
    for _ in range(1 if whole else ROUNDS):
        found = spectrum(np.where(counted, means, expected), scores.live, series.first, window_seconds)
        expected = found.course(series.first, series.windows, window_seconds)
    share = counted[:, -found.windows :].mean(axis=1)
    found.noise[...] /= np.maximum(share, 1 / found.windows)[..., None]
    return found, np.where(counted, means - expected, 0.0)
