"""What is known of each model right now: the rows from which a status is derived.

The same five statements serve the whole fleet and a single model, so both pages always agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from driftline.readmodel.episodes import Episode, episodes
from driftline.readmodel.ranges import Range, milliseconds
from driftline.readmodel.records import finite
from driftline.settings import Settings
from driftline.store import Store, load_sql

_HORIZON_WINDOWS = 48
_HORIZON_LEAST = timedelta(days=7)
_QUIET_WINDOWS = 3
_QUIET_LEAST = timedelta(seconds=60)
_SERVED_WINDOWS = 2
_SERVED_LEAST = timedelta(seconds=10)
_TRAFFIC_WINDOWS = 4
_TRAFFIC_LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WindowFact:
    """Newest closed window of a version; ``since``: start of the run of windows of its status."""

    version: str
    start: datetime
    end: datetime
    status: str
    reason: str
    rows: int
    effective_rows: float
    drifted_fields: tuple[str, ...]
    since: datetime
    last_rows_end: datetime


@dataclass(frozen=True, slots=True)
class QualityFact:
    """Newest conclusive quality of a version in its metric's unit; ``basis``: empty when realised."""

    version: str
    metric: str
    window_start: datetime
    window_end: datetime
    value: float | None
    lower: float | None
    upper: float | None
    baseline_value: float | None
    labelled: int
    rows: int
    status: str
    basis: str = ""


@dataclass(frozen=True, slots=True)
class FieldFact:
    """Strongest finding of a version's newest window, when that drifted or is on watch."""

    version: str
    field: str
    effect: float | None
    evidence: float | None
    threshold: float | None
    status: str


@dataclass(frozen=True, slots=True)
class TrafficFact:
    """Predictions of a version in the traffic span."""

    version: str
    predictions: int
    sampled: int
    lost: int
    last_ts: datetime


@dataclass(frozen=True, slots=True)
class EventFact:
    """Newest sampled inference of a model that nothing else tells of."""

    last_ts: datetime
    version: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Everything that is known of one model at ``now``."""

    model: str
    team: str
    description: str
    now: datetime
    horizons: Horizons
    windows: tuple[WindowFact, ...]
    quality: tuple[QualityFact, ...]
    fields: tuple[FieldFact, ...]
    traffic: tuple[TrafficFact, ...]
    newest_event: EventFact | None
    episode: Episode | None

    @property
    def last_event_at(self) -> datetime | None:
        """End of the newest interval or window that held a prediction, or that prediction's time."""
        moments = [fact.last_ts for fact in self.traffic]
        moments += [fact.last_rows_end for fact in self.windows if fact.last_rows_end.year > 1970]
        moments += [self.newest_event.last_ts] if self.newest_event else []
        return max(moments, default=None)

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions that served lately, as the collectors tell it, else as the windows do."""
        if self.traffic:
            newest = max(fact.last_ts for fact in self.traffic)
            lately = newest - self.horizons.served
            return tuple(sorted(fact.version for fact in self.traffic if fact.last_ts >= lately))
        if not self.windows:
            return (self.newest_event.version,) if self.newest_event else ()
        newest = max(fact.start for fact in self.windows)
        return tuple(sorted(fact.version for fact in self.windows if fact.start == newest))

    @property
    def served_windows(self) -> tuple[WindowFact, ...]:
        """Newest window of each version that serves; those of retired versions say nothing any more."""
        return tuple(fact for fact in self.windows if fact.version in self.versions)

    @property
    def served_quality(self) -> QualityFact | None:
        """Newest quality of a version that serves, a conclusive one first."""
        served = [fact for fact in self.quality if fact.version in self.versions]
        return max(
            served, key=lambda fact: (fact.status != "insufficient_data", fact.window_start), default=None
        )

    @property
    def strongest_field(self) -> FieldFact | None:
        """The finding with most evidence among versions that serve."""
        served = [fact for fact in self.fields if fact.version in self.versions]
        order = {"drifted": 2, "watch": 1}
        return max(
            served,
            key=lambda fact: (
                order.get(fact.status, 0),
                abs(fact.evidence or 0.0) / (fact.threshold or float("inf")),
            ),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Horizons:
    """How far back each question looks; all follow from the window's length.

    Attributes
    ----------
    history
        Windows older than this are not looked at for a status.
    quiet
        Silence for longer than this is *no traffic*.
    served
        A version serves when it took a prediction within this of the newest one.
    traffic
        Span over which predictions are counted.
    """

    history: timedelta
    quiet: timedelta
    served: timedelta
    traffic: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Horizons:
        """Horizons for the windows of these settings."""
        window = timedelta(seconds=settings.window_seconds)
        lateness = timedelta(seconds=settings.allowed_lateness_seconds)
        return cls(
            history=max(_HORIZON_LEAST, _HORIZON_WINDOWS * window),
            quiet=max(_QUIET_LEAST, _QUIET_WINDOWS * window) + lateness,
            served=max(_SERVED_LEAST, _SERVED_WINDOWS * window),
            traffic=max(_TRAFFIC_LEAST, _TRAFFIC_WINDOWS * window),
        )


def gather_facts(
    store: Store, settings: Settings, model: str = "", now: datetime | None = None
) -> list[ModelFacts]:
    """Facts of every registered model, or of one, by name."""
    moment = now or datetime.now(UTC)
    horizons = Horizons.of(settings)
    history = {"model": model, "since_ms": milliseconds(moment - horizons.history)}
    recent = {"model": model, "since_ms": milliseconds(moment - horizons.traffic)}
    registered = store.query(load_sql(__file__, "fleet_models"), {"model": model})
    windows = _grouped(store.query(load_sql(__file__, "fleet_windows"), history))
    quality = _grouped(store.query(load_sql(__file__, "fleet_performance"), history))
    findings = _grouped(store.query(load_sql(__file__, "fleet_findings"), history))
    traffic = _grouped(store.query(load_sql(__file__, "fleet_traffic"), recent))
    untold = [row["model"] for row in registered if not windows[row["model"]] and not traffic[row["model"]]]
    events = _grouped(
        store.query(load_sql(__file__, "fleet_events"), {"models": untold, "since_ms": recent["since_ms"]})
    )
    opened = {
        found.model: found for found in reversed(episodes(store, Range(limit=10_000), model, state="open"))
    }
    return [
        ModelFacts(
            model=row["model"],
            team=row["team"],
            description=row["description"],
            now=moment,
            horizons=horizons,
            windows=tuple(_window(found) for found in windows[row["model"]]),
            quality=tuple(QualityFact(**found) for found in quality[row["model"]]),
            fields=tuple(FieldFact(**found) for found in findings[row["model"]]),
            traffic=tuple(TrafficFact(**found) for found in traffic[row["model"]]),
            newest_event=next((EventFact(**found) for found in events[row["model"]]), None),
            episode=opened.get(row["model"]),
        )
        for row in registered
    ]


def _grouped(rows: Iterable[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        model = row.pop("model")
        groups[model].append({name: finite(value) for name, value in row.items()})
    return groups


def _window(row: dict[str, Any]) -> WindowFact:
    return WindowFact(
        version=row["version"],
        start=row["newest_start"],
        end=row["newest_end"],
        status=row["status"],
        reason=row["reason"],
        rows=row["rows"],
        effective_rows=row["effective_rows"] or 0.0,
        drifted_fields=tuple(row["drifted_fields"]),
        since=row["since"],
        last_rows_end=row["last_rows_end"],
    )
