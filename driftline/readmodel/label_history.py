"""Every label that came for one event."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from driftline.readmodel.records import Record
from driftline.store import Store, load_sql


class LabelEntry(Record):
    """One label as it was delivered."""

    name: str = Field(description="Empty: the truth; else the business figure.")
    label: str
    labelled_at: datetime = Field(description="When it was found.")
    received_at: datetime = Field(description="When it came.")
    propensity: float = Field(description="Probability that this event would be labelled.")
    source: str = Field(description="File, query or client that it came from.")
    counts: bool = Field(description="Whether it is the newest of its name, the one that counts.")


def label_history(store: Store, model: str, event_id: str) -> list[LabelEntry]:
    """Labels of an event (or of a key), newest first."""
    rows = store.query(load_sql(__file__, "label_history"), {"model": model, "event_id": event_id})
    return [LabelEntry(**row | {"counts": bool(row["counts"])}) for row in rows]
