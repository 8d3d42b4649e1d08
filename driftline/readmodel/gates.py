"""What the gate found about a candidate, as the API, the command and the pages show it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.records import Figure, Record
from driftline.readmodel.version_comparison import RiskDifference
from driftline.store import Store, load_sql

GateVerdict = Literal["pass", "fail", "undecided", "no_evidence"]
CheckStatus = Literal["pass", "fail", "undecided"]


class GateCheck(Record):
    """One thing that a candidate has to show."""

    kind: Literal["labels", "answered", "overall", "drifted", "segment", "limit"]
    name: str = Field(description="What is checked: a segment as field=value, a limit as it was written.")
    status: CheckStatus
    words: str
    value: Figure = Field(description="The figure that is checked, in its own unit; null when unknown.")
    lower: Figure = Field(description="Its interval.")
    upper: Figure


class GateFigure(Record):
    """One metric of champion and candidate on the same rows."""

    metric: str
    class_name: str
    slice: Literal["all", "drifted"]
    champion: Figure
    champion_lower: Figure
    champion_upper: Figure
    candidate: Figure
    candidate_lower: Figure
    candidate_upper: Figure
    labels: int = Field(description="Labelled rows behind the candidate's.")


class GateRows(Record):
    """How complete the answers are that were handed in."""

    expected: int = Field(description="Evaluation rows that were given out.")
    answered: int
    unknown: int = Field(description="Answers to events that are no labelled answer of the champion.")


class GateReport(Record):
    """Whether a candidate may be deployed, and what speaks for and against it."""

    model: str
    version: str = Field(description="The candidate.")
    champion: str
    verdict: GateVerdict = Field(
        description="undecided: nothing speaks against it, but not everything is shown; no pass either."
    )
    evidence: Literal["answers", "traffic", "none"] = Field(
        description="answers: handed in for stored events; traffic: as a shadow or canary."
    )
    pairing: Literal["event", "trace", "key", "unpaired"]
    since: datetime
    until: datetime
    drifted_since: datetime | None = Field(description="Where the drifted slice begins; null without one.")
    metric: str
    margin: float
    alpha: float
    words: tuple[str, ...]
    checks: tuple[GateCheck, ...]
    overall: RiskDifference | None
    drifted: RiskDifference | None
    segments: tuple[RiskDifference, ...]
    figures: tuple[GateFigure, ...]
    rows: GateRows | None
    made_at: datetime
    signature: int = Field(description="Changes when evidence or criteria change.")


class GateOverride(Record):
    """A person let a candidate through, or took that back."""

    author: str
    reason: str
    at: datetime


class GateAnswer(Record):
    """The gate's answer to whoever wants to deploy."""

    model: str
    version: str
    verdict: GateVerdict
    allowed: bool = Field(description="Whether it may be deployed: it passed, or a person let it through.")
    override: GateOverride | None
    report_url: str
    report: GateReport


def newest_gate_report(store: Store, model: str, version: str) -> GateReport | None:
    """The newest report about a candidate."""
    found = gate_reports(store, model, version, 1)
    return found[0] if found else None


def gate_reports(store: Store, model: str, version: str = "", most: int = 50) -> list[GateReport]:
    """Reports about one candidate or all of a model, the newest first."""
    rows = store.query(load_sql(__file__, "gate_reports"), {"model": model, "version": version, "most": most})
    return [GateReport.model_validate_json(row["body"]) for row in rows]
