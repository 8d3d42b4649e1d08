"""Fields of a model: what the statistics say of each measured column, now and over time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import Field, computed_field

from driftline.readmodel.ranges import Range, milliseconds
from driftline.readmodel.records import Figure, Record
from driftline.store import Store, load_sql

FindingStatus = Literal["ok", "watch", "drifted", "insufficient_data", "failed"]
Change = Literal["distribution", "missing", "unseen", "schema", "multivariate", "correlation"]


class Finding(Record):
    """One measured column of one version in one window, compared with its baseline."""

    version: str
    baseline_id: str
    window_start: datetime
    window_end: datetime
    field: str = Field(
        description="Column of the model, e.g. image.brightness; (inputs) or (outputs) for several at once."
    )
    segment: str = Field(description="Rows it is about, as field=value; empty for all.")
    change: Change = Field(description="Kind of change that was looked for.")
    kind: str
    role: str
    status: FindingStatus
    reason: str
    effect: Figure = Field(description="Largest change in standard units; its sign is its direction.")
    direction: str = Field(description="Which score carries the effect, e.g. location.")
    evidence: Figure = Field(description="Standardised deviation of the strongest scan.")
    threshold: Figure = Field(description="Evidence needed under the false-alarm budget.")
    scale: int = Field(description="Windows pooled by the strongest scan.")
    minimum_detectable_effect: Figure = Field(
        description="Smallest effect that would be found 95 times in 100, in standard units."
    )
    budget: Figure = Field(description="Nominal false episodes a year allotted to this finding.")
    change_start: datetime | None = Field(description="Most likely first window of the change.")
    change_earliest: datetime | None = Field(description="First window in which it may have begun.")
    change_latest: datetime | None = Field(description="Last window in which it may have begun.")
    rows: Figure
    effective_rows: Figure
    statistics: dict[str, Figure] = Field(description="Psi, js, ks, wasserstein and so on, by name.")
    carriers: dict[str, Figure] = Field(
        description="Of several fields at once: which fields and segments carry the change, shares of 1."
    )
    top_bins: tuple[dict[str, Any], ...] = Field(description="Bins that moved most, with their shares.")
    computed_at: datetime

    @computed_field(  # type: ignore[prop-decorator]
        description="Evidence over threshold: 1 and more is evidence enough, comparable between fields."
    )
    @property
    def strength(self) -> float | None:
        if self.evidence is None or not self.threshold:
            return None
        return abs(self.evidence) / self.threshold


def latest_findings(store: Store, model: str, since: datetime) -> list[Finding]:
    """Findings of each version's newest closed window that begins at or after ``since``."""
    rows = store.query(load_sql(__file__, "fields_latest"), {"model": model, "since_ms": milliseconds(since)})
    return [_finding(row) for row in rows]


def finding_history(
    store: Store, model: str, span: Range, field: str = "", version: str = "", segment: str = ""
) -> list[Finding]:
    """Findings over time, newest first; of every column and version unless they are named.

    Without a segment they are about all rows, and about segments only where something moved.
    """
    rows = store.query(
        load_sql(__file__, "fields_history"),
        {"model": model, "field": field, "version": version, "segment": segment, **span.parameters()},
    )
    return [_finding(row) for row in rows]


def by_strength(findings: list[Finding]) -> list[Finding]:
    """Findings with the worst first: by status, then by strength of the evidence."""
    order = {"drifted": 0, "watch": 1, "failed": 2, "ok": 3, "insufficient_data": 4}
    return sorted(findings, key=lambda found: (order[found.status], -(found.strength or 0.0), found.field))


def _finding(row: dict[str, Any]) -> Finding:
    return Finding.model_validate(row | {"top_bins": _parse_bins(row["top_bins"])})


def _parse_bins(text: str) -> list[dict[str, Any]]:
    try:
        parsed = orjson.loads(text) if text else []
    except orjson.JSONDecodeError:
        return []
    if not isinstance(parsed, list):
        return []
    return [entry if isinstance(entry, dict) else {"bin": entry} for entry in parsed]
