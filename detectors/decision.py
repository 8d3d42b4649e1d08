"""From evidence to a decision about one field: an effect above tolerance *and* evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

FieldStatus = Literal["ok", "watch", "drifted", "insufficient_data", "failed"]
STATUSES: tuple[FieldStatus, ...] = get_args(FieldStatus)

WATCH_SHARE = 0.75
"""Evidence from this share of its threshold on is worth watching."""

POWER_95 = 1.645

LEARNED_AT = 24
"""Windows behind the one that is decided from which noise that is learned live counts as learned."""


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """What is decided about one field and kind of change in one window.

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
        Effect that would be found in 95% of windows like this one by itself, in standard units; infinite
        while nothing is known about the noise.
    change_start, change_earliest, change_latest
        Number of the most likely first window of the change, and of the first and last plausible one;
        ``None`` where nothing changed. A window's number is its start since 1970 over its length.
    """

    status: FieldStatus
    reason: str
    effect: float = math.nan
    direction: str = ""
    evidence: float = math.nan
    threshold: float = math.nan
    scale: int = 0
    minimum_detectable_effect: float = math.nan
    change_start: int | None = None
    change_earliest: int | None = None
    change_latest: int | None = None


def reason_of(
    status: FieldStatus,
    direction: str,
    *,
    is_share: bool,
    effect: float,
    evidence: float,
    threshold: float,
    tolerance: float,
    windows_behind: int | None = None,
) -> str:
    """A decision in words.

    Parameters
    ----------
    windows_behind
        Windows from which the noise is learned live; ``None`` where it is known or rows are independent.
    """
    words = (
        f"{direction} {effect:+.2f} {'h' if is_share else 'sd'} "
        f"(tolerance {tolerance:g}), evidence {evidence:.1f} of {threshold:.1f} needed"
    )
    if status == "watch":
        weak = evidence < threshold
        words = f"{'not yet enough evidence' if weak else 'real but below tolerance'}: {words}"
    if status == "drifted":
        lasting = evidence < threshold or abs(effect) < tolerance
        return f"not yet back to normal: {words}" if lasting else words
    if windows_behind is not None and windows_behind <= LEARNED_AT:
        words = f"learning ({windows_behind} of {LEARNED_AT} windows), gross change only: {words}"
    return words


def insufficient(effective_rows: float, needed: float) -> FieldDecision:
    """The decision for a window that holds too little to say anything."""
    return FieldDecision(
        "insufficient_data", f"{effective_rows:.0f} effective samples, {needed:.0f} needed for a decision"
    )
