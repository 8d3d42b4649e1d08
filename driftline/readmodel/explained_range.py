"""One field over many windows beside its baseline, from stored profiles."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from driftline.readmodel.bins import Bin
from driftline.readmodel.explanation import Measure, Rate
from driftline.readmodel.fields import FindingStatus
from driftline.readmodel.records import Figure, Record


class Moments(Record):
    """Where a field's values lie, in its unit; all null for categories or without values."""

    mean: Figure
    std: Figure
    minimum: Figure
    maximum: Figure


class DecidedWindows(Record):
    """How many windows of the range were decided so."""

    change: str = Field(description="distribution, or what the findings of their own kind are about.")
    status: FindingStatus
    windows: int


class ExplainedRange(Record):
    """One field over a range of windows: what was counted, merged, beside the baseline.

    Evidence is weighed window by window; nothing is decided here for the range as a whole.
    """

    model: str
    field: str
    kind: str
    version: str
    segment: str = Field(description="Empty for all rows, else field=value.")
    since: datetime = Field(description="As asked for: windows that begin at or after it.")
    until: datetime = Field(description="As asked for: windows that begin before it.")
    first_window: datetime = Field(description="Start of the first window merged.")
    end: datetime = Field(description="End of the last window merged.")
    windows: int = Field(description="Windows merged.")
    left_out: int = Field(description="Windows of this version counted over another baseline's bins.")
    words: tuple[str, ...] = Field(description="What is known, sentence by sentence.")
    decided: tuple[DecidedWindows, ...] = Field(description="Decisions that were made window by window.")
    rows: int
    effective_rows: Figure
    current: Moments
    baseline: Moments
    baseline_id: str
    baseline_name: str
    baseline_source: str
    baseline_rows: int
    baseline_effective_rows: Figure
    statistics: tuple[Measure, ...] = Field(description="Of the merged counts against the baseline's.")
    rates: tuple[Rate, ...]
    bins: tuple[Bin, ...] = Field(description="Current is the share of the whole range.")
    moved: tuple[Bin, ...] = Field(description="Bins whose share moved most, largest move first.")
