"""Findings: what was decided about a field in a window, as stored and as passed on."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import orjson

from detectors.decision import FieldDecision
from detectors.field_statistics import BinShare
from driftline.contracts import Role
from driftline.ids import FindingId, derived_id
from driftline.store import Store

ChangeKind = Literal["distribution", "missing", "unseen", "schema", "multivariate", "correlation"]

MOST_CARRIERS, LEAST_SHARE = 3, 0.15
"""So many fields are named of those that carry a change together, each with at least this share."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for: evidence counts from the first window there is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of change of one field of one version of a model in one window.

    Attributes
    ----------
    column
        Column of the model; ``(inputs)`` or ``(outputs)`` when it is about several at once.
    segment
        Rows it is about, as ``field=value``; empty for all.
    change
        What was looked for: a move of the distribution, missing values, categories that the baseline did
        not know, fields that came or went, several fields at once, correlations.
    floor
        Start of the window that evidence counts from.
    change_start, change_earliest, change_latest
        Start of the window in which the change most likely began, and of the first and last in which it
        may have begun; ``None`` while nothing changed.
    open_direction, open_effect
        Of an open change: direction and effect of its largest alarm, which decide when it has gone.
    budget
        Nominal false episodes a year that this field may have; NaN where none is spent.
    carriers
        Of a finding about several fields: which fields, and segments as ``field=value``, carry the change;
        shares of 1 each.
    """

    model: str
    version: str
    baseline_id: str
    window_start: datetime
    window_end: datetime
    column: str
    kind: str
    role: Role
    decision: FieldDecision
    rows: float
    effective_rows: float
    floor: datetime = NEVER
    statistics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    top_bins: tuple[BinShare, ...] = ()
    segment: str = ""
    change: ChangeKind = "distribution"
    change_start: datetime | None = None
    change_earliest: datetime | None = None
    change_latest: datetime | None = None
    open_direction: str = ""
    open_effect: float = math.nan
    budget: float = math.nan
    carriers: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def finding_id(self) -> FindingId:
        """The same for every evaluation of the same field, change, window and baseline."""
        about = _window_id(self.model, self.version, self.baseline_id, self.window_start)
        return FindingId(derived_id("fi", about, self.column, self.segment, self.change))

    @property
    def fields(self) -> tuple[str, ...]:
        """The field, and of several at once those that carry most of the change."""
        return (self.column, *main_carriers(self.carriers))

    @property
    def label(self) -> str:
        """The field as people name it: with its kind of change and segment where they are special."""
        special = "" if self.change == "distribution" else f" ({self.change})"
        return f"{self.column}{special}{f' where {self.segment}' if self.segment else ''}"


def main_carriers(carriers: Mapping[str, float]) -> tuple[str, ...]:
    """Fields that carry most of a change, the strongest first; segments are left out.

    >>> main_carriers({"a": 0.5, "b": 0.4, "c": 0.1, "country=DE": 0.9})
    ('a', 'b')
    """
    fields = {name: share for name, share in carriers.items() if "=" not in name and share >= LEAST_SHARE}
    return tuple(sorted(fields, key=lambda name: -fields[name])[:MOST_CARRIERS])


@lru_cache(maxsize=4096)
def _window_id(model: str, version: str, baseline_id: str, start: datetime) -> str:
    """What all findings of a window have in common, hashed once for them."""
    return derived_id("wi", model, version, baseline_id, start.isoformat())


def save_findings(store: Store, findings: Iterable[Finding]) -> None:
    """Write findings; evaluating a window again replaces its findings."""
    every = list(findings)
    now = time.time_ns() // 1000
    decisions = [finding.decision for finding in every]
    # The driver takes milliseconds and microseconds as they are, much faster than moments.
    moment = _Milliseconds()
    store.insert(
        "findings",
        {
            "finding_id": [finding.finding_id for finding in every],
            "model": [finding.model for finding in every],
            "version": [finding.version for finding in every],
            "baseline_id": [finding.baseline_id for finding in every],
            "window_start": [moment(finding.window_start) for finding in every],
            "window_end": [moment(finding.window_end) for finding in every],
            "field": [finding.column for finding in every],
            "segment": [finding.segment for finding in every],
            "change": [finding.change for finding in every],
            "kind": [finding.kind for finding in every],
            "role": [finding.role for finding in every],
            "status": [decision.status for decision in decisions],
            "reason": [decision.reason for decision in decisions],
            "effect": [decision.effect for decision in decisions],
            "direction": [decision.direction for decision in decisions],
            "evidence": [decision.evidence for decision in decisions],
            "threshold": [decision.threshold for decision in decisions],
            "scale": [decision.scale for decision in decisions],
            "minimum_detectable_effect": [decision.minimum_detectable_effect for decision in decisions],
            "rows": [finding.rows for finding in every],
            "effective_rows": [finding.effective_rows for finding in every],
            "statistics": [finding.statistics for finding in every],
            "top_bins": [_bins_json(finding.top_bins) for finding in every],
            "floor": [moment(finding.floor) for finding in every],
            "change_start": [moment(finding.change_start) for finding in every],
            "change_earliest": [moment(finding.change_earliest) for finding in every],
            "change_latest": [moment(finding.change_latest) for finding in every],
            "open_direction": [finding.open_direction for finding in every],
            "open_effect": [finding.open_effect for finding in every],
            "budget": [finding.budget for finding in every],
            "carriers": [finding.carriers for finding in every],
            "computed_at": [now] * len(every),
        },
    )


class _Milliseconds(dict[datetime | None, int | None]):
    """Moments as milliseconds since 1970, each worked out once; ``None`` stays."""

    def __missing__(self, moment: datetime | None) -> int | None:
        number = None if moment is None else round(moment.timestamp() * 1000)
        return self.setdefault(moment, number)

    def __call__(self, moment: datetime | None) -> int | None:
        return self[moment]


def _bins_json(bins: tuple[BinShare, ...]) -> str:
    if not bins:
        return "[]"
    return orjson.dumps(
        [{"label": bin_.label, "baseline": bin_.baseline, "current": bin_.current} for bin_ in bins]
    ).decode()
