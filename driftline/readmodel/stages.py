"""Inference in several stages, as API, command line and page show it: where a change begins."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.records import Figure, Record

OriginKind = Literal["inputs", "arrival", "outputs", "errors", "latency", "missing"]
"""inputs: what comes from outside; arrival: what reaches a stage, given all that the stages before took and
gave; the others: the stage itself, given its inputs."""

StageVerdict = Literal["changed", "follows", "unchanged", "unclear", "insufficient_data"]
Beginning = Literal["nothing", "before", "stage", "unclear", "insufficient_data"]


class StageLink(Record):
    """One stage of a graph."""

    name: str
    model: str
    after: tuple[str, ...] = Field(description="Stages whose answers go into this one.")


class StageGraphSummary(Record):
    """A registered graph."""

    name: str
    description: str
    stages: tuple[StageLink, ...] = Field(description="Every stage after those before it.")


class StageEffect(Record):
    """How much one score of a column moved, in standard units of the reference."""

    column: str = Field(description="(latency) and (errors) stand for the log of the latency and failures.")
    what: str = Field(description="location, spread, missing or the share of a category.")
    effect: Figure = Field(description="Given what went in, where that is held; else the plain change.")
    lower: Figure = Field(description="Of the interval, simultaneous over all scores of the stage (99%).")
    upper: Figure
    marginal: Figure = Field(description="Without regard to what went in.")


class Origin(Record):
    """One place at which a change begins."""

    stage: str = Field(description="Stage it begins at, or whose inputs show it.")
    kind: OriginKind
    cause: StageEffect
    start: datetime | None = Field(description="Start of the window in which it most likely began.")
    earliest: datetime | None = Field(description="First window in which it may have begun.")
    latest: datetime | None = Field(description="Last window in which it may have begun.")
    words: str


class StageFinding(Record):
    """What monitoring found about one column of a stage's model in the range."""

    field: str
    role: str
    change: str
    status: str
    effect: Figure
    change_start: datetime | None


class StageFigures(Record):
    """A stage over a stretch of time; rates and means are weighted for the whole traffic."""

    events: int
    versions: tuple[str, ...]
    error_rate: Figure
    latency_ms: Figure = Field(description="Mean, in milliseconds.")
    traces: int = Field(description="Traces in which the stage was seen.")
    missing_rate: Figure = Field(
        description="Share of traces without it although every stage before it answered."
    )
    latency_share: Figure = Field(
        description="Its time over that of the whole trace, in complete traces; stages side by side overlap."
    )
    first_failures: int = Field(description="Traces that failed at this stage first.")


class StageState(Record):
    """One stage: what became of it between reference and range."""

    name: str
    model: str
    after: tuple[str, ...]
    verdict: StageVerdict
    words: str
    before: StageFigures
    now: StageFigures
    inputs: StageEffect | None = Field(description="Largest move of its inputs; null when none is shown.")
    outputs: StageEffect | None = Field(description="Largest move of its outputs, plain.")
    own: StageEffect | None = Field(description="Largest move of its outputs given what went in.")
    conditioned_on: tuple[str, ...] = Field(description="Columns that were held.")
    overlap: Figure = Field(description="Share of current rows whose inputs the reference knows.")
    effective_rows: Figure = Field(description="Reference rows after weighting.")
    not_checked: str = Field(description="Why outputs could not be compared given inputs; else empty.")
    findings: tuple[StageFinding, ...] = Field(description="Of monitoring, in the range, strongest first.")
    quality: str = Field(description="What realised quality says of its model in the range, in words.")


class StageWindowFigures(Record):
    """One stage in one window."""

    stage: str
    traces: int
    error_rate: Figure
    latency_ms: Figure
    latency_share: Figure
    missing_rate: Figure


class StageWindow(Record):
    """All stages in one window, by the time at which a trace begins."""

    window_start: datetime
    traces: int
    complete: int
    stages: tuple[StageWindowFigures, ...]


class StageReport(Record):
    """Where a change begins along a stage graph."""

    graph: StageGraphSummary
    reference_since: datetime
    since: datetime = Field(description="The reference ends and the range begins here.")
    until: datetime
    begins: Beginning
    words: tuple[str, ...]
    origins: tuple[Origin, ...] = Field(
        description="Most plausible first; several when their times overlap or a second change followed."
    )
    certain: bool = Field(description="Whether only one origin is plausible as the beginning.")
    traces: int = Field(description="Traces of the range.")
    complete: int = Field(description="Of these with every stage.")
    trace_words: str
    stages: tuple[StageState, ...]
    windows: tuple[StageWindow, ...] = Field(description="Oldest first, reference included.")
