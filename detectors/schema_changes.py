"""Fields that came or went: a change of what a model is sent, not of how its values are distributed."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import BaselineColumn
from detectors.decision import FieldDecision
from detectors.findings import ChangeKind, Finding
from detectors.profiles.layout import MISSING_AT
from detectors.profiles.model_counts import ModelCounts
from detectors.targets import Targets
from detectors.watched import Watched
from driftline.contracts import Role

VANISHED_FROM = 0.5
"""A field that was missing in a larger share of the baseline than this cannot vanish."""


def schema_findings(
    watched: Watched,
    counts: ModelCounts,
    targets: Targets,
    min_samples: float,
) -> list[Finding]:
    """What came and went in each target window that has events.

    - A field that the baseline does not have: ``watch``, until a new baseline knows it.
    - A field that the contract no longer has: ``watch`` as well.
    - A field that the baseline has and of which a window of at least ``min_samples`` effective rows holds
      no value at all: ``drifted``. That is no matter of evidence and spends no budget.

    Parameters
    ----------
    counts
        Cells of all rows of the version, whose windows lie among the targets.
    """
    result = []
    values = counts.counts[:, :, :MISSING_AT].sum(axis=2)
    effective = counts.effective_rows
    for cell in np.flatnonzero([segment == "" for segment in counts.segments]).tolist():
        about = _About(watched, counts, cell, targets, float(effective[cell]))
        for column in watched.appeared:
            name = watched.baseline.name
            reason = f"baseline {name!r} has no such field: make a new one with `driftline baseline`"
            result.append(
                about.finding(
                    column.name,
                    column.kind,
                    column.role,
                    "distribution",
                    FieldDecision("insufficient_data", reason),
                )
            )
            result.append(
                about.finding(
                    column.name,
                    column.kind,
                    column.role,
                    "schema",
                    FieldDecision("watch", f"appeared: {reason}", direction="appeared"),
                )
            )
        for name in watched.vanished:
            decision = FieldDecision(
                "watch", "the contract no longer has this field, the baseline does", direction="vanished"
            )
            kind = watched.baseline.columns[name].layout.kind
            result.append(about.finding(name, kind, "input", "schema", decision))
        if effective[cell] >= min_samples:
            result += _empty_fields(watched, counts, cell, values[cell], about)
    return result


def _empty_fields(
    watched: Watched, counts: ModelCounts, cell: int, values: NDArray[np.float64], about: _About
) -> list[Finding]:
    result = []
    for at in np.flatnonzero(values <= 0).tolist():
        name = counts.columns[at]
        reference = watched.baseline.columns[name]
        before = _missing_share(reference)
        if not before <= VANISHED_FROM:
            continue
        decision = FieldDecision(
            "drifted",
            f"vanished: no value in {counts.rows[cell]:,} rows, {1 - before:.0%} of the baseline's had one",
            effect=2 * (math.pi / 2 - math.asin(math.sqrt(before))),
            direction="vanished",
            scale=1,
        )
        role = next(c.role for stack in watched.stacks for c in stack.columns if c.name == name)
        result.append(about.finding(name, reference.layout.kind, role, "schema", decision))
    return result


def _missing_share(reference: BaselineColumn) -> float:
    total = float(reference.counts.sum())
    return float(reference.counts[-1]) / total if total > 0 else math.nan


class _About:
    """What the findings of one window have in common."""

    def __init__(
        self, watched: Watched, counts: ModelCounts, cell: int, targets: Targets, effective_rows: float
    ) -> None:
        self._watched = watched
        self._start = targets.start(int(counts.starts[cell]) // targets.window_seconds)
        self._end = self._start + timedelta(seconds=targets.window_seconds)
        self._rows, self._effective_rows = float(counts.rows[cell]), effective_rows

    def finding(
        self, column: str, kind: str, role: Role, change: ChangeKind, decision: FieldDecision
    ) -> Finding:
        return Finding(
            model=self._watched.model,
            version=self._watched.version,
            baseline_id=self._watched.baseline.baseline_id,
            window_start=self._start,
            window_end=self._end,
            column=column,
            kind=kind,
            role=role,
            decision=decision,
            rows=self._rows,
            effective_rows=self._effective_rows,
            change=change,
        )
