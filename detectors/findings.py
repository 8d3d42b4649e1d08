"""Findings: what was decided about a field in a window, as stored and as passed on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from detectors.decision import FieldDecision, FieldStatus
from detectors.field_statistics import BinShare
from driftline.contracts import ColumnKind, Role
from driftline.ids import FindingId, derived_id
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class Finding:
    """One field of one version of a model in one window."""

    model: str
    version: str
    baseline_id: str
    window_start: datetime
    window_end: datetime
    column: str
    kind: ColumnKind
    role: Role
    decision: FieldDecision
    rows: float
    effective_rows: float
    floor: datetime
    statistics: dict[str, float] = field(default_factory=dict)
    top_bins: tuple[BinShare, ...] = ()

    @property
    def finding_id(self) -> FindingId:
        """The same for every evaluation of the same field, window and baseline."""
        return FindingId(
            derived_id(
                "fi", self.model, self.version, self.baseline_id, self.column, self.window_start.isoformat()
            )
        )


@dataclass(frozen=True, slots=True)
class FieldState:
    """What the last finding of a field says for the next one."""

    status: FieldStatus
    direction: str
    effect: float
    floor: datetime


def save_findings(store: Store, findings: Iterable[Finding]) -> None:
    """Write findings; evaluating a window again replaces its findings."""
    now = datetime.now(UTC)
    store.insert_rows(
        "findings",
        [
            {
                "finding_id": finding.finding_id,
                "model": finding.model,
                "version": finding.version,
                "baseline_id": finding.baseline_id,
                "window_start": finding.window_start,
                "window_end": finding.window_end,
                "field": finding.column,
                "kind": finding.kind,
                "role": finding.role,
                "status": finding.decision.status,
                "reason": finding.decision.reason,
                "effect": finding.decision.effect,
                "direction": finding.decision.direction,
                "evidence": finding.decision.evidence,
                "threshold": finding.decision.threshold,
                "scale": finding.decision.scale,
                "minimum_detectable_effect": finding.decision.minimum_detectable_effect,
                "rows": finding.rows,
                "effective_rows": finding.effective_rows,
                "statistics": finding.statistics,
                "top_bins": orjson.dumps([vars_of(bin_) for bin_ in finding.top_bins]).decode(),
                "floor": finding.floor,
                "computed_at": now,
            }
            for finding in findings
        ],
    )


def vars_of(bin_: BinShare) -> dict[str, object]:
    """A bin as JSON."""
    return {"label": bin_.label, "baseline": bin_.baseline, "current": bin_.current}


def load_states(
    store: Store, model: str, version: str, baseline_id: str, *, before: datetime
) -> dict[str, FieldState]:
    """State of every field in its newest window that starts before ``before``."""
    rows = store.query(
        load_sql(__file__, "findings"),
        {"model": model, "version": version, "baseline_id": baseline_id, "before": before},
    )
    return {
        row["field"]: FieldState(row["status"], row["direction"], row["effect"], row["floor"]) for row in rows
    }
