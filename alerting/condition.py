"""The condition of a model, from the evaluated windows of the versions in service.

:func:`read_condition` takes them from the database, as the control loop does; a back-test has them in
memory (:func:`condition_of_windows`). What a condition is made of them is decided in one place.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detectors.evaluated_window import EvaluatedWindow
from detectors.findings import Finding, main_carriers
from driftline.quality_metrics import metric_of
from driftline.store import Store, load_sql

DECIDED = ("ok", "watch", "drifted")
JUDGED = ("ok", "watch", "decayed")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that drifted, with the figures it rests on.

    Attributes
    ----------
    segment
        Rows it is about, as ``field=value``; empty for all.
    change
        What changed: the distribution, or missing, unseen, schema, multivariate, correlation.
    carriers
        Of a change of several fields: which fields and segments (``field=value``) carry it, shares of 1.
    """

    field: str
    reason: str
    effect: float
    evidence: float
    threshold: float
    effective_rows: float
    minimum_detectable_effect: float
    segment: str = ""
    change: str = "distribution"
    carriers: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def carried_by(self) -> tuple[str, ...]:
        """Of a change of several fields: those that carry most of it, the strongest first."""
        return main_carriers(self.carriers)

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
            "segment": self.segment,
            "change": self.change,
            "carriers": dict(self.carriers),
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of one version in one window, by the metric that decides decay.

    Attributes
    ----------
    basis
        Empty when realised; else the estimator.
    holds_since
        First of the windows, up to this one, that alone show the quality to be within its limit; the Unix
        epoch when nothing shows it.
    """

    window_start: datetime
    metric: str
    basis: str
    value: float
    lower: float
    upper: float
    baseline_value: float
    labelled: int
    rows: int
    status: str
    reason: str
    holds_since: datetime

    def holds_from(self, moment: datetime) -> bool:
        """Whether windows from that moment on show the quality to be within its limit."""
        return self.status != "decayed" and self.holds_since >= moment

    def text(self) -> str:
        """Such as: accuracy 71.0% [66.2%, 75.4%], 25.1 points below the baseline's 96.1%."""
        metric = metric_of(self.metric)
        said = (
            f"{metric.label} {metric.text(self.value)} [{metric.text(self.lower)}, {metric.text(self.upper)}]"
        )
        if math.isfinite(self.baseline_value):
            said += f", {metric.compared(self.value, self.baseline_value)}"
        return f"estimated {said} ({self.basis.upper()})" if self.basis else said

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "window_start": self.window_start.isoformat(),
            "metric": self.metric,
            "basis": self.basis or "realised",
            "value": self.value,
            "interval_95": [self.lower, self.upper],
            "baseline_value": self.baseline_value,
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

    def harmless_since(self, moment: datetime) -> bool:
        """Whether quality is shown to hold in windows from that moment on."""
        return bool(self.qualities) and self.qualities[0].holds_from(moment)


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

    def harmless_since(self, moment: datetime) -> bool:
        """Whether every version that drifts is shown to hold its quality in windows from that moment on."""
        return all(version.harmless_since(moment) for version in self.versions if version.drifting)

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


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """What one window of one version was found to be."""

    version: str
    start: datetime
    status: str


def assess(
    model: str,
    verdicts: Sequence[WindowVerdict],
    *,
    windows: int,
    changes_of: Callable[[str, datetime], tuple[FieldChange, ...]],
    qualities_of: Callable[[str], tuple[Quality, ...]],
) -> ModelCondition:
    """The condition that windows amount to.

    Parameters
    ----------
    verdicts
        At least the newest window of every version, whatever its status, and its ``windows`` newest
        decided ones; in any order.
    windows
        How many decisions of a version count.
    changes_of
        Fields that drifted in a window of a version, strongest first; asked only for windows that drifted.
    qualities_of
        Judged qualities of a version, newest first.
    """
    if not verdicts:
        return ModelCondition(model, ())
    newest = max(verdict.start for verdict in verdicts)
    versions = []
    for version in sorted({verdict.version for verdict in verdicts if verdict.start == newest}):
        mine = sorted(
            (one for one in verdicts if one.version == version and one.status in DECIDED),
            key=lambda one: one.start,
            reverse=True,
        )[:windows]
        drifted = bool(mine) and mine[0].status == "drifted"
        versions.append(
            VersionCondition(
                version=version,
                window_start=mine[0].start if mine else newest,
                drift_statuses=tuple(one.status for one in mine),
                qualities=qualities_of(version)[:windows],
                changes=changes_of(version, mine[0].start) if drifted else (),
            )
        )
    return ModelCondition(model, tuple(versions))


def condition_of_windows(model: str, evaluated: Sequence[EvaluatedWindow], *, windows: int) -> ModelCondition:
    """Condition of a model from evaluated windows in memory; without labels there is no quality."""
    by_key = {(window.version, window.start): window for window in evaluated}
    return assess(
        model,
        [WindowVerdict(window.version, window.start, window.status) for window in evaluated],
        windows=windows,
        changes_of=lambda version, start: changes_in(by_key[version, start].drifted),
        qualities_of=lambda version: (),
    )


def changes_in(drifted: Sequence[Finding]) -> tuple[FieldChange, ...]:
    """The fields that drifted in a window, strongest first."""
    changes = [
        FieldChange(
            field=finding.column,
            reason=finding.decision.reason,
            effect=finding.decision.effect,
            evidence=finding.decision.evidence,
            threshold=finding.decision.threshold,
            effective_rows=finding.effective_rows,
            minimum_detectable_effect=finding.decision.minimum_detectable_effect,
            carriers=finding.carriers,
            segment=finding.segment,
            change=finding.change,
        )
        for finding in drifted
    ]

    def weakest_last(one: FieldChange) -> tuple[bool, float, str, str, str]:
        strength = one.evidence / one.threshold if one.threshold else math.nan
        unknown = math.isnan(strength)
        return unknown, 0.0 if unknown else -strength, one.field, one.segment, one.change

    return tuple(sorted(changes, key=weakest_last))


def read_conditions(store: Store, models: Sequence[str], *, windows: int) -> dict[str, ModelCondition]:
    """Conditions of models, each from its ``windows`` newest decisions a version in the database."""
    if not models:
        return {}
    wanted = {"models": list(models), "windows": windows}
    verdicts: dict[str, list[WindowVerdict]] = {model: [] for model in models}
    for row in store.query(load_sql(__file__, "condition_windows"), wanted):
        verdicts[row["model"]].append(WindowVerdict(row["version"], row["window_start"], row["status"]))
    qualities: dict[tuple[str, str], list[Quality]] = {}
    for row in store.query(load_sql(__file__, "condition_quality"), {**wanted, "judged": list(JUDGED)}):
        key = row.pop("model"), row.pop("version")
        qualities.setdefault(key, []).append(Quality(**row))
    drifted = [
        (model, one.version, one.start)
        for model in models
        for one in verdicts[model]
        if one.status == "drifted"
    ]
    changes = _read_changes(store, drifted)
    return {
        model: assess(
            model,
            verdicts[model],
            windows=windows,
            changes_of=lambda version, start, model=model: tuple(changes.get((model, version, start), ())),  # type: ignore[misc]
            qualities_of=lambda version, model=model: tuple(qualities.get((model, version), ())),  # type: ignore[misc]
        )
        for model in models
    }


def read_condition(store: Store, model: str, *, windows: int) -> ModelCondition:
    """Condition of one model."""
    return read_conditions(store, [model], windows=windows)[model]


def _read_changes(
    store: Store, drifted: Sequence[tuple[str, str, datetime]]
) -> dict[tuple[str, str, datetime], list[FieldChange]]:
    """Fields that drifted in windows (model, version, start), strongest first."""
    found: dict[tuple[str, str, datetime], list[FieldChange]] = {}
    if not drifted:
        return found
    asked = {
        "models": [model for model, _, _ in drifted],
        "versions": [version for _, version, _ in drifted],
        "starts": [start.isoformat() for _, _, start in drifted],
    }
    for row in store.query(load_sql(__file__, "condition_fields"), asked):
        key = row.pop("model"), row.pop("version"), row.pop("window_start")
        found.setdefault(key, []).append(FieldChange(**row))
    return found
