"""An episode as rules look at it: its figures by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from alerting.episode import Episode
from alerting.rules.matching import Subject

BROKEN_CHANGES = frozenset({"missing", "schema"})
"""Changes of a field that say its data is broken, rather than different."""


def subject_of(episode: Episode, team: str) -> Subject:
    """What rules look at when they are asked about an episode."""
    return Subject(
        model=episode.model,
        team=team,
        kind=episode.kind,
        fields=episode.fields,
        since=episode.opened_at,
        until=episode.resolved_at,
        figures=figures_of(episode),
    )


def figures_of(episode: Episode) -> dict[str, float]:
    """Figures by the names in :data:`alerting.rules.figures.FIGURES`; unknown ones are absent.

    Of several versions or fields the worst counts.
    """
    changes = list(_changes(episode))
    figures = {"fields": float(len(episode.fields))}
    _worst(figures, "effect", (abs(_number(one.get("effect"))) for one in changes))
    _worst(figures, "evidence", (_number(one.get("evidence")) for one in changes))
    for kind in ("missing", "unseen"):
        shown = [_number(one.get("effect")) for one in changes if one.get("change") == kind]
        _worst(figures, kind, shown)
    measured = [
        one
        for version in _versions(episode)
        if isinstance(one := version.get("performance"), Mapping) and _number(one.get("value")) is not None
    ]
    _worst(
        figures,
        "quality_drop",
        (abs(_number(one.get("baseline_value")) - _number(one.get("value"))) for one in measured),
    )
    _worst(figures, "labelled", (_number(one.get("labelled")) for one in measured))
    _worst(figures, "rows", (_number(one.get("rows")) for one in measured))
    return figures


def broken_fields(episode: Episode) -> tuple[str, ...]:
    """Fields whose data is broken: values that go missing, a field that came or went."""
    return tuple(
        dict.fromkeys(str(one["field"]) for one in _changes(episode) if one.get("change") in BROKEN_CHANGES)
    )


def _versions(episode: Episode) -> Iterable[Mapping[str, Any]]:
    versions: Iterable[Mapping[str, Any]] = episode.evidence.get("versions", ())
    return versions


def _changes(episode: Episode) -> Iterable[Mapping[str, Any]]:
    for version in _versions(episode):
        yield from version.get("fields", ())


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _worst(figures: dict[str, float], name: str, values: Iterable[float]) -> None:
    known = [value for value in values if not math.isnan(value)]
    if known:
        figures[name] = max(known)
