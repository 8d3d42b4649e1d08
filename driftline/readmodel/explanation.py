"""Why a field has the status it has: everything that is known of one field in one window, and in words."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from driftline.readmodel.bins import Bin
from driftline.readmodel.fields import FindingStatus
from driftline.readmodel.records import Figure, Record


class Measure(Record):
    """One statistic with what it is worth."""

    name: str
    value: Figure
    lower: Figure = Field(description="Lower end of the 95% interval for unlimited data.")
    upper: Figure = Field(
        description="Upper end of the 95% interval for unlimited data; null: there is no upper limit, as for "
        "PSI and KL when a bin may be empty on one side."
    )
    detectable: Figure = Field(
        description="True value that one comparison of this size finds 95 times in 100."
    )
    p_value: Figure = Field(
        description="Chance of a value this far out when nothing changed: one look, rows independent."
    )


class Rate(Record):
    """Share of rows that are missing, unseen or out of range, and its change against the baseline."""

    name: str
    baseline: Figure
    current: Figure
    change: Figure
    lower: Figure = Field(description="Lower end of the change's 95% interval.")
    upper: Figure = Field(description="Upper end of the change's 95% interval.")
    detectable: Figure = Field(description="Smallest rise that one comparison finds 95 times in 100.")


class Change(Record):
    """When the change began."""

    start: datetime = Field(description="Most likely first window of the change.")
    earliest: datetime = Field(description="First window in which it may plausibly have begun.")
    latest: datetime = Field(description="Last window in which it may plausibly have begun.")


class OtherFinding(Record):
    """A finding of its own kind about the same field: missing, unseen or schema."""

    change: str
    status: str
    reason: str
    effect: Figure
    evidence: Figure
    threshold: Figure


class SampleEvent(Record):
    """A stored event of the window whose value lies in a bin that gained."""

    event_id: str
    ts: datetime
    value: float | str | None = Field(description="Null when it is missing.")
    bin: str
    version: str
    instance: str


class RowTests(Record):
    """Exact two-sample tests on a bounded sample of stored rows."""

    tests: tuple[Measure, ...]
    baseline_rows: int
    current_rows: int
    reason: str = Field(description="Why there are none; empty when there are.")


class Origin(Record):
    """One version, instance or segment in the window, and how much of the change it carries."""

    kind: str = Field(description="version, instance, or the name of a segment field.")
    name: str
    rows: int
    share: Figure = Field(description="Of the window's weighted rows.")
    carried: Figure = Field(
        description="Share of the field's whole change that comes from these rows; those of a kind sum to 1."
    )


class Explanation(Record):
    """One field in one window: its status in words, and the figures they rest on."""

    model: str
    field: str
    kind: str
    role: str
    version: str
    segment: str = Field(description="Empty for all rows, else field=value.")
    window_start: datetime
    window_end: datetime
    status: FindingStatus
    words: tuple[str, ...] = Field(description="What is known, sentence by sentence.")
    reason: str = Field(description="The same as the finding has it, in figures.")
    effect: Figure = Field(description="In standard units; its sign is its direction.")
    direction: str
    evidence: Figure
    threshold: Figure
    minimum_detectable_effect: Figure
    scale: int = Field(description="Windows pooled by the strongest scan.")
    tolerance: float = Field(description="Smallest effect that counts as drift.")
    budget: Figure = Field(description="Nominal false episodes a year allotted to this field.")
    model_budget: float = Field(description="Nominal false episodes a year of the whole model.")
    change: Change | None
    others: tuple[OtherFinding, ...]
    rows: int
    effective_rows: Figure
    baseline_id: str
    baseline_name: str
    baseline_source: str
    baseline_rows: int
    baseline_effective_rows: Figure
    statistics: tuple[Measure, ...]
    rates: tuple[Rate, ...]
    bins: tuple[Bin, ...]
    moved: tuple[Bin, ...] = Field(description="Bins whose share moved most, largest move first.")
    events: tuple[SampleEvent, ...] = Field(description="Some to look at, from the bins that gained most.")
    row_tests: RowTests
    origins: tuple[Origin, ...] = Field(description="Largest part of the change first, kind by kind.")
