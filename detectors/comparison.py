"""Compare two sets of rows, field by field: what ``driftline check`` answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from detectors.baselines.baseline import Baseline, EventRange
from detectors.baselines.building import ONE_WINDOW_SECONDS
from detectors.decision import FieldDecision
from detectors.evidence.detector import FieldDetector, WindowCounts
from detectors.field_statistics import BinShare, field_statistics, moved_bins
from detectors.profiles.counting import count_profiles
from detectors.profiles.profile import Profile
from driftline.contracts import Contract
from driftline.errors import DriftlineError
from driftline.settings import Settings
from driftline.store import Store


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field of both sets.

    Attributes
    ----------
    status
        ``ok``, ``watch``, ``drifted``, ``insufficient_data`` or ``failed``; ``reason`` says why.
    effect, evidence, threshold, minimum_detectable_effect
        See :class:`detectors.decision.FieldDecision`; ``None`` when nothing could be decided.
    """

    field: str
    kind: str
    status: str
    drifted: bool
    reason: str
    effect: float | None = None
    direction: str = ""
    evidence: float | None = None
    threshold: float | None = None
    minimum_detectable_effect: float | None = None
    statistics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    moved: tuple[BinShare, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sets as a whole."""

    drifted: bool
    status: Literal["ok", "drifted", "failed", "insufficient_data"]
    baseline_rows: int
    current_rows: int
    false_alarm_rate: float
    fields: tuple[FieldComparison, ...]


def compare(
    store: Store,
    contract: Contract,
    baseline: Baseline,
    current: EventRange,
    settings: Settings,
    failed: Mapping[str, tuple[str, str]] | None = None,
) -> Comparison:
    """Profile ``current`` over the baseline's bins in one query and decide about every field.

    Parameters
    ----------
    failed
        Fields that cannot be compared: kind and reason by name; they are reported, the others go on.

    Notes
    -----
    The chance that unchanged data is called drifted in any field is at most
    ``settings.check_false_alarm_rate``, rows taken as independent draws; it is split over the fields.
    """
    reader = contract.model_copy(update={"model": current.model})
    profiles = {
        profile.column: profile
        for profile in count_profiles(
            store,
            reader,
            {name: column.layout for name, column in baseline.columns.items()},
            versions=current.versions,
            apart=False,
            since=current.since,
            until=current.until,
            window_seconds=ONE_WINDOW_SECONDS,
            centres={name: column.mean for name, column in baseline.columns.items()},
        )
    }
    alpha = settings.check_false_alarm_rate / max(1, len(profiles))
    tolerances = {
        column.name: settings.drift_tolerance if column.tolerance is None else column.tolerance
        for column in contract.columns()
    }
    fields = [
        _compare_field(baseline, profile, alpha, tolerances[profile.column], settings)
        for profile in profiles.values()
    ]
    fields += [
        FieldComparison(name, kind, "failed", False, reason)
        for name, (kind, reason) in (failed or {}).items()
    ]
    drifted = any(one.drifted for one in fields)
    decided = any(one.status in ("ok", "watch", "drifted") for one in fields)
    status: Literal["ok", "drifted", "failed", "insufficient_data"] = "ok"
    if drifted:
        status = "drifted"
    elif any(one.status == "failed" for one in fields):
        status = "failed"
    elif not decided:
        status = "insufficient_data"
    return Comparison(
        drifted=drifted,
        status=status,
        baseline_rows=baseline.rows,
        current_rows=max((profile.rows for profile in profiles.values()), default=0),
        false_alarm_rate=settings.check_false_alarm_rate,
        fields=tuple(fields),
    )


def _compare_field(
    baseline: Baseline, profile: Profile, alpha: float, tolerance: float, settings: Settings
) -> FieldComparison:
    reference = baseline.columns[profile.column]
    moved: tuple[BinShare, ...] = ()
    try:
        statistics = field_statistics(reference, profile.counts, profile.effective_rows)
        decision = FieldDetector(
            reference,
            alpha=alpha,
            window_seconds=None,
            tolerance=tolerance,
            min_samples=settings.min_samples,
        ).decide([WindowCounts(profile.counts, profile.effective_rows)])
        moved = tuple(moved_bins(reference, profile.counts, 3))
    except (DriftlineError, ValueError, ArithmeticError) as error:
        # One field's failure is that field's status; the others go on.
        decision = FieldDecision("failed", f"could not be compared: {error}")
        statistics = {}
    decided = decision.status in ("ok", "watch", "drifted")
    return FieldComparison(
        field=profile.column,
        kind=reference.layout.kind,
        status=decision.status,
        drifted=decision.status == "drifted",
        reason=decision.reason,
        effect=decision.effect if decided else None,
        direction=decision.direction,
        evidence=decision.evidence if decided else None,
        threshold=decision.threshold if decided else None,
        minimum_detectable_effect=decision.minimum_detectable_effect if decided else None,
        statistics=statistics,
        moved=moved,
    )
