"""Closed windows of a model: how much was compared, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Figure, Record
from driftline.store import Store, load_sql

WindowStatus = Literal["ok", "watch", "drifted", "insufficient_data", "no_baseline", "failed"]


class Window(Record):
    """One version of a model in one closed window."""

    version: str
    window_start: datetime
    window_end: datetime
    baseline_id: str = Field(description="Baseline it was compared with; empty when there was none.")
    status: WindowStatus
    reason: str = Field(description="Why it has that status.")
    rows: int = Field(description="Sampled predictions in the window.")
    weight_sum: Figure = Field(description="Predictions that the sampled ones stand for.")
    effective_rows: Figure = Field(description="Independent rows the weighted sample is worth.")
    drifted_fields: tuple[str, ...]
    computed_at: datetime


def windows(store: Store, model: str, span: Range, version: str = "") -> list[Window]:
    """Closed windows of a model, newest first; of every version unless one is named."""
    rows = store.query(
        load_sql(__file__, "windows"), {"model": model, "version": version, **span.parameters()}
    )
    return [Window.model_validate(row) for row in rows]
