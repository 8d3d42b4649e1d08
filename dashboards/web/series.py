"""What the charts of a model's page draw, as columns that share one time axis a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from dashboards.web.costs import CostPoint
from driftline.quality_metrics import Unit, metric_of
from driftline.readmodel.coverage import TrafficWindow, traffic
from driftline.readmodel.episodes import Episode, episodes
from driftline.readmodel.field_series import FieldSeries, field_series
from driftline.readmodel.performance import ALL, Performance, performance
from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Figure, Record
from driftline.readmodel.windows import Window, windows
from driftline.settings import Settings
from driftline.store import Store

DRAWN_FIELDS = 6
_MOST_POINTS = 2000

Column = tuple[Figure, ...]


class Chart(Record):
    """One time axis in Unix seconds and the named columns over it; ``null`` is a gap."""

    x: tuple[float, ...]
    columns: dict[str, Column]


class Mark(Record):
    """A version that began to serve."""

    x: float
    label: str


class QualityAxis(Record):
    """The metric that the chart of quality draws."""

    metric: str
    label: str
    unit: Unit


class Band(Record):
    """An episode, from its first window to its end or to now."""

    start: float
    end: float
    label: str
    open: bool


class ModelSeries(Record):
    """Every chart of a model's page."""

    charts: dict[str, Chart]
    quality: QualityAxis
    versions: tuple[Mark, ...]
    episodes: tuple[Band, ...]
    fields_drawn: int
    fields_total: int = Field(description="Fields with findings in the range.")
    effect_tolerance: float = Field(description="Smallest effect that counts as drift, standard units.")


def model_series(
    store: Store,
    settings: Settings,
    model: str,
    span: Range,
    costs: Sequence[CostPoint],
    now: datetime,
    field: str = "",
) -> ModelSeries:
    """Read and lay out the charts of one model; ``field`` is always among the drawn ones."""
    fields, total = field_series(store, model, span, DRAWN_FIELDS, field)
    # By name, so that a field keeps its colour whichever is chosen or strongest.
    fields.sort(key=lambda series: series.field)
    wide = Range(since=span.since, until=span.until, limit=_MOST_POINTS)
    closed = windows(store, model, wide)
    judged = performance(store, model, wide, basis=ALL)
    decisive = decisive_metric(judged)
    return ModelSeries(
        charts={
            "evidence": field_chart(fields, "strength"),
            "effect": field_chart(fields, "effect"),
            "quality": quality_chart([point for point in judged if point.metric == decisive]),
            "traffic": traffic_chart(traffic(store, model, settings.window_seconds, span), closed),
            "cost": Chart(
                x=tuple(point.start.timestamp() for point in costs),
                columns={"per thousand": tuple(point.per_thousand_usd for point in costs)},
            ),
        },
        quality=QualityAxis(metric=decisive, label=metric_of(decisive).label, unit=metric_of(decisive).unit),
        versions=version_marks(closed),
        episodes=episode_bands(
            episodes(store, Range(limit=200), model), span, now, timedelta(seconds=settings.window_seconds)
        ),
        fields_drawn=len(fields),
        fields_total=total,
        effect_tolerance=settings.drift_tolerance,
    )


def field_chart(fields: Sequence[FieldSeries], figure: str) -> Chart:
    """One column a field; where versions overlap, the busiest speaks."""
    by_field = {
        series.field: {point.window_start.timestamp(): getattr(point, figure) for point in series.points}
        for series in fields
    }
    return _chart(by_field)


def decisive_metric(points: Sequence[Performance]) -> str:
    """The metric that decided last; accuracy before anything was decided."""
    return points[0].metric if points else "accuracy"


def quality_chart(points: Sequence[Performance]) -> Chart:
    """Value, interval and baseline of the windows that have labels; beside them the estimate without."""
    labelled = [point for point in reversed(points) if point.labelled > 0 and not point.basis]
    estimated = [point for point in reversed(points) if point.basis and point.basis != "proxy"]

    def column(of: Sequence[Performance], name: str) -> dict[float, Figure]:
        return {point.window_start.timestamp(): getattr(point, name) for point in of}

    realised = ("lower", "upper", "value", "baseline_value", "labelled", "rows")
    return _chart(
        {name: column(labelled, name) for name in realised}
        | {f"estimated_{name}": column(estimated, name) for name in ("lower", "upper", "value")}
    )


def traffic_chart(seen: Sequence[TrafficWindow], closed: Sequence[Window]) -> Chart:
    """Predictions seen, kept and lost, and the rows that were compared, per window."""
    compared: dict[float, float] = {}
    for window in closed:
        start = window.window_start.timestamp()
        compared[start] = compared.get(start, 0.0) + window.rows
    columns: dict[str, dict[float, float]] = {
        name: {window.window_start.timestamp(): float(getattr(window, name)) for window in seen}
        for name in ("seen", "kept", "dropped")
    }
    return _chart(columns | {"compared": compared})


def version_marks(closed: Sequence[Window]) -> tuple[Mark, ...]:
    """Where a version's windows begin inside the range; the one that was there already has no mark."""
    first: dict[str, float] = {}
    for window in reversed(closed):
        first.setdefault(window.version, window.window_start.timestamp())
    begun = sorted(first.items(), key=lambda entry: entry[1])
    return tuple(Mark(x=start, label=f"v{version}") for version, start in begun[1:])


def episode_bands(
    found: Sequence[Episode], span: Range, now: datetime, window: timedelta
) -> tuple[Band, ...]:
    """Episodes that touch the range."""
    return tuple(
        Band(
            start=entry.first_window.timestamp(),
            end=(entry.resolved_at or now).timestamp(),
            label=entry.kind.replace("_", " "),
            open=entry.state == "open",
        )
        for entry in found
        if span.since is None or (entry.resolved_at or now) + window >= span.since
    )


def _chart(columns: Mapping[str, Mapping[float, float | None]]) -> Chart:
    x = sorted({moment for column in columns.values() for moment in column})
    return Chart(
        x=tuple(x),
        columns={name: tuple(column.get(moment) for moment in x) for name, column in columns.items()},
    )
