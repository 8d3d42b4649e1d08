"""When a change has gone: the rule that closes what the scan has opened."""

from __future__ import annotations

import math

from detectors.evidence.scan import Series, mean_effect
from detectors.evidence.scores import Score


def recovered_over(
    score: Score, series: Series, baseline_rows: float, effect: float, min_rows: float = 1.0
) -> int | None:
    """Windows over which an earlier effect has gone, or ``None`` while it lasts.

    The mean of the last ``max(3, ceil((8 / |effect|)^2 / n))`` windows has to lie below half the effect
    and within three standard errors of the baseline, rows taken as independent (reference procedure
    "evidence", step 7).

    Parameters
    ----------
    score, series, baseline_rows
        As for :func:`detectors.evidence.scan.scan`.
    effect
        Effect at the alarm, in the score's standard unit; 0 or NaN when there was none.
    min_rows
        Effective rows that the last windows need on average.
    """
    if series.means.size == 0 or not math.isfinite(effect) or effect == 0:
        return None
    needed = max(3, math.ceil((8 / effect) ** 2 / float(series.rows.mean())))
    if series.means.size < needed or float(series.rows[-needed:].mean()) < min_rows:
        return None
    recent = mean_effect(score, series, baseline_rows, needed)
    return needed if abs(recent.effect) < abs(effect) / 2 and recent.evidence < 3 else None
