"""The leading direction of every kind of change: the score whose evidence is nearest its threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.scan import Scan
from detectors.evidence.score_set import CHANGES, ScoreSet, Vector


@dataclass(frozen=True, slots=True)
class Leading:
    """The leading score of fields, windows and kinds of change; arrays of shape ``(F, T, 3)``.

    Attributes
    ----------
    score
        Its index; -1 where no score of that kind exists.
    alarm
        Whether some score of that kind has evidence at its threshold and an effect at the tolerance;
        such a score leads.
    effect, evidence, threshold, scale, freedom, window_rows, reference_rows
        Of the leading score; see :class:`detectors.evidence.scan.Scan`.
    """

    score: NDArray[np.intp]
    alarm: NDArray[np.bool_]
    effect: Vector
    evidence: Vector
    threshold: Vector
    scale: NDArray[np.intp]
    freedom: Vector
    window_rows: Vector
    reference_rows: Vector


def leading(scores: ScoreSet, found: Scan, thresholds: Vector, tolerances: Vector) -> Leading:
    """Reduce a scan to kinds of change; thresholds ``(F, S)``, tolerances ``(F,)``."""
    fields, targets, _ = found.evidence.shape
    needed = thresholds[:, None]
    relative = np.where(scores.live[:, None], found.evidence / needed, -1.0)
    alarms = scores.live[:, None] & (found.evidence >= needed)
    alarms &= np.abs(found.effect) >= tolerances[:, None, None]
    score = np.full((fields, targets, len(CHANGES)), -1, dtype=np.intp)
    alarm = np.zeros(score.shape, dtype=bool)
    for change in range(len(CHANGES)):
        which = np.flatnonzero(scores.change == change)
        if which.size == 0:
            continue
        top = which[np.argmax(relative[..., which] + 1e6 * alarms[..., which], axis=-1)]
        exists = np.take_along_axis(np.broadcast_to(scores.live[:, None], relative.shape), top[..., None], -1)
        score[..., change] = np.where(exists[..., 0], top, -1)
        alarm[..., change] = alarms[..., which].any(-1)
    at = np.maximum(score, 0)

    def of(values: Vector) -> Vector:
        return np.take_along_axis(np.broadcast_to(values, relative.shape), at, axis=-1)

    return Leading(
        score,
        alarm,
        of(found.effect),
        of(found.evidence),
        of(needed),
        np.take_along_axis(found.scale, at, axis=-1),
        of(found.freedom),
        of(found.window_rows),
        of(found.reference_rows),
    )
