"""Baselines: the named references that windows are compared with."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, computed_field

from driftline.readmodel.records import Figure, Record
from driftline.store import Store, load_sql


class Baseline(Record):
    """One named reference of a model."""

    baseline_id: str
    version: str = Field(description="Version it belongs to; empty for any.")
    name: str
    source: str = Field(description="File or window it was made from.")
    created_at: datetime
    fields: tuple[str, ...] = Field(description="Columns it describes.")
    rows: int
    effective_rows: Figure
    labelled: Figure = Field(description="Labelled rows of the reference.")
    correct: Figure = Field(description="Of them predicted right.")

    @computed_field(description="Share of its labelled rows that were predicted right, 0 to 1.")  # type: ignore[prop-decorator]
    @property
    def accuracy(self) -> float | None:
        return self.correct / self.labelled if self.labelled and self.correct is not None else None


def baselines(store: Store, model: str, limit: int = 50) -> list[Baseline]:
    """Baselines of a model, newest first."""
    rows = store.query(load_sql(__file__, "baselines"), {"model": model, "limit": limit})
    return [Baseline.model_validate(row) for row in rows]
