"""Which effects a baseline can show: the smallest change of each kind within so many usual windows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.learning import LearnedStack
from detectors.decision import POWER_95
from detectors.evidence.judge import Judge
from detectors.evidence.score_set import ScoreSet
from detectors.evidence.yardstick import BASELINE_ROWS_CAP
from driftline.readmodel.baseline_quality import Detectable

WINDOWS = (1, 3, 24)
"""Windows after the change that the report answers for."""


def detectable(
    stack: LearnedStack, *, alpha: float, window_seconds: int, window_rows: float, min_samples: float
) -> dict[str, tuple[Detectable, ...]]:
    """Smallest changes of every field of a stack that are found in 95% of cases.

    While noise is yet to be learned from live windows, the figures are those of independent rows once it
    has been: ``(h + 1.645) sqrt(1/(n L) + 1/N)`` with n rows a window and N reference rows, 10,000 at most.

    Parameters
    ----------
    alpha
        Probability of a false alarm of one field in a month.
    window_rows
        Effective rows of a usual window.
    """
    judge = Judge(
        stack.scores,
        stack.noise,
        alphas=alpha,
        window_seconds=window_seconds,
        tolerances=0.0,
        min_samples=min_samples,
    )
    scales = np.array(WINDOWS, dtype=np.float64)
    # Noise that is yet to be learned is infinite, by a division by 0.
    with np.errstate(divide="ignore"):
        effects = judge.detectable_by_score(window_rows, scales)
    rows = np.minimum(np.maximum(stack.scores.rows, 1.0), BASELINE_ROWS_CAP)
    error = np.sqrt(1 / (window_rows * scales) + 1 / rows[:, None])
    independent = (judge.thresholds[:, None] + POWER_95) * error[..., None]
    known = np.where(np.isinf(effects), independent, effects)
    return {
        name: tuple(_detectable(stack.scores, f, known[f, at], windows) for at, windows in enumerate(WINDOWS))
        for f, name in enumerate(stack.fields)
    }


def _detectable(scores: ScoreSet, f: int, effects: NDArray[np.float64], windows: int) -> Detectable:
    location = category = None
    if scores.kind == "numeric":
        place = scores.index(f, "location")
        location = _finite(effects[place]) if place is not None else None
    elif scores.layouts[f].top:
        place = scores.index(f, scores.layouts[f].labels()[0])
        category = None if place is None else _points(float(scores.base[f, place]), float(effects[place]))
    return Detectable(
        windows=windows,
        location_sd=location,
        category_points=category,
        missing_points=_points(float(scores.base[f, 0]), float(effects[0])),
    )


def _points(share: float, effect: float) -> float | None:
    """Rise of a share in percentage points that is a given Cohen's h.

    >>> round(_points(0.5, 0.2), 1)
    9.9
    """
    if not math.isfinite(effect):
        return None
    angle = min(math.pi / 2, math.asin(math.sqrt(min(1.0, max(0.0, share)))) + effect / 2)
    return 100 * (math.sin(angle) ** 2 - share)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
