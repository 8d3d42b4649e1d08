"""What the sampled traces of one stage show: its inputs, its outputs, its outputs given its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.stages.change_time import ChangeTime, change_time
from detectors.stages.conditional import FEWEST_ROWS, ConditionalCheck, Effect, conditional_check
from detectors.stages.graph import StageGraph
from detectors.stages.outcomes import ERRORS, LATENCY, LEAST_SPREAD, Outcome, outcomes_of
from detectors.stages.sample import LEAST_JOINED, StageRows, columns_of_role, joined
from driftline.contracts import Contract

_SHORTEST_MS = 0.01


@dataclass(frozen=True, slots=True)
class TimedCheck:
    """A check with the times of the rows it compared, so that a change point can be looked for."""

    check: ConditionalCheck
    before_ms: NDArray[np.int64]
    now_ms: NDArray[np.int64]

    @property
    def effects(self) -> tuple[Effect, ...]:
        return self.check.effects

    def began(self, effect: Effect, window_seconds: int) -> ChangeTime | None:
        """When an effect began, by the residuals of the rows."""
        times = np.concatenate([self.before_ms, self.now_ms[self.check.kept]])
        order = np.argsort(times, kind="stable")
        series = np.concatenate([effect.reference, effect.current])
        return change_time(times[order], series[order], window_seconds)


@dataclass(frozen=True, slots=True)
class StageEvidence:
    """Checks of one stage.

    Attributes
    ----------
    inputs, outputs
        Plain moves of its own inputs and outputs.
    given
        Outputs and latency given what went in.
    errors
        Failures given what went in.
    arrival
        Its inputs given all that the stages before it took and gave; ``None`` for first stages or when
        too few traces are joined.
    joined
        Share of its rows, of the poorer side, that have the stages before it.
    """

    stage: str
    inputs: TimedCheck
    outputs: TimedCheck
    given: TimedCheck
    errors: TimedCheck
    arrival: TimedCheck | None
    joined: float


Sides = tuple[StageRows, StageRows]
"""Reference and range."""


def stage_evidence(
    graph: StageGraph, name: str, rows: Mapping[str, Sides], contracts: Mapping[str, Contract]
) -> StageEvidence:
    """Everything the sampled rows show about one stage.

    Parameters
    ----------
    rows, contracts
        By stage, of this stage and those before it.
    """
    stage, contract = graph.stage(name), contracts[name]
    inputs = columns_of_role(contract, "input", "segment")
    outputs = columns_of_role(contract, "output")
    ancestors = graph.ancestors(name)
    with_previous, share = _joined_sides(
        rows, name, {one: columns_of_role(contracts[one], "output") for one in stage.after}
    )
    held, own = _filled(rows[name], inputs), rows[name][0].values
    sides = rows[name]
    if stage.after and (share >= LEAST_JOINED or (not held and _enough(with_previous))):
        sides = with_previous
        held += _filled(sides, [column for column in sides[0].values if column not in own])
    arrival = None
    if ancestors and inputs:
        whole, _ = _joined_sides(
            rows,
            name,
            {
                one: columns_of_role(contracts[one], "input", "segment", "output")
                for one in graph.ancestors(name)
            },
        )
        if _enough(whole):
            known = [column for column in whole[0].values if column not in own]
            arrival = _check(whole, _filled(whole, known), inputs)
    fine = (sides[0].taken(~sides[0].failed), sides[1].taken(~sides[1].failed))
    plain = (rows[name][0].taken(~rows[name][0].failed), rows[name][1].taken(~rows[name][1].failed))
    return StageEvidence(
        stage=name,
        inputs=_check(rows[name], [], inputs),
        outputs=_check(plain, [], outputs),
        given=_check(fine, held, outputs, [_latency(fine)], nothing_held=not held),
        errors=_check(sides, held, [], [_failures(sides)]),
        arrival=arrival,
        joined=share,
    )


def _joined_sides(
    rows: Mapping[str, Sides], name: str, columns: Mapping[str, Sequence[str]]
) -> tuple[Sides, float]:
    if not columns:
        return rows[name], 1.0
    first, second = (
        joined(rows[name][side], {one: (rows[one][side], names) for one, names in columns.items()})
        for side in (0, 1)
    )
    shares = [len(made) / max(1, len(rows[name][side])) for side, made in enumerate((first, second))]
    return (first, second), min(shares)


def _enough(sides: Sides) -> bool:
    return min(len(sides[0]), len(sides[1])) >= FEWEST_ROWS


def _filled(sides: Sides, names: Sequence[str]) -> list[str]:
    """Columns that hold anything in the reference."""
    return [
        name
        for name in names
        if sides[0].values[name].dtype.kind != "f"
        or not bool(np.isnan(sides[0].values[name].astype(np.float64)).all())
    ]


def _check(
    sides: Sides,
    held: Sequence[str],
    columns: Sequence[str],
    more: Sequence[Outcome] = (),
    *,
    nothing_held: bool = False,
) -> TimedCheck:
    before, now = sides
    outcomes = outcomes_of(before.only(columns), now.only(columns)) if len(before) and len(now) else []
    outcomes += [one for one in more if one.reference.size and one.current.size and _varies(one)]
    if nothing_held:
        outcomes = [one for one in outcomes if one.column == LATENCY]
    if outcomes:
        check = conditional_check(before.only(held), now.only(held), outcomes, (before.weights, now.weights))
    else:
        reason = "no column measures what goes into it" if nothing_held else "nothing to compare"
        if min(len(before), len(now)) == 0:
            reason = "there are no traces of it to compare"
        check = ConditionalCheck(reason, (), 0.0, 0.0, (), np.zeros(len(now), dtype=np.bool_))
    return TimedCheck(check, before.times, now.times)


def _varies(outcome: Outcome) -> bool:
    return bool(np.ptp(np.concatenate([outcome.reference, outcome.current])) > 0)


def _latency(sides: Sides) -> Outcome:
    one, two = (np.log(np.maximum(side.latency_ms, _SHORTEST_MS)) for side in sides)
    spread = float(one.std()) if one.size else 0.0
    return Outcome(LATENCY, "location", one, two, max(spread, LEAST_SPREAD))


def _failures(sides: Sides) -> Outcome:
    one, two = (side.failed.astype(np.float64) for side in sides)
    share = float(one.mean()) if one.size else 0.0
    return Outcome(ERRORS, "share", one, two, max(LEAST_SPREAD, float(np.sqrt(share * (1 - share)))))
