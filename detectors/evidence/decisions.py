"""What is decided about many fields in many windows, as arrays; one of them in words on demand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.decision import STATUSES, WATCH_SHARE, FieldDecision, reason_of
from detectors.evidence.score_set import CHANGES, Change, ScoreSet, Vector
from detectors.evidence.states import NO_WINDOW

OK, WATCH, DRIFTED, INSUFFICIENT, FAILED = range(len(STATUSES))


def statuses(evidence: Vector, effect: Vector, threshold: Vector, tolerance: Vector) -> NDArray[np.int8]:
    """Statuses of changes that are not open yet: drift needs evidence *and* an effect at the tolerance.

    Evidence alone, or an effect with nearly enough evidence, is worth watching. All arguments broadcast.

    >>> one = np.array(1.0)
    >>> [int(statuses(r * one, d * one, 5.5 * one, 0.1 * one)) for r, d in ((6, 0.2), (6, 0.02), (5, 0.2))]
    [2, 1, 1]
    """
    real = np.abs(effect) >= tolerance
    strong, nearly = evidence >= threshold, evidence >= WATCH_SHARE * threshold
    return np.where(strong & real, DRIFTED, np.where(strong | (nearly & real), WATCH, OK)).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions of F fields in T target windows about C kinds of change; arrays of shape ``(F, T, C)``.

    ``status`` indexes ``STATUSES``, ``score`` the field's scores (-1: none); ``change_start``,
    ``change_earliest`` and ``change_latest`` are window numbers, ``NO_WINDOW`` where nothing changed. For
    the others see :class:`detectors.decision.FieldDecision`.

    Attributes
    ----------
    first
        Number of the first target window.
    tolerances
        Smallest effects that count, shape ``(F,)``.
    floor
        Number of the window that evidence counts from after each target; ``NO_WINDOW``: the first there is.
    open_score, open_effect
        Score and effect of the largest alarm since a change opened, which decide when it has gone; -1 and
        NaN where none is open.
    behind
        Windows from which noise is learned live, shape ``(F, T)``; -1 where it is known.
    reasons
        Why nothing could be decided, by field, window and kind of change.
    """

    scores: ScoreSet
    first: int
    tolerances: Vector
    behind: NDArray[np.intp]
    status: NDArray[np.int8]
    score: NDArray[np.intp]
    effect: Vector
    evidence: Vector
    threshold: Vector
    scale: NDArray[np.intp]
    minimum_detectable_effect: Vector
    change_start: NDArray[np.int64]
    change_earliest: NDArray[np.int64]
    change_latest: NDArray[np.int64]
    floor: NDArray[np.int64]
    open_score: NDArray[np.intp]
    open_effect: Vector
    reasons: dict[tuple[int, int, int], str]

    def decision(self, field: int, target: int, change: Change = "distribution") -> FieldDecision:
        """One decision, in words."""
        at = field, target, CHANGES.index(change)
        status = STATUSES[self.status[at]]
        if status in ("insufficient_data", "failed"):
            return FieldDecision(status, self.reasons[at])
        score = int(self.score[at])
        if score < 0:
            return FieldDecision(status, "")
        direction = self.scores.names(field)[score]
        behind = int(self.behind[field, target])
        figures = {
            "effect": float(self.effect[at]),
            "evidence": float(self.evidence[at]),
            "threshold": float(self.threshold[at]),
        }
        return FieldDecision(
            status=status,
            reason=reason_of(
                status,
                direction,
                is_share=bool(self.scores.is_share[score]),
                tolerance=float(self.tolerances[field]),
                windows_behind=behind if behind >= 0 else None,
                **figures,
            ),
            direction=direction,
            scale=int(self.scale[at]),
            minimum_detectable_effect=float(self.minimum_detectable_effect[at]),
            change_start=_window(self.change_start[at]),
            change_earliest=_window(self.change_earliest[at]),
            change_latest=_window(self.change_latest[at]),
            **figures,
        )

    @classmethod
    def blank(cls, scores: ScoreSet, first: int, targets: int, tolerances: Vector) -> Decisions:
        """To be filled in: everything is ok and nothing is known."""
        shape = scores.fields, targets, len(CHANGES)

        def numbers() -> Vector:
            return np.full(shape, math.nan)

        def windows() -> NDArray[np.int64]:
            return np.full(shape, NO_WINDOW, dtype=np.int64)

        return cls(
            scores=scores,
            first=first,
            tolerances=tolerances,
            behind=np.full(shape[:2], -1, dtype=np.intp),
            status=np.zeros(shape, dtype=np.int8),
            score=np.full(shape, -1, dtype=np.intp),
            effect=numbers(),
            evidence=numbers(),
            threshold=numbers(),
            scale=np.zeros(shape, dtype=np.intp),
            minimum_detectable_effect=numbers(),
            change_start=windows(),
            change_earliest=windows(),
            change_latest=windows(),
            floor=windows(),
            open_score=np.full(shape, -1, dtype=np.intp),
            open_effect=numbers(),
            reasons={},
        )


def _window(number: np.int64) -> int | None:
    return None if number == NO_WINDOW else int(number)
