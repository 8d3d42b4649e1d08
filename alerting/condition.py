"""The condition of a model now, read from the committed windows of the versions in service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftline.store import Store, load_sql

DECIDED = ("ok", "watch", "drifted")
JUDGED = ("ok", "watch", "decayed")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that drifted, with the figures it rests on."""

    field: str
    reason: str
    effect: float
    evidence: float
    threshold: float
    effective_rows: float
    minimum_detectable_effect: float

    def as_json(self) -> dict[str, Any]:
        """The change as JSON."""
        return {
            "field": self.field,
            "reason": self.reason,
            "effect": self.effect,
            "evidence": self.evidence,
            "threshold": self.threshold,
            "effective_rows": self.effective_rows,
            "minimum_detectable_effect": self.minimum_detectable_effect,
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """Realised quality of one version in one window."""

    window_start: datetime
    value: float
    lower: float
    upper: float
    baseline_value: float
    labelled: int
    rows: int
    status: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "window_start": self.window_start.isoformat(),
            "accuracy": self.value,
            "interval_95": [self.lower, self.upper],
            "baseline_accuracy": self.baseline_value,
            "labelled": self.labelled,
            "rows": self.rows,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class VersionCondition:
    """One version in service.

    Attributes
    ----------
    drift_statuses
        Decided statuses of its newest windows, newest first; windows without enough data are not here.
    qualities
        Judged quality of its newest windows, newest first.
    changes
        Fields that drifted in the newest decided window.
    """

    version: str
    window_start: datetime
    drift_statuses: tuple[str, ...]
    qualities: tuple[Quality, ...]
    changes: tuple[FieldChange, ...]

    @property
    def drifting(self) -> bool:
        """Whether the newest decided window drifted."""
        return self.drift_statuses[:1] == ("drifted",)

    @property
    def decaying(self) -> bool:
        """Whether the newest judged window decayed."""
        return bool(self.qualities) and self.qualities[0].status == "decayed"


@dataclass(frozen=True, slots=True)
class ModelCondition:
    """All versions in service of one model: those with events in its newest window."""

    model: str
    versions: tuple[VersionCondition, ...]

    @property
    def drifting(self) -> bool:
        """Whether any version in service drifts."""
        return any(version.drifting for version in self.versions)

    @property
    def decaying(self) -> bool:
        """Whether any version in service decays."""
        return any(version.decaying for version in self.versions)

    def healthy_for(self, windows: int, *, quality_too: bool) -> bool:
        """Whether every version in service was found healthy in that many successive decisions.

        Windows that decide nothing count neither way, so silence is never taken for health.
        """

        def steady(statuses: Sequence[str], bad: str) -> bool:
            return len(statuses) >= windows and bad not in statuses[:windows]

        return bool(self.versions) and all(
            steady(version.drift_statuses, "drifted")
            and (not quality_too or steady([quality.status for quality in version.qualities], "decayed"))
            for version in self.versions
        )


def read_condition(store: Store, model: str, *, windows: int) -> ModelCondition:
    """Condition of a model from its ``windows`` newest decisions a version."""
    rows = store.query(load_sql(__file__, "condition_windows"), {"model": model, "windows": windows})
    if not rows:
        return ModelCondition(model, ())
    newest = max(row["window_start"] for row in rows)
    in_service = sorted({row["version"] for row in rows if row["window_start"] == newest})
    versions = []
    for version in in_service:
        decided = [row for row in rows if row["version"] == version and row["status"] in DECIDED]
        changes: tuple[FieldChange, ...] = ()
        if decided and decided[0]["status"] == "drifted":
            found = store.query(
                load_sql(__file__, "condition_fields"),
                {"model": model, "version": version, "window_start": decided[0]["window_start"]},
            )
            changes = tuple(FieldChange(**row) for row in found)
        quality_rows = store.query(
            load_sql(__file__, "condition_quality"),
            {"model": model, "version": version, "windows": windows, "judged": list(JUDGED)},
        )
        versions.append(
            VersionCondition(
                version=version,
                window_start=decided[0]["window_start"] if decided else newest,
                drift_statuses=tuple(row["status"] for row in decided),
                qualities=tuple(Quality(**row) for row in quality_rows),
                changes=changes,
            )
        )
    return ModelCondition(model, tuple(versions))
