"""The quality report of a baseline: its size, what it covers, what it can show, and what is wrong with it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, ValidationError

from driftline.readmodel.records import Figure, Record

Verdict = Literal["good", "usable", "weak"]


class Detectable(Record):
    """Smallest changes that are found in 95% of cases within so many windows of usual size."""

    windows: int = Field(description="Windows after the change.")
    location_sd: Figure = Field(description="Shift of a numeric field in its standard deviations.")
    category_points: Figure = Field(
        description="Rise of the most frequent category's share in percentage points."
    )
    missing_points: Figure = Field(description="Rise of the missing share in percentage points.")


class FieldQuality(Record):
    """One field of a baseline."""

    field: str
    kind: str
    missing_share: float = Field(description="Of its rows, 0 to 1.")
    distinct: int | None = Field(description="Categories in all; null for a numeric field.")
    trouble: tuple[str, ...] = Field(description="What makes it blind or noisy, in words.")
    noise: str = Field(description="What was learned about its windows, in words.")
    detects: tuple[Detectable, ...]


class StretchQuality(Record):
    """A part of the history that was left out, or taken although it was not normal."""

    since: datetime
    until: datetime
    why: str


class SegmentQuality(Record):
    """One value of a segment field; when not kept it is watched as part of the whole only."""

    segment: str = Field(description="field=value")
    rows: int
    kept: bool
    why: str = Field(description="Why not.")


class HistoryQuality(Record):
    """The stretch of traffic that a baseline was made of."""

    since: datetime
    until: datetime
    windows: int = Field(description="In the stretch.")
    taken: int
    left_out: int = Field(description="For a reason that the stretches name.")
    empty: int = Field(description="Without any traffic.")
    hours_of_week: int = Field(description="Hours of the week, of 168, in which a taken window lies.")
    kept_share: Figure = Field(description="Of the predictions that passed the collectors, 0 to 1.")
    dropped_share: Figure = Field(description="Of them lost on their way, 0 to 1.")
    stretches_left_out: tuple[StretchQuality, ...]
    stretches_noted: tuple[StretchQuality, ...] = Field(
        description="Not normal, but taken because the owner chose the stretch."
    )


class Quality(Record):
    """The report."""

    verdict: Verdict
    reasons: tuple[str, ...] = Field(description="Why it is no better; none for a good one.")
    made: str = Field(description="How it is made and kept, in words.")
    rows: int
    effective_rows: float
    window_rows: float = Field(description="Effective rows of a usual window, as assumed by detects.")
    window_rows_from: str = Field(description="Where that figure comes from.")
    window_seconds: int
    history: HistoryQuality | None = Field(description="Null when its rows have no order in time.")
    fields: tuple[FieldQuality, ...]
    segments: tuple[SegmentQuality, ...]

    @property
    def text(self) -> str:
        """Verdict and reasons in a sentence."""
        return f"{self.verdict}: {'; '.join(self.reasons)}" if self.reasons else self.verdict


def parse_quality(text: str) -> Quality | None:
    """A stored report; ``None`` when there is none, or one of another version that cannot be read."""
    if not text:
        return None
    try:
        return Quality.model_validate_json(text)
    except ValidationError:
        # A view must not fail because an older Driftline wrote the report differently.
        return None
