"""A window that has been evaluated: its findings, and its status as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from detectors.decision import FieldDecision
from detectors.findings import Finding
from detectors.windows import WindowStatus


@dataclass(frozen=True, slots=True)
class EvaluatedWindow:
    """One version of a model in one closed window, as committed."""

    model: str
    version: str
    start: datetime
    end: datetime
    status: WindowStatus
    reason: str
    rows: int
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """Findings of fields that drifted."""
        return tuple(finding for finding in self.findings if finding.decision.status == "drifted")


def summarise(findings: Sequence[Finding]) -> tuple[WindowStatus, str]:
    """Status of a window: that of its worst decided field, else failed before insufficient_data."""
    failed = [finding for finding in findings if finding.decision.status == "failed"]
    aside = f"; {len(failed)} fields failed, first {failed[0].column}" if failed else ""
    for status in ("drifted", "watch", "ok"):
        matching = [finding for finding in findings if finding.decision.status == status]
        if matching:
            top = max(matching, key=lambda finding: _strength(finding.decision))
            others = f" and {len(matching) - 1} more" if len(matching) > 1 and status != "ok" else ""
            return status, f"{top.column}{others}: {top.decision.reason}{aside}"
    if failed:
        return "failed", f"{failed[0].column}: {failed[0].decision.reason}"
    if findings:
        return "insufficient_data", findings[0].decision.reason
    return "failed", "the contract has no field in common with the baseline"


def _strength(decision: FieldDecision) -> float:
    if not decision.threshold > 0:
        return 0.0
    return decision.evidence / decision.threshold
