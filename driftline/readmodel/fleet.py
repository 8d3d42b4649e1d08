"""The fleet: one line a model, searched, filtered, sorted and paged on this side of the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.readmodel.episodes import EpisodeKind
from driftline.readmodel.facts import ModelFacts, QualityFact, gather_facts
from driftline.readmodel.records import Figure, Record
from driftline.readmodel.status import STATUSES, ModelStatus, Verdict, judge
from driftline.settings import Settings
from driftline.store import Store

FleetSort = Literal["status", "model", "team", "traffic", "quality", "since"]


class Quality(Record):
    """Quality by the metric that decides decay, with its interval and the labels it rests on."""

    metric: str
    basis: str = Field(default="", description="Empty: realised, from labels; else the estimator.")
    value: Figure = Field(description="In the metric's unit; a share from 0 to 1 for accuracy.")
    lower: Figure
    upper: Figure
    baseline_value: Figure
    labelled: int
    rows: int
    labelled_share: Figure
    version: str
    window_start: datetime
    window_end: datetime
    status: str


class OpenEpisode(Record):
    """The condition a model is in right now, in short."""

    episode_id: str
    kind: EpisodeKind
    opened_at: datetime


class ModelSummary(Record):
    """How one model is, in a line."""

    model: str
    team: str
    description: str
    status: ModelStatus
    why: str
    since: datetime | None = Field(description="Since when it has that status; null when not known.")
    versions: tuple[str, ...] = Field(description="Versions that serve now.")
    last_event_at: datetime | None
    predictions: int = Field(description="Predictions seen in the traffic span.")
    sampled: int = Field(description="Of them kept.")
    lost: int = Field(description="Of them dropped for a reason other than sampling.")
    traffic_seconds: float = Field(description="Length of the traffic span in seconds.")
    quality: Quality | None
    open_episode: OpenEpisode | None


class FleetPage(Record):
    """A page of the fleet, with totals over everything the search and team match."""

    items: tuple[ModelSummary, ...]
    total: int = Field(description="Models that match the search and filters.")
    counts: dict[ModelStatus, int] = Field(description="Models by status, before the status filter.")
    teams: tuple[str, ...] = Field(description="Every team that owns a model.")
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class FleetQuery:
    """Which models to show: text in the model's or team's name, filters, order and page."""

    search: str = ""
    status: ModelStatus | Literal[""] = ""
    team: str = ""
    sort: FleetSort = "status"
    descending: bool = False
    limit: int = 50
    offset: int = 0


def fleet(store: Store, settings: Settings, query: FleetQuery, now: datetime | None = None) -> FleetPage:
    """One page of the fleet as ``query`` asks for it."""
    everything = [summary(facts, judge(facts)) for facts in gather_facts(store, settings, now=now)]
    return select_page(everything, query)


def select_page(everything: Sequence[ModelSummary], query: FleetQuery) -> FleetPage:
    """Search, filter, sort and cut; a pure function of the fleet."""
    text = query.search.casefold()
    matching = [
        entry
        for entry in everything
        if (not text or text in entry.model.casefold() or text in entry.team.casefold())
        and (not query.team or entry.team == query.team)
    ]
    counts = Counter(entry.status for entry in matching)
    chosen = [entry for entry in matching if not query.status or entry.status == query.status]
    chosen.sort(key=lambda entry: entry.model)
    known = [entry for entry in chosen if _sort_key(entry, query.sort) is not None]
    unknown = [entry for entry in chosen if _sort_key(entry, query.sort) is None]
    known.sort(key=lambda entry: _sort_key(entry, query.sort) or (), reverse=query.descending)
    ordered = known + unknown
    return FleetPage(
        items=tuple(ordered[query.offset : query.offset + query.limit]),
        total=len(ordered),
        counts={status: counts[status] for status in STATUSES if counts[status]},
        teams=tuple(sorted({entry.team for entry in everything if entry.team})),
        limit=query.limit,
        offset=query.offset,
    )


def summary(facts: ModelFacts, verdict: Verdict) -> ModelSummary:
    """The line of one model."""
    quality = facts.served_quality
    return ModelSummary(
        model=facts.model,
        team=facts.team,
        description=facts.description,
        status=verdict.status,
        why=verdict.why,
        since=verdict.since,
        versions=facts.versions,
        last_event_at=facts.last_event_at,
        predictions=sum(fact.predictions for fact in facts.traffic),
        sampled=sum(fact.sampled for fact in facts.traffic),
        lost=sum(fact.lost for fact in facts.traffic),
        traffic_seconds=facts.horizons.traffic.total_seconds(),
        quality=_quality(quality) if quality else None,
        open_episode=OpenEpisode(
            episode_id=facts.episode.episode_id,
            kind=facts.episode.kind,
            opened_at=facts.episode.opened_at,
        )
        if facts.episode
        else None,
    )


def _quality(fact: QualityFact) -> Quality:
    return Quality(
        metric=fact.metric,
        basis=fact.basis,
        value=fact.value,
        lower=fact.lower,
        upper=fact.upper,
        baseline_value=fact.baseline_value,
        labelled=fact.labelled,
        rows=fact.rows,
        labelled_share=fact.labelled / fact.rows if fact.rows else None,
        version=fact.version,
        window_start=fact.window_start,
        window_end=fact.window_end,
        status=fact.status,
    )


def _sort_key(entry: ModelSummary, sort: FleetSort) -> tuple[float | str, ...] | None:
    """Ascending order of one entry, or ``None`` when it has nothing to sort by."""
    if sort == "model":
        return (entry.model,)
    if sort == "team":
        return (entry.team,) if entry.team else None
    if sort == "traffic":
        return (float(entry.predictions),)
    if sort == "quality":
        value = entry.quality.value if entry.quality else None
        return None if value is None else (value,)
    if sort == "since":
        return None if entry.since is None else (entry.since.timestamp(),)
    return (float(STATUSES.index(entry.status)),)
