"""How an episode opens, is updated and resolves: a pure function of the last revision and the condition."""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime
from typing import Any

from alerting.condition import FieldChange, ModelCondition
from alerting.episode import HARM, Episode, EpisodeKind, episode_id


def advance(
    previous: Episode | None, condition: ModelCondition, *, now: datetime, resolve_after: int
) -> Episode | None:
    """The next revision of a model's episode, or ``None`` when there is nothing to write.

    An episode opens with the first drifting or decaying version in service and becomes ``harmful_drift``
    when drift and decay meet. Drift becomes ``harmless_drift`` once windows since its beginning show that
    quality holds; otherwise an episode never falls back to a milder kind. It resolves when every version in
    service was found healthy ``resolve_after`` times in a row: in drift, and in quality as well when
    quality had suffered, so that a lack of labels does not end it.
    """
    known = previous is not None and previous.state == "open"
    kind = _kind(condition, previous.first_window if previous is not None and known else None)
    if previous is None or not known:
        return _opened(condition, kind, now) if kind and _is_new(previous, condition) else None
    harmed = previous.harmful
    if kind is None:
        if condition.healthy_for(resolve_after, quality_too=harmed):
            return dataclasses.replace(
                previous,
                state="resolved",
                resolved_at=now,
                updated_at=now,
                last_window=_last_window(condition),
                evidence={**previous.evidence, "recovered": _evidence(condition)},
                revision=previous.revision + 1,
            )
        return None
    merged = _merged(previous.kind, kind)
    fields = tuple(dict.fromkeys([*previous.fields, *_fields(condition)]))
    if merged == previous.kind and fields == previous.fields:
        return None
    return dataclasses.replace(
        previous,
        kind=merged,
        updated_at=now,
        last_window=_last_window(condition),
        fields=fields,
        summary=_summary(condition, merged),
        evidence=_evidence(condition),
        revision=previous.revision + 1,
    )


def _kind(condition: ModelCondition, since: datetime | None) -> EpisodeKind | None:
    """What a condition is; ``since`` is the first window of the open episode."""
    if condition.drifting and condition.decaying:
        return "harmful_drift"
    if condition.decaying:
        return "decay"
    if not condition.drifting:
        return None
    return "harmless_drift" if condition.harmless_since(since or _last_window(condition)) else "drift"


def _is_new(previous: Episode | None, condition: ModelCondition) -> bool:
    """Whether the condition is later than what the last episode already told."""
    return previous is None or _last_window(condition) > previous.last_window


def _merged(before: EpisodeKind, now: EpisodeKind) -> EpisodeKind:
    """The kind of an episode that was one thing and is now another."""
    if HARM[before] >= HARM["decay"] or HARM[now] >= HARM["decay"]:
        return before if before == now else "harmful_drift"
    # Labels come late: drift that was shown to be harmless stays so until the contrary is shown.
    return "harmless_drift" if "harmless_drift" in (before, now) else "drift"


def _opened(condition: ModelCondition, kind: EpisodeKind, now: datetime) -> Episode:
    first = _last_window(condition)
    return Episode(
        episode_id=episode_id(condition.model, first),
        model=condition.model,
        kind=kind,
        opened_kind=kind,
        state="open",
        opened_at=now,
        updated_at=now,
        resolved_at=None,
        first_window=first,
        last_window=first,
        version=next(
            version.version for version in condition.versions if version.drifting or version.decaying
        ),
        fields=_fields(condition),
        summary=_summary(condition, kind),
        evidence=_evidence(condition),
    )


def _last_window(condition: ModelCondition) -> datetime:
    return max(version.window_start for version in condition.versions)


def _fields(condition: ModelCondition) -> tuple[str, ...]:
    """Names of what moved; for a change of several fields also of those that carry it."""
    changes = [change for version in condition.versions for change in version.changes]
    return tuple(dict.fromkeys(name for change in changes for name in (change.field, *change.carried_by)))


def _summary(condition: ModelCondition, kind: EpisodeKind) -> str:
    """One sentence with the figures: how far accuracy fell, what moved most, on what evidence."""
    said = []
    for version in condition.versions:
        if version.decaying:
            said.append(version.qualities[0].text())
        if version.drifting and version.changes:
            top = version.changes[0]
            others = len({change.field for change in version.changes}) - 1
            more = f" and {others} more moved" if others else " moved"
            said.append(f"{_figures(top)}{more}")
            if kind == "harmless_drift":
                said.append(f"quality holds: {version.qualities[0].text()}")
    return f"{kind.replace('_', ' ').capitalize()}: {'; '.join(said)}"


def _figures(change: FieldChange) -> str:
    """What moved, by how much, on what evidence; a field that came or went needs none."""
    where = f" where {change.segment}" if change.segment else ""
    if not math.isfinite(change.evidence):
        return f"{change.field}{where} {change.reason};"
    carried = f", carried by {', '.join(change.carried_by)}" if change.carried_by else ""
    what = {"missing": " missing", "unseen": " unseen categories"}.get(change.change, "")
    return (
        f"{change.field}{what}{where} {change.effect:+.2f} standard units{carried} "
        f"(evidence {change.evidence:.1f}, {change.threshold:.1f} needed)"
    )


def _evidence(condition: ModelCondition) -> dict[str, Any]:
    return {
        "versions": [
            {
                "version": version.version,
                "window_start": version.window_start.isoformat(),
                "fields": [change.as_json() for change in version.changes[:20]],
                "performance": version.qualities[0].as_json() if version.qualities else None,
            }
            for version in condition.versions
        ]
    }
