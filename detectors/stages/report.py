"""Where a change begins along a stage graph: read, compared, put into words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from detectors.stages.change_time import ChangeTime, change_time
from detectors.stages.evidence import StageEvidence, TimedCheck, stage_evidence
from detectors.stages.figures import Figures, read_figures
from detectors.stages.graph import StageGraph
from detectors.stages.origins import Cause, MissingChange, causes, in_order, strongest, verdict
from detectors.stages.sample import read_stage_rows
from detectors.stages.stored import StageGraphs
from detectors.stages.words import cause_in_words, report_in_words, state_in_words, traces_in_words
from driftline.contract_store import ContractStore
from driftline.errors import InvalidInput, NotFound
from driftline.readmodel.stages import (
    Beginning,
    Origin,
    StageEffect,
    StageFinding,
    StageGraphSummary,
    StageLink,
    StageReport,
    StageState,
)
from driftline.settings import Settings
from driftline.store import Store, load_sql

USUAL_WINDOWS = 24
LOOK_BACK = timedelta(days=14)
MOST_WINDOWS = 336

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StageQuestion:
    """Which graph and which range.

    Attributes
    ----------
    since, until
        Range that is compared with the as long one before it (at least 24 windows). Without ``since`` it
        begins where the drift that monitoring sees may have begun, else 24 windows ago; without ``until``
        it ends with the newest event.
    """

    name: str
    since: datetime | None = None
    until: datetime | None = None


def stage_report(store: Store, settings: Settings, question: StageQuestion) -> StageReport:
    """At which stage of a registered graph a change begins.

    Raises
    ------
    NotFound
        There is no such graph, or no event of its models.
    InvalidInput
        The range is empty.
    """
    graph = StageGraphs(store).required(question.name)
    until = question.until or _newest(store, graph)
    since = question.since or _usual_since(store, settings, graph, until)
    if since >= until:
        raise InvalidInput(f"since ({since.isoformat()}) must be before until ({until.isoformat()})")
    width = timedelta(seconds=settings.window_seconds)
    span = max(until - since, USUAL_WINDOWS * width)
    grid = settings.window_seconds * max(1, math.ceil(2 * (span / width) / MOST_WINDOWS))
    since = _floored(since, grid)
    start = _floored(since - span, grid)
    return _compared(store, graph, start, since, until, grid)


def summary(graph: StageGraph) -> StageGraphSummary:
    """A graph as it is shown."""
    links = tuple(StageLink(name=one.name, model=one.model, after=one.after) for one in graph.stages)
    return StageGraphSummary(name=graph.name, description=graph.description, stages=links)


def _compared(
    store: Store, graph: StageGraph, start: datetime, since: datetime, until: datetime, grid: int
) -> StageReport:
    before = read_figures(store, graph, start, since, grid)
    now = read_figures(store, graph, since, until, grid)
    # Only when the reference was incomplete too: a stage that goes missing is no sampling.
    by_event = now.looks_sampled_by_event and (before.looks_sampled_by_event or not before.all_traces)
    before, now = replace(before, by_event=by_event), replace(now, by_event=by_event)
    contracts = {one.model: one for one in ContractStore(store).latest_of(graph.models)}
    by_stage = {one.name: contracts[one.model] for one in graph.stages if one.model in contracts}
    rows = {
        name: (read_stage_rows(store, contract, start, since), read_stage_rows(store, contract, since, until))
        for name, contract in by_stage.items()
    }
    evidence = {
        one.name: stage_evidence(graph, one.name, rows, by_stage)
        for one in graph.stages
        if one.name in rows and graph.ancestors(one.name) <= rows.keys()
    }
    missing = {
        stage.name: _missing(stage.name, place, before, now, grid) for place, stage in enumerate(graph.stages)
    }
    found = causes(graph, evidence, {name: one for name, one in missing.items() if one}, grid)
    findings = _by_model(store, "stage_findings", graph, since, until)
    found = [_dated(cause, graph, evidence, findings) for cause in found]
    quality = _by_model(store, "stage_quality", graph, since, until)
    states = [
        _state(graph, place, evidence.get(stage.name), found, before, now, findings, quality)
        for place, stage in enumerate(graph.stages)
    ]
    ordered, plausible = in_order(found)
    begins = _begins(ordered, states)
    compared = f"{_span(since, until)} compared with {_span(start, since)} UTC"
    return StageReport(
        graph=summary(graph),
        reference_since=start,
        since=since,
        until=until,
        begins=begins,
        words=report_in_words(begins, ordered, plausible, states, compared),
        origins=tuple(_origin(cause, states) for cause in ordered),
        certain=plausible == 1,
        traces=now.all_traces,
        complete=now.complete,
        trace_words=traces_in_words(now, len(graph.stages)),
        stages=tuple(states),
        windows=(*before.windows(), *now.windows()),
    )


def _newest(store: Store, graph: StageGraph) -> datetime:
    newest = store.scalar(load_sql(__file__, "newest_event"), {"models": list(graph.models)})
    if newest is None:
        raise NotFound(
            f"stage graph {graph.name!r}: no event of its models is stored ({', '.join(graph.models)})"
        )
    assert isinstance(newest, datetime)
    return newest.astimezone(UTC) + timedelta(milliseconds=1)


def _usual_since(store: Store, settings: Settings, graph: StageGraph, until: datetime) -> datetime:
    """Where the drift that is still there may have begun; else a number of windows ago."""
    width = timedelta(seconds=settings.window_seconds)
    rows = store.query(
        load_sql(__file__, "stage_findings"),
        {"models": list(graph.models), "since": until - LOOK_BACK, "until": until},
    )
    began = [
        row["change_earliest"] or row["newest"]
        for row in rows
        if row["worst"] == "drifted" and row["newest"] >= until - 3 * width
    ]
    return max(min(began, default=until - USUAL_WINDOWS * width), until - LOOK_BACK)


def _floored(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def _span(since: datetime, until: datetime) -> str:
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"


def _by_model(
    store: Store, query: str, graph: StageGraph, since: datetime, until: datetime
) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in store.query(
        load_sql(__file__, query), {"models": list(graph.models), "since": since, "until": until}
    ):
        found.setdefault(row["model"], []).append(row)
    return found


def _missing(name: str, place: int, before: Figures, now: Figures, grid: int) -> MissingChange | None:
    one, one_error, one_series = before.missing(place)
    two, two_error, two_series = now.missing(place)
    if math.isnan(one) or math.isnan(two):
        return None
    series = one_series + two_series
    times = np.array([int(start.timestamp() * 1000) for start, _ in series], dtype=np.int64)
    began = change_time(times, np.array([share for _, share in series]), grid)
    return MissingChange(name, one, two, math.hypot(one_error, two_error), began)


def _dated(
    cause: Cause,
    graph: StageGraph,
    evidence: Mapping[str, StageEvidence],
    findings: Mapping[str, Sequence[Row]],
) -> Cause:
    """The cause with the time that monitoring found for just this change, when it did.

    Monitoring dates plain moves: one of outputs whose inputs moved too is dated by what the inputs leave.
    """
    plain = cause.kind == "inputs" or (
        cause.kind == "outputs" and strongest(evidence[cause.stage].inputs) is None
    )
    if not plain:
        return cause
    for row in findings.get(graph.stage(cause.stage).model, ()):
        if row["field"] == cause.column and row["worst"] == "drifted" and row["change_start"] is not None:
            start = row["change_start"]
            time = ChangeTime(start, row["change_earliest"] or start, row["change_latest"] or start)
            return replace(cause, time=time)
    return cause


def _begins(ordered: Sequence[Cause], states: Sequence[StageState]) -> Beginning:
    if ordered:
        return "before" if ordered[0].kind == "inputs" else "stage"
    if all(state.verdict == "insufficient_data" for state in states):
        return "insufficient_data"
    return "unclear" if any(state.verdict == "unclear" for state in states) else "nothing"


def _state(
    graph: StageGraph,
    place: int,
    evidence: StageEvidence | None,
    found: Sequence[Cause],
    before: Figures,
    now: Figures,
    findings: Mapping[str, Sequence[Row]],
    quality: Mapping[str, Sequence[Row]],
) -> StageState:
    stage = graph.stages[place]
    mine = [cause for cause in found if cause.stage == stage.name]
    own = [cause for cause in mine if cause.kind not in ("inputs", "arrival")]
    judged = verdict(evidence, own)
    outputs = _largest(evidence.outputs if evidence else None)
    checked = evidence.given.check if evidence else None
    not_checked = checked.reason if checked else f"model {stage.model} has no contract"
    if checked and not checked.reason and not checked.conditioned_on:
        not_checked = "no column measures what goes into it"
    facts = StageState(
        name=stage.name,
        model=stage.model,
        after=stage.after,
        verdict=judged,
        words="",
        before=before.of_stage(place),
        now=now.of_stage(place),
        inputs=_largest(evidence.inputs if evidence else None),
        outputs=outputs,
        own=_largest(evidence.given if evidence else None),
        conditioned_on=checked.conditioned_on if checked else (),
        overlap=checked.overlap if checked else None,
        effective_rows=checked.effective if checked else None,
        not_checked=not_checked,
        findings=_findings(findings.get(stage.model, ())),
        quality="; ".join(filter(None, (_quality(row) for row in quality.get(stage.model, ())))),
    )
    return facts.model_copy(update={"words": state_in_words(stage.name, judged, mine, facts, outputs)})


def _largest(check: TimedCheck | None) -> StageEffect | None:
    effect = strongest(check) if check is not None else None
    if effect is None:
        return None
    return StageEffect(
        column=effect.column,
        what=effect.what,
        effect=effect.given,
        lower=effect.lower,
        upper=effect.upper,
        marginal=effect.marginal,
    )


def _findings(rows: Sequence[Row]) -> tuple[StageFinding, ...]:
    moved = [row for row in rows if row["worst"] != "ok"]
    return tuple(
        StageFinding(
            field=row["field"],
            role=row["role"],
            change=row["change"],
            status=row["worst"],
            effect=row["effect"],
            change_start=row["change_start"],
        )
        for row in sorted(moved, key=lambda row: -abs(row["effect"]))
    )


def _quality(row: Row) -> str:
    if row["decayed_since"] is None:
        return ""
    return (
        f"{row['metric']} of {row['model']} is {row['value']:.3g} (95%: {row['lower']:.3g} to "
        f"{row['upper']:.3g}), {row['baseline_value']:.3g} in the baseline; decayed since "
        f"{row['decayed_since']:%Y-%m-%d %H:%M}"
    )


def _origin(cause: Cause, states: Sequence[StageState]) -> Origin:
    state = next(state for state in states if state.name == cause.stage)
    time = cause.time
    return Origin(
        stage=cause.stage,
        kind=cause.kind,
        cause=StageEffect(
            column=cause.column,
            what=cause.what,
            effect=cause.effect,
            lower=cause.lower,
            upper=cause.upper,
            marginal=cause.marginal,
        ),
        start=time.start if time else None,
        earliest=time.earliest if time else None,
        latest=time.latest if time else None,
        words=cause_in_words(cause, state),
    )
