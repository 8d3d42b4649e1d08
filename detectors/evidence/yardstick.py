"""What the deviation of a pooled mean is measured with: effective rows on both sides, degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.noise import Noise
from detectors.evidence.pooling import Learned
from detectors.evidence.score_set import ScoreSet, Vector

BASELINE_ROWS_CAP = 10_000.0
"""A baseline counts for at most this many rows: its finite faithfulness, and so a built-in tolerance."""

CONTRAST_ROWS_CAP = 20_000.0
"""The same for contrasts of categories against a baseline with a history.

A contrast gathers in one number what a small lasting deviation spreads over many categories, so the same
tolerance is a smaller number of standard deviations.
"""

LEAST_EVENTS = 1.0
"""Expected rows a window of the rarer outcome, below which a share cannot tell its own dispersion."""


FEW_CLUMPS = 5.0
"""Expected clumps a window below which a score is taken to be as clumpy as the field's clumpiest."""

CHANCE = 4.0

CLUMP = 2.0
"""Design effect from which a rare share is taken to come in clumps."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Arrays that broadcast to ``(F, T, L, S)``.

    Attributes
    ----------
    current
        Independent rows that the pooled windows are worth.
    reference
        Independent rows that the baseline is worth.
    freedom
        Degrees of freedom of what is known about the noise; 0: nothing.
    """

    current: Vector
    reference: Vector
    freedom: Vector

    @property
    def spread(self) -> Vector:
        """Standard error of an effect in standard units."""
        return np.asarray(np.sqrt(1 / self.current + 1 / self.reference))


def live_yardstick(scores: ScoreSet, rows: Vector, seen: Learned) -> Yardstick:
    """From the differences of live windows: ``D = max(1, their mean)``, ``nu = 2k/3``.

    A share of which few clumps are expected in a window cannot show its dispersion: it has at least the
    largest of the field's other scores, two standard errors less for having picked it.
    """
    k = seen.count
    design = np.maximum(1.0, seen.total / np.maximum(k, 1))
    events, countable = expected_events(scores, seen.typical_rows)
    largest = np.where(countable & scores.live[:, None, None], design, 1.0).max(-1, keepdims=True)
    largest = largest / (1 + 2 * np.sqrt(3 / np.maximum(k, 1)))
    design = np.where(events / design < FEW_CLUMPS, np.maximum(design, largest), design)
    freedom = 2 * k / 3 * kurtosis_factor(events, countable, design)
    with np.errstate(divide="ignore"):
        current = rows / design
    present = np.where(scores.change == 1, 1.0, (1 - scores.base[:, :1]))
    known = (scores.rows[:, None] * present)[:, None, None]
    return Yardstick(
        np.maximum(current, 1e-9), np.minimum(known / (1 + 1.5 * (design - 1)), BASELINE_ROWS_CAP), freedom
    )


def history_yardstick(
    scores: ScoreSet, noise: Noise, rows: Vector, fraction: Vector, scales: Vector
) -> Yardstick:
    """From the history of the baseline, at scales of shape ``(L,)``."""
    v = scores.variance[:, None, None]
    safe = np.maximum(rows, 1e-9)
    variance = np.zeros(np.broadcast_shapes(rows.shape, v.shape))
    for corner in range(noise.between.shape[-1]):
        between = noise.between[:, None, None, :, corner]
        design = noise.design[:, None, None, :, corner]
        np.maximum(variance, between * fraction + design * v / safe, out=variance)
    reference = noise.reference_rows[:, None, None, :].astype(np.float64)
    if noise.seasons:
        reference = np.repeat(reference, scales.size, axis=2)
        for field, season in noise.seasons.items():
            reference[field, 0] /= season.spread(scales, noise.window_seconds)
    return Yardstick(
        v / np.maximum(variance, 1e-300),
        np.clip(reference, 1e-9, _caps(scores)),
        with_tail(
            noise.freedom[:, None, None].astype(np.float64),
            noise.tail[:, None, None].astype(np.float64),
            fraction,
        ),
    )


def _caps(scores: ScoreSet) -> Vector:
    """Most rows that the baseline counts for, by score, shape ``(S,)``."""
    contrast = ~scores.is_share & (scores.kind == "categorical")
    return np.where(contrast, CONTRAST_ROWS_CAP, BASELINE_ROWS_CAP)


def kurtosis_factor(
    events: Vector, countable: NDArray[np.bool_], design: Vector, observed: Vector | float = 0.0
) -> Vector:
    """Part of the degrees of freedom that few rows leave: ``2 / (2 + kappa)``.

    The excess kurtosis kappa of a window's mean is the larger of the observed one, and ``D / lambda``:
    ``lambda`` rows in clumps of D are ``lambda / D`` clumps, and few of those tell little about their spread.
    """
    return np.where(countable | (design > CLUMP), 2 / (2 + np.maximum(design / events, observed)), 1.0)


def observed_kurtosis(squared: Vector, seen: NDArray[np.bool_]) -> Vector:
    """Excess kurtosis of windows' means from their squared residuals, each over its variance but a factor.

    Both of shape ``(F, H, S)``; the result, not below 0, ``(F, S)``. Many small clumps make a mean normal,
    few large ones do not, and a history in which the large ones are rare underestimates the variance.
    """
    count = np.maximum(seen.sum(axis=1), 1)
    second = np.where(seen, squared, 0.0).sum(axis=1) / count
    fourth = np.where(seen, squared**2, 0.0).sum(axis=1) / count
    safe = np.where(second > 0, second, 1.0)
    return np.where(second > 0, np.maximum(fourth / safe**2 - 3, 0.0), 0.0)


def heavy_tail(
    observed: Vector, events: Vector, countable: NDArray[np.bool_], design: Vector, windows: Vector
) -> Vector:
    """Excess kurtosis that neither the counts, ``D / lambda``, nor chance explain; 0 where it cannot be told.

    Four standard errors, ``sqrt(24 / H)`` for normal windows, are chance.
    """
    explained = design / events
    chance = CHANCE * np.sqrt(24 / np.maximum(windows, 1)) * (1 + explained)
    return np.where(countable, np.maximum(observed - explained - chance, 0.0), 0.0)


def with_tail(freedom: Vector, tail: Vector, fraction: Vector) -> Vector:
    """Degrees of freedom left where means of windows are heavy-tailed themselves.

    Student's law with ``nu`` degrees has excess kurtosis ``6 / (nu - 4)``; that of the mean of L windows is
    an L-th of one window's. Both kinds of ignorance add up: ``1/nu + 1/nu_tail``.
    """
    pooled = tail * fraction
    return np.asarray(1 / (1 / np.maximum(freedom, 1e-9) + pooled / (4 * pooled + 6)))


def expected_events(scores: ScoreSet, rows: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    """Rows a window over a score's kurtosis, and which scores can be counted on; broadcasts to (F, T, L, S).

    For a share these are the expected rows of the rarer outcome.
    """
    events = np.maximum(rows / scores.kurtosis[:, None, None], 1e-12)
    return events, np.asarray(events >= LEAST_EVENTS)
