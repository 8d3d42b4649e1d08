"""Baselines: the named references that windows are compared with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field, computed_field

from driftline.readmodel.baseline_quality import Quality, parse_quality
from driftline.readmodel.records import Figure, JsonObject, Record, parse_json_object
from driftline.store import Store, load_sql

_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)


class Baseline(Record):
    """One named reference of a model."""

    baseline_id: str
    version: str = Field(description="Version it belongs to; empty for any.")
    name: str
    source: str = Field(description="File or window it was made from.")
    created_at: datetime
    fields: tuple[str, ...] = Field(description="Columns it describes.")
    segments: tuple[str, ...] = Field(description="Segments that have counts of their own, as field=value.")
    rows: int
    effective_rows: Figure
    labelled: Figure = Field(description="Labelled rows of the reference.")
    correct: Figure = Field(description="Of them predicted right.")
    recipe: JsonObject = Field(description="How it is made and kept; kind says which of the five.")
    history_since: datetime | None = Field(description="Traffic from here; null without an order in time.")
    history_until: datetime | None = Field(description="Traffic up to here, exclusive.")
    window_seconds: int = Field(description="Length of the windows its noise was learned from; 0: none.")
    quality: Quality | None = Field(description="Its quality report; null when none was made.")
    proposal: str = Field(default="", description="What would be better, in words; empty when nothing would.")

    @computed_field(description="Share of its labelled rows that were predicted right, 0 to 1.")  # type: ignore[prop-decorator]
    @property
    def accuracy(self) -> float | None:
        return self.correct / self.labelled if self.labelled and self.correct is not None else None


def baselines(store: Store, model: str, limit: int = 50, baseline_id: str = "") -> list[Baseline]:
    """Baselines of a model, newest first; only one when its id is given."""
    rows = store.query(
        load_sql(__file__, "baselines"), {"model": model, "limit": limit, "baseline_id": baseline_id}
    )
    return [Baseline.model_validate(_with_parts(row)) for row in rows]


def _with_parts(row: dict[str, Any]) -> dict[str, Any]:
    known = row["history_until"] > _UNKNOWN
    return row | {
        "recipe": parse_json_object(row["recipe"]) or {"kind": "file"},
        "history_since": row["history_since"] if known else None,
        "history_until": row["history_until"] if known else None,
        "quality": parse_quality(row["quality"]),
    }
