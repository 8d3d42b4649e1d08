"""Whether an estimator has earned to be believed: its estimates against what labels said later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scipy.special import bdtrc

MISSES = 0.05
"""Share of windows that a 95% interval may miss."""

SURE = 0.001
"""Level of the binomial test at each window: it is asked again with every one."""

MEMORY = 60
"""Windows that count at most."""

MOVED_WINDOWS = 5
"""Windows in which the figure moved before the errors are compared."""

RIGHT_AGAIN = 8
"""Windows in a row that an estimator has to be right to get its vote back."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An estimate and what became of it.

    Attributes
    ----------
    value, lower, upper
        The estimate and its 95% interval.
    realised, realised_lower, realised_upper
        The figure from labels and its 95% interval.
    unchanged
        The reference's figure.
    """

    window_start: datetime
    value: float
    lower: float
    upper: float
    realised: float
    realised_lower: float
    realised_upper: float
    unchanged: float

    @property
    def missed(self) -> bool:
        """Whether the realised figure lies outside of the interval, both being uncertain.

        The interval's side towards the realised figure and that figure's side towards the estimate are
        added as independent errors are: few labels prove nothing.
        """
        above = self.realised > self.value
        own = (self.upper - self.value) if above else (self.value - self.lower)
        labels = (self.realised - self.realised_lower) if above else (self.realised_upper - self.realised)
        return abs(self.realised - self.value) > math.hypot(own, labels)

    @property
    def moved(self) -> bool:
        """Whether labels show a change: where there is none, "assume unchanged" cannot be beaten."""
        return not self.realised_lower <= self.unchanged <= self.realised_upper

    @property
    def known(self) -> bool:
        """Whether all figures are there."""
        return all(
            math.isfinite(one)
            for one in (
                *(self.value, self.lower, self.upper, self.unchanged),
                *(self.realised, self.realised_lower, self.realised_upper),
            )
        )


@dataclass(frozen=True, slots=True)
class Vote:
    """Whether an estimator counts.

    Attributes
    ----------
    votes
        Whether it may be believed.
    windows, missed
        Scored windows since it last lost or won its vote, at most 60, and how many of them it missed.
    p_value
        Of so many misses or more, were its intervals right.
    mae, mae_unchanged
        Mean absolute error over those of them in which the figure moved, its own and that of "assume
        unchanged"; NaN when nothing moved.
    reason
        In words.
    """

    votes: bool
    windows: int
    missed: int
    p_value: float
    mae: float
    mae_unchanged: float
    reason: str


def vote(history: Sequence[Scored]) -> Vote:
    """Judge an estimator by its windows, oldest first; windows without all figures are passed over.

    It loses its vote when its interval missed significantly more often than 5% (exact binomial), or when it
    was no better than "assume unchanged" over at least 5 windows in which the figure moved. It has it back
    after 8 windows in a row without a miss in which it was not worse than "assume unchanged".

    Examples
    --------
    >>> day = datetime(2026, 1, 1)
    >>> right = Scored(day, 0.8, 0.78, 0.82, 0.81, 0.79, 0.83, 0.9)
    >>> wrong = Scored(day, 0.9, 0.88, 0.92, 0.7, 0.68, 0.72, 0.9)
    >>> vote([right] * 10).votes, vote([wrong] * 10).votes, vote([wrong] * 10 + [right] * 8).votes
    (True, False, True)
    """
    votes, since, cause = True, 0, ""
    known = [one for one in history if one.known]
    for end in range(1, len(known) + 1):
        part = known[max(since, end - MEMORY) : end]
        if votes:
            cause = _fault(part)
            if cause:
                votes, since = False, end
        else:
            last = known[max(since, end - RIGHT_AGAIN) : end]
            if len(last) == RIGHT_AGAIN and not any(one.missed for one in last) and not _worse(last):
                votes, since = True, end - RIGHT_AGAIN
    part = known[max(since, len(known) - MEMORY) :]
    missed, p_value, mae, unchanged = _figures(part)
    if not known:
        reason = "no window has both an estimate and labels yet"
    elif votes:
        reason = f"{missed} of {len(part)} scored windows outside of its 95% interval"
        if math.isfinite(mae):
            reason += f"; off by {mae:.3g} where the figure moved, assuming no change by {unchanged:.3g}"
    else:
        again = sum(1 for _ in _right(known[since:]))
        reason = f"lost its vote: {cause}; right in {again} windows since, {RIGHT_AGAIN} in a row needed"
    return Vote(votes, len(part), missed, p_value, mae, unchanged, reason)


def _fault(part: Sequence[Scored]) -> str:
    """Why an estimator with these windows loses its vote, or nothing."""
    missed, p_value, mae, unchanged = _figures(part)
    if p_value < SURE:
        return f"{missed} of {len(part)} windows outside of its 95% interval (p = {p_value:.2g})"
    moved = sum(one.moved for one in part)
    if moved >= MOVED_WINDOWS and mae >= unchanged:
        return (
            f"off by {mae:.3g} over {moved} windows in which the figure moved; "
            f"assuming no change is off by {unchanged:.3g}"
        )
    return ""


def _figures(part: Sequence[Scored]) -> tuple[int, float, float, float]:
    missed = sum(one.missed for one in part)
    p_value = float(bdtrc(missed - 1, len(part), MISSES)) if missed else 1.0
    moved = [one for one in part if one.moved]
    if not moved:
        return missed, p_value, math.nan, math.nan
    mae = sum(abs(one.value - one.realised) for one in moved) / len(moved)
    return missed, p_value, mae, sum(abs(one.unchanged - one.realised) for one in moved) / len(moved)


def _worse(part: Sequence[Scored]) -> bool:
    _, _, mae, unchanged = _figures(part)
    return mae >= unchanged


def _right(part: Sequence[Scored]) -> list[Scored]:
    """The last windows in a row without a miss."""
    found: list[Scored] = []
    for one in reversed(part):
        if one.missed:
            break
        found.append(one)
    return found
