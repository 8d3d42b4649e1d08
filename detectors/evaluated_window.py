"""A window that has been evaluated: its findings, and its status as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from detectors.decision import FieldDecision
from detectors.findings import Finding
from detectors.windows import WindowStatus
from driftline.errors import DriftlineError
from driftline.store import Store


@dataclass(frozen=True, slots=True)
class EvaluatedWindow:
    """One version of a model in one closed window, as committed."""

    model: str
    version: str
    baseline_id: str
    start: datetime
    end: datetime
    status: WindowStatus
    reason: str
    rows: int
    findings: tuple[Finding, ...]
    weight_sum: float = 0.0
    effective_rows: float = 0.0

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """Findings of fields that drifted."""
        return tuple(finding for finding in self.findings if finding.decision.status == "drifted")

    @property
    def drifted_fields(self) -> tuple[str, ...]:
        """Names of fields that drifted, in any way and segment, each once."""
        return tuple(dict.fromkeys(name for finding in self.drifted for name in finding.fields))


ModelFailure = DriftlineError | ValueError | ArithmeticError | LookupError
FAILURES = (DriftlineError, ValueError, ArithmeticError, LookupError)
"""What one model's data or state can bring about, without touching the others."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one round did: windows evaluated, oldest first, and models that could not be."""

    windows: list[EvaluatedWindow] = field(default_factory=list)
    failed: dict[str, ModelFailure] = field(default_factory=dict)


def summarise(findings: Sequence[Finding]) -> tuple[WindowStatus, str]:
    """Status of a window: that of its worst decided field, else failed before insufficient_data.

    That a field is new or no longer declared decides nothing about the others.
    """
    deciding = [
        finding for finding in findings if finding.change != "schema" or finding.decision.status == "drifted"
    ]
    failed = [finding for finding in findings if finding.decision.status == "failed"]
    aside = f"; {len(failed)} fields failed, first {failed[0].column}" if failed else ""
    for status in ("drifted", "watch", "ok"):
        decided = [finding for finding in deciding if finding.decision.status == status]
        matching = [finding for finding in findings if finding.decision.status == status]
        if decided or (status == "watch" and matching and _any_decided(deciding)):
            top = max(matching, key=lambda finding: _strength(finding.decision))
            others = f" and {len(matching) - 1} more" if len(matching) > 1 and status != "ok" else ""
            return status, f"{top.label}{others}: {top.decision.reason}{aside}"
    if failed:
        return "failed", f"{failed[0].column}: {failed[0].decision.reason}"
    if findings:
        return "insufficient_data", findings[0].decision.reason
    return "failed", "the contract has no field in common with the baseline"


def _any_decided(findings: Sequence[Finding]) -> bool:
    return any(finding.decision.status in ("ok", "watch", "drifted") for finding in findings)


def _strength(decision: FieldDecision) -> float:
    if not decision.threshold > 0:
        return 0.0
    return decision.evidence / decision.threshold


def commit_windows(store: Store, windows: Sequence[EvaluatedWindow]) -> None:
    """Write the rows that mark windows as done."""
    if not windows:
        return
    now = datetime.now(UTC)
    store.insert(
        "windows",
        {
            "model": [window.model for window in windows],
            "version": [window.version for window in windows],
            "window_start": [window.start for window in windows],
            "window_end": [window.end for window in windows],
            "baseline_id": [window.baseline_id for window in windows],
            "status": [window.status for window in windows],
            "reason": [window.reason for window in windows],
            "rows": [window.rows for window in windows],
            "weight_sum": [window.weight_sum for window in windows],
            "effective_rows": [window.effective_rows for window in windows],
            "drifted_fields": [list(window.drifted_fields) for window in windows],
            "computed_at": [now] * len(windows),
        },
    )
