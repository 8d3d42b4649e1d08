"""Realised quality of a model: what labels that came later say, with its interval."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, computed_field

from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Figure, Record
from driftline.store import Store, load_sql

PerformanceStatus = Literal["ok", "watch", "decayed", "insufficient_data", "no_baseline"]


class Performance(Record):
    """One metric of one version in one window."""

    version: str
    window_start: datetime
    window_end: datetime
    metric: str
    value: Figure = Field(description="The metric; accuracy is a share, 0 to 1.")
    lower: Figure = Field(description="Lower end of its confidence interval.")
    upper: Figure = Field(description="Upper end of its confidence interval.")
    baseline_value: Figure = Field(description="The same metric on the baseline.")
    labelled: int = Field(description="Sampled predictions of the window that have a label.")
    effective_labelled: Figure = Field(description="Independent labels the weighted ones are worth.")
    rows: int = Field(description="Sampled predictions in the window.")
    evidence: Figure = Field(description="Standardised deviation below the accepted level.")
    threshold: Figure = Field(description="Evidence needed to call it decayed.")
    status: PerformanceStatus
    reason: str
    computed_at: datetime

    @computed_field(description="Share of the window's rows that have a label, 0 to 1.")  # type: ignore[prop-decorator]
    @property
    def labelled_share(self) -> float | None:
        return self.labelled / self.rows if self.rows else None


def performance(store: Store, model: str, span: Range, version: str = "") -> list[Performance]:
    """Quality of a model's windows, newest first; of every version unless one is named."""
    rows = store.query(
        load_sql(__file__, "performance"), {"model": model, "version": version, **span.parameters()}
    )
    return [Performance.model_validate(row) for row in rows]
