"""How good a model is right now: every figure of its newest windows, realised and estimated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from driftline.quality_metrics import metric_of
from driftline.readmodel.performance import Performance
from driftline.readmodel.ranges import milliseconds
from driftline.readmodel.records import Record, parse_json_object
from driftline.store import Store, load_sql

LOOK_BACK = timedelta(days=60)
"""Versions without a figure for longer are left out."""


class VersionQuality(Record):
    """The figures of one version in its newest window that has any.

    ``estimates`` may be of a later window than the rest: labels come later than predictions.
    """

    version: str
    window_start: datetime | None = Field(description="Newest window with labels; absent without any.")
    window_end: datetime | None
    decisive: Performance | None = Field(description="The metric that decides decay.")
    figures: tuple[Performance, ...] = Field(description="Other metrics over all rows.")
    classes: tuple[Performance, ...] = Field(description="Metrics of single classes or levels.")
    segments: tuple[Performance, ...] = Field(description="The decisive metric by segment, worst first.")
    estimates: tuple[Performance, ...] = Field(description="Estimates without labels, newest window.")
    words: tuple[str, ...]


class ModelQuality(Record):
    """Quality of every version of a model, the newest first."""

    model: str
    versions: tuple[VersionQuality, ...]


def model_quality(store: Store, model: str, now: datetime) -> ModelQuality:
    """Read the newest figures of a model."""
    rows = store.query(
        load_sql(__file__, "quality"), {"model": model, "since_ms": milliseconds(now - LOOK_BACK)}
    )
    found = [Performance.model_validate(row | {"details": parse_json_object(row["details"])}) for row in rows]
    versions = dict.fromkeys(one.version for one in found)
    return ModelQuality(
        model=model,
        versions=tuple(
            version_quality(version, [one for one in found if one.version == version]) for version in versions
        ),
    )


def version_quality(version: str, figures: Sequence[Performance]) -> VersionQuality:
    """Sort the figures of one version."""
    realised = [one for one in figures if not one.basis]
    estimates = [one for one in figures if one.basis and not one.segment and not one.class_name]
    decisive = next((one for one in realised if one.status != "reported" and not one.segment), None)
    if decisive is None:
        decisive = next((one for one in realised if not one.segment and not one.class_name), None)
    metric = decisive.metric if decisive else ""
    segments = [one for one in realised if one.segment and one.metric == metric and not one.class_name]
    return VersionQuality(
        version=version,
        window_start=realised[0].window_start if realised else None,
        window_end=realised[0].window_end if realised else None,
        decisive=decisive,
        figures=tuple(
            one for one in realised if not one.segment and not one.class_name and one is not decisive
        ),
        classes=tuple(one for one in realised if one.class_name and not one.segment),
        segments=tuple(sorted(segments, key=_worst_first)),
        estimates=tuple(estimates),
        words=tuple(_words(decisive, estimates)),
    )


def shown_estimate(estimates: Sequence[Performance]) -> Performance | None:
    """The estimate that is believed: of the estimators that have not lost their vote against labels.

    The one of the narrowest interval that carries no warning, else the narrowest of all; ``None`` when no
    estimator has both a figure and a vote.
    """

    def rank(one: Performance) -> tuple[bool, float]:
        width = one.upper - one.lower if one.upper is not None and one.lower is not None else float("inf")
        return bool(one.details.get("warnings")), width

    usable = [one for one in estimates if one.value is not None and not one.reason and has_vote(one)]
    return min(usable, key=rank, default=None)


def has_vote(estimate: Performance) -> bool:
    """Whether an estimator had not lost its vote when it estimated; without any labels it has one."""
    vote = estimate.details.get("vote")
    return not isinstance(vote, dict) or vote.get("votes") is not False


def _worst_first(one: Performance) -> float:
    if one.value is None:
        return float("inf")
    return one.value if metric_of(one.metric).better == "higher" else -one.value


def _words(decisive: Performance | None, estimates: Sequence[Performance]) -> list[str]:
    said = []
    if decisive is None:
        said.append("No labels yet.")
    elif decisive.value is None:
        said.append(decisive.reason or "No figure yet.")
    else:
        metric = metric_of(decisive.metric)
        text = f"{metric.label} {metric.text(decisive.value)}"
        text += f" [{metric.text(decisive.lower)}, {metric.text(decisive.upper)}]"
        if decisive.baseline_value is not None:
            text += f", {metric.compared(decisive.value, decisive.baseline_value)}"
        said.append(
            f"{text[:1].upper()}{text[1:]}; {decisive.labelled:,} of {decisive.rows:,} predictions are "
            "labelled so far."
        )
        if decisive.reason:
            said.append(f"{decisive.reason[:1].upper()}{decisive.reason[1:].rstrip('.')}.")
    believed = shown_estimate(estimates)
    if believed is None and any(one.value is not None for one in estimates):
        said.append("Every estimator without labels was wrong against labels and has lost its vote.")
    for one in (believed,) if believed is not None else ():
        if one.value is not None:
            metric = metric_of(one.metric)
            said.append(
                f"Without labels, {one.basis.upper()} estimates {metric.label} {metric.text(one.value)} "
                f"[{metric.text(one.lower)}, {metric.text(one.upper)}] for the window of "
                f"{one.window_start:%Y-%m-%d %H:%M}{_blind_words(one)}."
            )
    return said


def _blind_words(one: Performance) -> str:
    blind = one.details.get("blind_to")
    return f"; it cannot see {blind}" if blind else ""
