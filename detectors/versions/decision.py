"""What a difference of losses says about the challenger, at any look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from detectors.versions.evidence import Evidence

Verdict = Literal["better", "not_worse", "worse", "undecided"]

MOST_MORE: Final = 1000.0
"""A decision that needs more than this many times the rows there are is not foretold."""

_PRECISION: Final = 1e-7


@dataclass(frozen=True, slots=True)
class Decision:
    """Challenger against champion, in units of the largest possible loss.

    Attributes
    ----------
    verdict
        ``worse``: its mean loss is higher by more than the margin; ``not_worse``: by less; ``better``: it is
        lower; else ``undecided``.
    estimate, lower, upper
        Difference of the mean losses, challenger less champion, and its confidence sequence: with
        probability ``1 - alpha`` the true one is inside at all looks.
    against_not_worse, against_worse, against_better
        Log e-values against "at most the margin", "at least the margin" and "at least 0": evidence for
        worse, not worse and better.
    needed
        Log e-value at which each of these is decided: ``ln(2 / alpha)``.
    more_rows
        Rows that a decision is expected to take from here, if they are like those so far; ``None`` when it
        is taken already or not to be foretold.
    """

    verdict: Verdict
    estimate: float
    lower: float
    upper: float
    against_not_worse: float
    against_worse: float
    against_better: float
    needed: float
    more_rows: float | None


def decide(evidence: Evidence, margin: float, alpha: float) -> Decision:
    """Decide about a challenger; may be asked after every row.

    A wrong verdict is *ever* given with a probability of at most ``alpha``, however often it is asked and
    whenever one stops.

    Parameters
    ----------
    margin
        Additional mean loss that is accepted, in [0, 1).
    alpha
        In (0, 1).

    Raises
    ------
    ValueError
        A parameter is out of its range.
    """
    needed = _needed(margin, alpha)
    if evidence.rows == 0:
        return Decision("undecided", math.nan, -1.0, 1.0, 0.0, 0.0, 0.0, needed, None)
    worse, not_worse, better = _e_values(evidence, margin)
    given = _verdict(worse, not_worse, better, needed)
    lower, upper = _bounds(evidence, needed)
    return Decision(
        verdict=given,
        estimate=evidence.estimate,
        lower=lower,
        upper=upper,
        against_not_worse=worse,
        against_worse=not_worse,
        against_better=better,
        needed=needed,
        more_rows=_more_rows(evidence, margin, needed) if given == "undecided" else None,
    )


def verdict(evidence: Evidence, margin: float, alpha: float) -> Verdict:
    """Only the verdict of :func:`decide`, a hundred times cheaper: for asking after every few rows."""
    needed = _needed(margin, alpha)
    return _verdict(*_e_values(evidence, margin), needed) if evidence.rows else "undecided"


def _needed(margin: float, alpha: float) -> float:
    if not 0 <= margin < 1:
        raise ValueError(f"margin lies between 0 and the largest loss, got {margin:g} of it")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, got {alpha:g}")
    return math.log(2.0 / alpha)


def _e_values(evidence: Evidence, margin: float) -> tuple[float, float, float]:
    """Logs for worse, not worse and better."""
    not_worse = evidence.log_below(margin)
    better = evidence.log_below(0.0) if margin > 0 else not_worse
    return evidence.log_above(margin), not_worse, better


def _verdict(worse: float, not_worse: float, better: float, needed: float) -> Verdict:
    if worse >= needed:
        return "worse"
    # With a margin of 0 "better" says the same as "not worse", and more clearly.
    if better >= needed:
        return "better"
    return "not_worse" if not_worse >= needed else "undecided"


def _bounds(evidence: Evidence, needed: float) -> tuple[float, float]:
    """Differences that are not refuted, widened to what was tried."""
    lower, upper = -1.0, 1.0
    centre = min(max(evidence.estimate, -1.0), 1.0)
    if evidence.log_above(lower) >= needed:
        kept = centre
        while kept - lower > _PRECISION:
            middle = (lower + kept) / 2
            lower, kept = (middle, kept) if evidence.log_above(middle) >= needed else (lower, middle)
    if evidence.log_below(upper) >= needed:
        kept = centre
        while upper - kept > _PRECISION:
            middle = (upper + kept) / 2
            upper, kept = (middle, kept) if evidence.log_below(middle) >= needed else (upper, middle)
    return lower, upper


def _more_rows(evidence: Evidence, margin: float, needed: float) -> float | None:
    """Rows until one of the two sides of the margin is refuted, if rows go on as they did."""

    def decided(more: float) -> bool:
        return evidence.log_above(margin, more) >= needed or evidence.log_below(margin, more) >= needed

    if not decided(MOST_MORE):
        return None
    enough, short = MOST_MORE, 1.0
    while enough / short > 1.02:
        middle = math.sqrt(enough * short)
        enough, short = (middle, short) if decided(middle) else (enough, middle)
    return (enough - 1.0) * evidence.rows
