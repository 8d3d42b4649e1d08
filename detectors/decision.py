"""From deviations to a decision about one field: an effect above tolerance *and* evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from detectors.evidence.scan import LEARNED_AT, Deviation
from detectors.evidence.scores import Score

FieldStatus = Literal["ok", "watch", "drifted", "insufficient_data", "failed"]

WATCH_SHARE = 0.75
"""Evidence from this share of its threshold on is worth watching."""

POWER_95 = 1.645


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """What is decided about one field in one window.

    Attributes
    ----------
    effect
        Signed effect of the direction with the strongest evidence relative to its threshold, in
        standard units (standard deviations for location, Cohen's h for a share).
    direction
        Name of that direction.
    evidence, threshold
        Its deviation and what the false-alarm budget asks for, in standard deviations.
    scale
        Windows pooled.
    minimum_detectable_effect
        Effect that would be found in 95% of windows like this one, in standard units.
    """

    status: FieldStatus
    reason: str
    effect: float = math.nan
    direction: str = ""
    evidence: float = math.nan
    threshold: float = math.nan
    scale: int = 0
    minimum_detectable_effect: float = math.nan


def decide(
    scores: Sequence[Score],
    deviations: Mapping[str, Deviation],
    thresholds: Mapping[str, float],
    *,
    tolerance: float,
    windows_behind: int | None = None,
) -> FieldDecision:
    """Decide about a field from the deviation of each of its scores.

    Parameters
    ----------
    scores
        The field's scores; at least one.
    deviations, thresholds
        Deviation and needed evidence by score name.
    tolerance
        Smallest effect that counts as drift, in standard units.
    windows_behind
        Windows since the evidence floor, to tell that the scan is still learning; ``None`` for a
        single comparison.

    Returns
    -------
    FieldDecision
        ``drifted`` needs evidence at its threshold and an effect at the tolerance in one direction;
        ``watch`` is strong evidence below either.
    """
    alarms = [
        score
        for score in scores
        if deviations[score.name].evidence >= thresholds[score.name]
        and abs(deviations[score.name].effect) >= tolerance
    ]
    pool = alarms or list(scores)
    top = max(pool, key=lambda score: deviations[score.name].evidence / thresholds[score.name])
    deviation, threshold = deviations[top.name], thresholds[top.name]
    figures = (
        f"{top.name} {deviation.effect:+.2f} {'sd' if top.kind == 'location' else 'h'} "
        f"(tolerance {tolerance:g}), evidence {deviation.evidence:.1f} of {threshold:.1f} needed"
    )
    status: FieldStatus
    if alarms:
        status, reason = "drifted", figures
    elif deviation.evidence >= threshold:
        status, reason = "watch", f"real but below tolerance: {figures}"
    elif deviation.evidence >= WATCH_SHARE * threshold and abs(deviation.effect) >= tolerance:
        status, reason = "watch", f"not yet enough evidence: {figures}"
    else:
        status, reason = "ok", figures
    if windows_behind is not None and windows_behind <= LEARNED_AT and status != "drifted":
        reason = f"learning ({windows_behind} of {LEARNED_AT} windows), gross change only: {reason}"
    return FieldDecision(
        status=status,
        reason=reason,
        effect=deviation.effect,
        direction=top.name,
        evidence=deviation.evidence,
        threshold=threshold,
        scale=deviation.scale,
        minimum_detectable_effect=(threshold + POWER_95) * deviation.standard_error,
    )


def insufficient(effective_rows: float, needed: float) -> FieldDecision:
    """The decision for a window that holds too little to say anything."""
    return FieldDecision(
        "insufficient_data", f"{effective_rows:.0f} effective samples, {needed:.0f} needed for a decision"
    )
