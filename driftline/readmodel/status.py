"""One word for how a model is, and the sentence that says why.

The closed set, worst first; the first that applies is the model's status:

=================== ==============================================================================
decaying            an episode of decay or harmful drift is open, or the newest conclusive quality of
                    a serving version is decayed
drifting            an episode of drift is open, or a serving version's newest window drifted
no_traffic          no prediction for longer than three windows (a minute at least), or none ever
failed              a serving version's newest window could not be judged
watch               a serving version's newest window or quality is on watch
no_baseline         there is nothing to compare with
learning            traffic is seen, but no window of a serving version has closed yet
insufficient_data   the newest windows hold fewer effective rows than the minimum
healthy             compared, and nothing moved beyond tolerance
=================== ==============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from driftline.quality_metrics import metric_of
from driftline.readmodel.episodes import EpisodeKind
from driftline.readmodel.facts import FieldFact, ModelFacts, QualityFact, WindowFact

ModelStatus = Literal[
    "decaying",
    "drifting",
    "no_traffic",
    "failed",
    "watch",
    "no_baseline",
    "learning",
    "insufficient_data",
    "healthy",
]

HARMFUL: Final[frozenset[EpisodeKind]] = frozenset({"decay", "harmful_drift"})
"""Kinds of episode in which quality fell."""

STATUSES: Final[tuple[ModelStatus, ...]] = (
    "decaying",
    "drifting",
    "no_traffic",
    "failed",
    "watch",
    "no_baseline",
    "learning",
    "insufficient_data",
    "healthy",
)
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, the sentence behind it, and since when it holds (``None``: not known)."""

    status: ModelStatus
    why: str
    since: datetime | None


def judge(facts: ModelFacts) -> Verdict:
    """Derive a model's status from what is known of it; a pure function."""
    episode, quality = facts.episode, facts.served_quality
    windows = facts.served_windows
    drifted = [fact for fact in windows if fact.status == "drifted"]
    decayed = quality is not None and quality.status == "decayed"
    if decayed or (episode is not None and episode.kind in HARMFUL):
        since = episode.opened_at if episode else quality.window_start if quality else None
        return Verdict("decaying", _troubled(facts, quality_first=True), since)
    if drifted or episode is not None:
        since = episode.opened_at if episode else min(fact.since for fact in drifted)
        return Verdict("drifting", _troubled(facts, quality_first=False), since)
    last = facts.last_event_at
    if last is None:
        return Verdict(
            "no_traffic",
            "No prediction has been seen yet: put `driftline collect` in front of the model.",
            None,
        )
    if facts.now - last > facts.horizons.quiet:
        return Verdict("no_traffic", f"No prediction since {last:%Y-%m-%d %H:%M:%S} UTC.", last)
    if not windows:
        return Verdict(
            "learning", "Predictions are arriving; the first window of this version has not closed yet.", None
        )
    return _quiet_verdict(facts, windows, quality)


def _quiet_verdict(
    facts: ModelFacts, windows: tuple[WindowFact, ...], quality: QualityFact | None
) -> Verdict:
    """Status of a model with traffic and closed windows, none of them drifted."""
    failed = [fact for fact in windows if fact.status == "failed"]
    if failed:
        text = f"The newest window of version {failed[0].version!r} could not be judged: {failed[0].reason}"
        return Verdict("failed", _sentence(text), min(fact.since for fact in failed))
    watched = [fact for fact in windows if fact.status == "watch"]
    if watched or (quality is not None and quality.status == "watch"):
        since = min(fact.since for fact in watched) if watched else quality.window_start if quality else None
        return Verdict("watch", _watched(facts, watched), since)
    # A canary with few rows must not hide that the main version is fine: the busiest version speaks.
    main = max(windows, key=lambda fact: (fact.start, fact.rows))
    if main.status == "no_baseline":
        return Verdict(
            "no_baseline",
            f"{main.rows:,} rows in the newest window, but no baseline to compare them with: "
            "register one with `driftline baseline`.",
            main.since,
        )
    if main.status == "insufficient_data":
        reason = main.reason or f"{main.effective_rows:,.0f} effective rows are below the minimum"
        return Verdict("insufficient_data", _sentence(f"Newest window: {reason}"), main.since)
    return Verdict("healthy", _healthy(facts, main), main.since)


def _troubled(facts: ModelFacts, *, quality_first: bool) -> str:
    parts = [_quality_clause(facts.served_quality), _field_clause(facts)]
    if not quality_first:
        parts.reverse()
    said = [part for part in parts if part]
    last = facts.last_event_at
    if last is not None and facts.now - last > facts.horizons.quiet:
        said.append(f"no prediction since {last:%Y-%m-%d %H:%M:%S} UTC")
    if not said and facts.episode is not None:
        said.append(facts.episode.summary)
    recovering = facts.served_windows and all(fact.status == "ok" for fact in facts.served_windows)
    if recovering and facts.episode is not None:
        said.append("the newest windows look healthy again, the episode stays open until that is confirmed")
    return _sentence("; ".join(said))


def _watched(facts: ModelFacts, watched: list[WindowFact]) -> str:
    parts = [_field_clause(facts) if watched else "", _quality_clause(facts.served_quality)]
    return _sentence("; ".join(part for part in parts if part) + "; not enough to call it drift or decay yet")


def _healthy(facts: ModelFacts, main: WindowFact) -> str:
    text = (
        "no field moved beyond tolerance in the newest window "
        f"({main.rows:,} rows, {main.effective_rows:,.0f} effective)"
    )
    quality = _quality_clause(facts.served_quality)
    return _sentence("; ".join(part for part in (text, quality) if part))


def _quality_clause(quality: QualityFact | None) -> str:
    """Such as: accuracy 71.0% [66.2%, 75.4%], 25.1 points below the baseline's 96.1% (298 of 300 …)."""
    if quality is None or quality.value is None:
        return ""
    metric = metric_of(quality.metric)
    interval = (
        f" [{metric.text(quality.lower)}, {metric.text(quality.upper)}]"
        if quality.lower is not None and quality.upper is not None
        else ""
    )
    compared = ""
    if quality.baseline_value is not None:
        compared = f", {metric.compared(quality.value, quality.baseline_value)}"
    figures = f"{metric.label} {metric.text(quality.value)}{interval}{compared}"
    if quality.basis:
        return f"estimated {figures} ({quality.basis.upper()}, without labels)"
    return f"{figures} ({quality.labelled:,} of {quality.rows:,} rows labelled)"


def _field_clause(facts: ModelFacts) -> str:
    """Such as: field image.noise moved +1.83 standard units (evidence 41.0, 5.5 needed), 2 more drifted."""
    field = facts.strongest_field
    if field is None or field.effect is None or field.status not in ("drifted", "watch"):
        return ""
    drifted = {name for fact in facts.served_windows for name in fact.drifted_fields} - {field.field}
    more = f", {len(drifted)} more drifted" if drifted else ""
    return f"field {field.field} moved {field.effect:+.2f} standard units{_evidence(field)}{more}"


def _evidence(field: FieldFact) -> str:
    if field.evidence is None or field.threshold is None:
        return ""
    return f" (evidence {abs(field.evidence):.1f}, {field.threshold:.1f} needed)"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
