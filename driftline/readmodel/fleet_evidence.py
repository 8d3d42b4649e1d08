"""What the newest windows of a whole fleet say, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline.readmodel.ranges import milliseconds
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class VersionEvidence:
    """All decided findings of single fields of one version in its newest window, one element each.

    Attributes
    ----------
    budget
        False episodes a year that all its fields and segments may have together.
    evidence, thresholds
        In standard deviations, of the strongest score of each finding.
    field_budgets
        False episodes a year that the field of each finding may have.
    """

    model: str
    version: str
    window_start: datetime
    window_end: datetime
    budget: float
    fields: Sequence[str]
    segments: Sequence[str]
    evidence: Sequence[float]
    thresholds: Sequence[float]
    field_budgets: Sequence[float]


def fleet_evidence(store: Store, since: datetime) -> list[VersionEvidence]:
    """Newest windows of all models that had one since then, by model and version.

    A version serves when its newest window is the newest of its model; only those are told.
    """
    rows = store.query(load_sql(__file__, "fleet_evidence"), {"since_ms": milliseconds(since)})
    return [VersionEvidence(**row) for row in rows]
