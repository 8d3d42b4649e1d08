"""Which models of slow wander a history leaves plausible, by Whittle's likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.pooling import SCALES
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.spectrum import Spectrum
from detectors.evidence.wander import MODELS, WHITE, Wander, mean_variance, spectra

OWN_GAIN, FIELD_GAIN, MODEL_GAIN = 4.0, 8.0, 1.5
"""Gain in log-likelihood over white noise from which a score wanders: its own, any score's of the field, or
the mean over the fields of the model of their main score's."""

LEAST_ORDINATES = 4
WHITE_GAIN, GAIN_SPREAD = 0.5, 0.8
"""Mean and standard deviation of the gain over white noise, found by simulation."""

NEVER_BINDS = 45.0
"""A model this far behind, twice the log-likelihood, lies beyond every threshold in use."""

NOTICEABLE = 1.03
"""A model matters when at some scale it is so much more lenient than all likelier ones."""


def wanders(
    scores: ScoreSet, found: Spectrum, countable: NDArray[np.bool_], models: NDArray[np.intp]
) -> dict[int, Wander]:
    """Wander of every field that has some, by field.

    Parameters
    ----------
    countable
        Scores that are seen often enough for a spectrum, shape ``(F, S)``.
    models
        Number of the model each field belongs to, shape ``(F,)``.

    Source: reference procedure "evidence", step 3.
    """
    sigma, likelihood = _fitted(found)
    usable = countable & scores.live & (sigma[..., WHITE] > 0)
    gain = np.where(usable, likelihood.max(-1) - likelihood[..., WHITE], 0.0)
    main = _main(scores, gain)
    per_model = np.array([main[models == model].mean() for model in models]) if models.size else main
    # The mean over few fields is mostly chance: four standard errors of what white noise shows.
    chance = np.array([WHITE_GAIN + 4 * GAIN_SPREAD / np.sqrt((models == model).sum()) for model in models])
    field = (gain > FIELD_GAIN).any(-1) | (per_model > np.maximum(MODEL_GAIN, chance))
    used = usable & ((gain > OWN_GAIN) | field[:, None])
    lengths = np.array(SCALES, dtype=np.float64)[:, None]
    phi, ratio = MODELS.T
    lenient = 1 / lengths + ratio * mean_variance(phi, lengths)
    lenient += 1 / found.windows + ratio * mean_variance(phi, np.array(float(found.windows)))
    wandering = {}
    for f in np.flatnonzero(used.any(-1)).tolist():
        kept = [
            _plausible(likelihood[f, s], lenient * sigma[f, s]) if used[f, s] else []
            for s in range(scores.size)
        ]
        size = max(len(some) for some in kept)
        index = np.zeros((scores.size, size), dtype=np.uint8)
        variance = np.zeros((scores.size, size), dtype=np.float32)
        penalty = np.full((scores.size, size), np.inf, dtype=np.float32)
        for s, some in enumerate(kept):
            index[s, : len(some)] = some
            variance[s, : len(some)] = sigma[f, s, some]
            penalty[s, : len(some)] = 2 * (likelihood[f, s].max() - likelihood[f, s, some])
        wandering[f] = Wander(index, variance, penalty)
    return wandering


def _fitted(found: Spectrum) -> tuple[Vector, Vector]:
    """White variance and log-likelihood of every model, shape ``(F, S, M)`` each.

    Where a regular course is kept, what is too weak of it to be kept would look like wander: then only the
    frequencies between its possible lines speak.
    """
    sigma = np.zeros((*found.level.shape, len(MODELS)))
    likelihood = np.zeros(sigma.shape)
    coursing = found.kept.any(-1)
    for fields, ordinates in (
        (np.flatnonzero(~coursing), np.arange(found.noise.shape[-1])),
        (np.flatnonzero(coursing), found.off_course),
    ):
        if ordinates.size < LEAST_ORDINATES:
            continue
        density = spectra(found.frequencies[ordinates])
        sigma[fields] = found.noise[fields][..., ordinates] @ (1 / density).T / ordinates.size
        likelihood[fields] = -ordinates.size * np.log(np.maximum(sigma[fields], 1e-300))
        likelihood[fields] -= np.log(density).sum(-1)
    return sigma, likelihood


def _main(scores: ScoreSet, gain: Vector) -> Vector:
    """Gain of each field's main score: location, or the largest slot of a categorical field."""
    if scores.kind == "numeric":
        return gain[:, 1]
    shares = np.where(scores.live & scores.is_share, scores.variance, -1.0)
    return np.asarray(gain[np.arange(scores.fields), np.argmax(shares, axis=-1)])


def _plausible(likelihood: Vector, lenient: Vector) -> list[int]:
    """Models, likeliest first, that at some scale are more lenient than all likelier ones."""
    kept: list[int] = []
    most = np.zeros(lenient.shape[0])
    best = likelihood.max()
    for model in np.argsort(-likelihood, kind="stable").tolist():
        if 2 * (best - likelihood[model]) > NEVER_BINDS:
            break
        if (lenient[:, model] > NOTICEABLE * most).any():
            kept.append(model)
            most = np.maximum(most, lenient[:, model])
    return kept
