"""At which stage a change begins: what each stage changed by itself, put in order of stages and time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.stages.change_time import ChangeTime
from detectors.stages.conditional import Effect
from detectors.stages.evidence import StageEvidence, TimedCheck
from detectors.stages.graph import StageGraph
from detectors.stages.outcomes import ERRORS, LATENCY
from driftline.readmodel.stages import OriginKind, StageVerdict

LEAST_EFFECT = 0.1
"""Smallest move in standard units that is blamed on a stage; for failures a percentage point."""

LEAST_SHARE = 0.2
"""A move given the inputs must be this part of the plain one: less may be what the inputs' curves miss."""

LEAST_SLOWER, LEAST_LATENCY_EFFECT = 1.1, 0.25
LEAST_MISSING = 0.02
_MISSING_DEVIATIONS = 4.0
_SPREAD = 0.6

_PLACES: Mapping[OriginKind, int] = {
    "inputs": 0,
    "arrival": 1,
    "missing": 2,
    "errors": 2,
    "outputs": 2,
    "latency": 3,
}
"""Which comes first within a stage; that it takes longer is named after what it answers."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One place at which something changed that nothing before it explains.

    Attributes
    ----------
    place
        Of the stage in the graph, from 0; -1 for what comes from outside.
    effect, lower, upper, marginal
        In standard units (missing: shares).
    factor
        Of a latency: how many times as long; else NaN.
    """

    place: int
    stage: str
    kind: OriginKind
    column: str
    what: str
    effect: float
    lower: float
    upper: float
    marginal: float
    time: ChangeTime | None
    factor: float = math.nan


@dataclass(frozen=True, slots=True)
class MissingChange:
    """A stage that is missing in more traces than before; shares."""

    stage: str
    before: float
    now: float
    error: float
    time: ChangeTime | None

    @property
    def shown(self) -> bool:
        """Whether it is beyond noise and worth a word."""
        rise = self.now - self.before
        return rise >= LEAST_MISSING and rise >= _MISSING_DEVIATIONS * self.error


def strongest(check: TimedCheck) -> Effect | None:
    """The largest move that is shown and large enough to be blamed on somebody."""
    return _largest([effect for effect in check.effects if _counts(effect)])


def _largest(effects: Sequence[Effect]) -> Effect | None:
    """A move of the location is easier to understand than one of the spread, which often comes with it."""
    return max(
        effects, key=lambda one: abs(one.given) * (_SPREAD if one.what == "spread" else 1.0), default=None
    )


def _counts(effect: Effect) -> bool:
    if effect.column == LATENCY:
        # Only slower is worse, and only by a tenth or more.
        slower = effect.given * effect.unit >= math.log(LEAST_SLOWER)
        return effect.what == "location" and slower and effect.lower >= LEAST_LATENCY_EFFECT
    if effect.column == ERRORS:
        return effect.lower >= LEAST_EFFECT
    return effect.shown >= max(LEAST_EFFECT, LEAST_SHARE * abs(effect.marginal))


def causes(
    graph: StageGraph,
    evidence: Mapping[str, StageEvidence],
    missing: Mapping[str, MissingChange],
    window_seconds: int,
) -> list[Cause]:
    """Everything that nothing before it explains, in the order of the graph."""
    found: list[Cause] = []
    for place, stage in enumerate(graph.stages):
        gone = missing.get(stage.name)
        if gone is not None and gone.shown:
            found.append(
                Cause(
                    place,
                    stage.name,
                    "missing",
                    "",
                    "missing",
                    gone.now - gone.before,
                    gone.now - gone.before - 2.6 * gone.error,
                    gone.now - gone.before + 2.6 * gone.error,
                    gone.now - gone.before,
                    gone.time,
                )
            )
        one = evidence.get(stage.name)
        if one is None:
            continue
        checks: list[tuple[OriginKind, TimedCheck | None]] = [
            ("inputs" if not stage.after else "arrival", one.inputs if not stage.after else one.arrival),
            ("errors", one.errors),
        ]
        for kind, check in checks:
            if check is not None and (effect := strongest(check)) is not None:
                found.append(_cause(place, stage.name, kind, effect, check, window_seconds))
        found += _own(place, stage.name, one, window_seconds)
    return found


def _own(place: int, stage: str, evidence: StageEvidence, window_seconds: int) -> list[Cause]:
    """Outputs and latency of a stage given its inputs; outputs that moved though no input did."""
    given = evidence.given
    found = []
    for kind, wanted in (("outputs", False), ("latency", True)):
        effects = [one for one in given.effects if _counts(one) and (one.column == LATENCY) == wanted]
        effect = _largest(effects)
        if effect is not None:
            made: OriginKind = "latency" if kind == "latency" else "outputs"
            found.append(_cause(place, stage, made, effect, given, window_seconds))
    return found


def _cause(
    place: int, stage: str, kind: OriginKind, effect: Effect, check: TimedCheck, window_seconds: int
) -> Cause:
    return Cause(
        -1 if kind == "inputs" else place,
        stage,
        kind,
        effect.column,
        effect.what,
        effect.given,
        effect.lower,
        effect.upper,
        effect.marginal,
        check.began(effect, window_seconds),
        math.exp(effect.given * effect.unit) if kind == "latency" else math.nan,
    )


def in_order(found: Sequence[Cause]) -> tuple[list[Cause], int]:
    """Causes with the plausible beginnings first, and how many of them those are.

    The beginning is the earliest cause. Causes whose plausible times overlap with its are plausible too; of
    these the one furthest upstream is named first: what is downstream may be its consequence in something
    that no column measures. A move of the traffic that is less than half of what a stage changed by itself
    is named after that.
    """
    if not found:
        return [], 0
    timed = [cause.time for cause in found if cause.time is not None]
    last = min((time.latest for time in timed), default=None)

    def plausible(cause: Cause) -> bool:
        return last is None or cause.time is None or cause.time.earliest <= last

    largest = max((abs(one.effect) for one in found if plausible(one) and one.kind != "inputs"), default=0.0)

    def rank(cause: Cause) -> tuple[bool, bool, int, int]:
        small = cause.kind == "inputs" and abs(cause.effect) < largest / 2
        return (not plausible(cause), small, cause.place, _PLACES[cause.kind])

    ordered = sorted(found, key=rank)
    places = {
        (cause.place if cause.kind != "arrival" else cause.place - 0.5) for cause in found if plausible(cause)
    }
    return ordered, len(places)


def verdict(evidence: StageEvidence | None, own: Sequence[Cause]) -> StageVerdict:
    """What became of one stage.

    Parameters
    ----------
    own
        Causes at this stage itself.
    """
    if any(cause.kind not in ("inputs", "arrival") for cause in own):
        return "changed"
    if evidence is None or not evidence.outputs.effects:
        return "insufficient_data"
    if strongest(evidence.outputs) is None:
        return "unchanged"
    checked = bool(evidence.given.check.conditioned_on) and not evidence.given.check.reason
    return "follows" if checked else "unclear"
