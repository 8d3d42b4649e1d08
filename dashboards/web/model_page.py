"""One model's page: its health, fields, bins of a chosen field, and the stories of its episodes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.web.costs import CostFigure, CostSource
from dashboards.web.explanations import ExplanationSource
from dashboards.web.formats import duration
from dashboards.web.timeline import Story, stories
from driftline.readmodel.actions import actions
from driftline.readmodel.attribution import WindowAttribution
from driftline.readmodel.baseline_proposal import with_proposals
from driftline.readmodel.baselines import Baseline, baselines
from driftline.readmodel.bins import BinComparison, compare_bins
from driftline.readmodel.episodes import episodes
from driftline.readmodel.fields import Finding
from driftline.readmodel.health import ModelHealth, health, model_facts, served_findings
from driftline.readmodel.quality import ModelQuality, model_quality
from driftline.readmodel.ranges import Range
from driftline.settings import Settings
from driftline.store import Store

SPANS = (48, 168, 720)
"""Lengths of history that can be drawn, in windows."""

_SHOWN_EPISODES = 8


@dataclass(frozen=True)
class SpanChoice:
    """A length of history to draw."""

    windows: int
    label: str
    chosen: bool


@dataclass(frozen=True)
class ModelView:
    """Everything the template of a model's page shows."""

    health: ModelHealth
    findings: tuple[Finding, ...]
    field: str
    bins: BinComparison | None
    carried: tuple[WindowAttribution, ...]
    quality: ModelQuality
    stories: tuple[Story, ...]
    baselines: tuple[Baseline, ...]
    cost: CostFigure | None
    spans: tuple[SpanChoice, ...]
    now: datetime

    @property
    def model(self) -> str:
        return self.health.model

    @property
    def finding(self) -> Finding | None:
        """The newest finding of the chosen field: the strongest over all rows, as its bins are."""
        mine = [found for found in self.findings if found.field == self.field]
        return next((found for found in mine if not found.segment), next(iter(mine), None))

    @property
    def windows_drawn(self) -> int:
        return next(choice.windows for choice in self.spans if choice.chosen)

    @property
    def most_share(self) -> float:
        """Height of the tallest bar of the bins, a share from 0 to 1."""
        shares = (
            [share for entry in self.bins.bins for share in (entry.baseline, entry.current)]
            if self.bins
            else []
        )
        return max((share for share in shares if share is not None), default=0.0) or 1.0


def model_view(
    store: Store,
    settings: Settings,
    costs: CostSource,
    explanations: ExplanationSource,
    model: str,
    field: str,
    windows: int,
    now: datetime,
) -> ModelView:
    """Read one model; :class:`driftline.errors.NotFound` when it is not registered."""
    shown = health(store, settings, model, now)
    findings = tuple(served_findings(store, model_facts(store, settings, model, now)))
    chosen = field or (findings[0].field if findings else "")
    everything = Range(limit=_SHOWN_EPISODES)
    return ModelView(
        health=shown,
        findings=findings,
        field=chosen,
        bins=compare_bins(store, model, chosen) if chosen else None,
        carried=_carried(explanations, shown),
        quality=model_quality(store, model, now),
        stories=tuple(stories(episodes(store, everything, model), actions(store, Range(limit=500), model))),
        baselines=tuple(with_proposals(store, model, baselines(store, model, limit=5), now)),
        cost=costs.latest([model]).get(model),
        spans=span_choices(settings, windows),
        now=now,
    )


def _carried(explanations: ExplanationSource, shown: ModelHealth) -> tuple[WindowAttribution, ...]:
    """What carries the drift, of the versions whose newest window drifted."""
    drifted = [window.version for window in shown.evidence.windows if window.status == "drifted"]
    return tuple(explanations.attribution(shown.model, drifted)) if drifted else ()


def span_choices(settings: Settings, windows: int) -> tuple[SpanChoice, ...]:
    """The lengths of history on offer, named by how long they are."""
    return tuple(
        SpanChoice(count, duration(count * settings.window_seconds), count == windows) for count in SPANS
    )


def drawn_range(settings: Settings, windows: int, now: datetime) -> Range:
    """The range of the charts: that many windows back from now."""
    return Range(since=now - timedelta(seconds=windows * settings.window_seconds), limit=10_000)
