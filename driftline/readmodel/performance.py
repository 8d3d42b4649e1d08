"""Quality of a model: what labels that came later say, or an estimate without them, with intervals."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import Field, computed_field

from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Figure, JsonObject, Record, parse_json_object
from driftline.store import Store, load_sql

PerformanceStatus = Literal["ok", "watch", "decayed", "insufficient_data", "no_baseline", "reported"]
"""``reported``: a figure beside the one that decides."""

ALL: Final = "*"
"""Every metric, basis or segment."""


class Performance(Record):
    """One metric of one version in one window."""

    version: str
    window_start: datetime
    window_end: datetime
    metric: str
    segment: str = Field(default="", description="Rows it is about, as field=value; empty: all.")
    basis: str = Field(default="", description="Empty: realised, from labels; else the estimator.")
    class_name: str = Field(default="", description="Class of a per-class metric, level of TAR at FAR.")
    value: Figure = Field(description="The metric; accuracy is a share, 0 to 1.")
    lower: Figure = Field(description="Lower end of its confidence interval.")
    upper: Figure = Field(description="Upper end of its confidence interval.")
    baseline_value: Figure = Field(description="The same metric on the baseline.")
    baseline_lower: Figure = Field(default=None, description="Lower end of the baseline's interval.")
    baseline_upper: Figure = Field(default=None, description="Upper end of the baseline's interval.")
    risk_lower: Figure = Field(
        default=None, description="What the mean loss is at least, valid however often it is looked at."
    )
    risk_limit: Figure = Field(
        default=None, description="Mean loss that is accepted: the reference's upper bound and the tolerance."
    )
    labelled: int = Field(description="Sampled predictions of the window that have a label.")
    effective_labelled: Figure = Field(description="Independent labels the weighted ones are worth.")
    rows: int = Field(description="Sampled predictions in the window.")
    evidence: Figure = Field(description="Standardised deviation below the accepted level.")
    threshold: Figure = Field(description="Evidence needed to call it decayed.")
    status: PerformanceStatus
    reason: str
    details: JsonObject = Field(default_factory=dict, description="Confusion matrix, calibration bins, …")
    computed_at: datetime

    @computed_field(description="Share of the window's rows that have a label, 0 to 1.")  # type: ignore[prop-decorator]
    @property
    def labelled_share(self) -> float | None:
        return self.labelled / self.rows if self.rows else None


def performance(
    store: Store,
    model: str,
    span: Range,
    version: str = "",
    *,
    metric: str = "",
    basis: str = "",
    segment: str = "",
) -> list[Performance]:
    """Quality of a model's windows, newest first; of every version unless one is named.

    Without a metric the one that decides decay, without a basis the realised one, without a segment all
    rows; :data:`ALL` in place of a name asks for every one.
    """
    asked = {"model": model, "version": version, "metric": metric, "basis": basis, "segment": segment}
    rows = store.query(load_sql(__file__, "performance"), {**asked, **span.parameters()})
    return [Performance.model_validate(row | {"details": parse_json_object(row["details"])}) for row in rows]
