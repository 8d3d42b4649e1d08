"""Why a model's loss changed, as API, command line and pages show it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.records import Figure, Record

LossStatus = Literal[
    "explained",
    "unexplained",
    "no_change",
    "insufficient_data",
    "no_quality",
    "no_baseline",
    "no_reference",
    "empty_range",
    "no_labels",
]
LossBasis = Literal["realised", "cbpe", "dle", ""]


class LossPart(Record):
    """A part of the change of the mean loss with its 95% interval, in the loss's unit."""

    value: Figure
    lower: Figure
    upper: Figure


class NamedCause(Record):
    """A field or segment that explains part of the change, after the causes before it are taken off."""

    name: str = Field(description="A column, or column=value.")
    column: str
    kind: Literal["moved", "changed"] = Field(
        description="moved: more rows where the loss was higher already; changed: another loss at the same "
        "values."
    )
    region: str = Field(description="Of a changed column: the values at which it changed.")
    part: LossPart
    share: Figure = Field(description="The part as a share of the change.")
    loss_before: Figure
    loss_now: Figure
    share_now: Figure = Field(description="Of the current rows that lie there.")
    alike: tuple[str, ...] = Field(description="Correlated columns that show the same.")


class SegmentPart(Record):
    """One segment's part of the change: from its share of the rows, and from its own loss."""

    column: str
    value: str
    share_before: Figure
    share_now: Figure
    loss_before: Figure
    loss_now: Figure
    mix: LossPart
    within: LossPart
    effective_before: Figure
    effective_now: Figure


class FieldPart(Record):
    """One column on its own: what its moved distribution explains, and the rest."""

    column: str
    moved: LossPart
    within: LossPart
    region: str
    excess: LossPart | None
    region_before: Figure
    region_now: Figure
    region_share: Figure


class LossRange(Record):
    """One side of the comparison."""

    since: datetime | None = Field(description="Absent: rows that were handed over, without a known order.")
    until: datetime | None
    rows: int = Field(description="Rows looked at.")
    effective_rows: Figure
    loss: Figure = Field(description="Mean loss.")


class LossExplanation(Record):
    """Which fields and segments explain the change of the mean loss against the baseline."""

    model: str
    version: str
    status: LossStatus
    metric: str = Field(description="Whose loss it is.")
    basis: LossBasis = Field(description="realised from labels, or the estimator whose loss it is.")
    baseline_name: str
    before: LossRange
    now: LossRange
    change: LossPart
    causes: tuple[NamedCause, ...] = Field(description="Largest first.")
    rest: LossPart = Field(description="What the causes leave.")
    segments: tuple[SegmentPart, ...] = Field(description="Each on its own, largest part first.")
    fields: tuple[FieldPart, ...] = Field(description="Each on its own, largest part first.")
    words: tuple[str, ...]
