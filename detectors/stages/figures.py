"""What stages did window by window: traces, failures, time, from joined traces and from all events."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detectors.stages.graph import StageGraph
from driftline.readmodel.stages import StageFigures, StageWindow, StageWindowFigures
from driftline.store import Store, load_sql

MOST_TRACES = 1_000_000
"""About so many traces are joined; of more a share, chosen by a hash of their id."""

COMPLETE_ENOUGH = 0.9
"""From this share of complete traces on nothing is said about sampling."""

SAMPLED_FROM = 1.05
"""Mean weight of events from which on they count as sampled."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows of a stretch of time.

    Attributes
    ----------
    traces
        A row a window and stage, from joined traces.
    events
        A row a window and model, from all events.
    share
        Of the traces that were joined.
    by_event
        Whether collectors sample event by event: a stage that is not there may just not have been kept.
    """

    graph: StageGraph
    traces: tuple[Row, ...]
    events: tuple[Row, ...]
    share: float
    by_event: bool = False

    @property
    def all_traces(self) -> int:
        """Joined traces."""
        return sum(row["traces"] for row in self.traces if row["place"] == 1)

    @property
    def complete(self) -> int:
        """Joined traces with every stage."""
        return sum(row["complete"] for row in self.traces if row["place"] == 1)

    @property
    def untraced_share(self) -> float:
        """Share of the events that carry no trace id."""
        events = sum(row["events"] for row in self.events)
        return 1 - sum(row["traced"] for row in self.events) / events if events else 0.0

    @property
    def looks_sampled_by_event(self) -> bool:
        """Whether few traces are complete and not every event is kept."""
        sampled = max((self.mean_weight(model) for model in self.graph.models), default=1.0)
        return self.complete < COMPLETE_ENOUGH * self.all_traces and sampled > SAMPLED_FROM

    def mean_weight(self, model: str) -> float:
        """Inferences that an event of a model stands for."""
        mine = [row for row in self.events if row["model"] == model]
        events = sum(row["events"] for row in mine)
        return float(sum(row["weight"] for row in mine) / events) if events else 1.0

    def of_stage(self, place: int) -> StageFigures:
        """A stage over the whole stretch; ``place`` counts from 0."""
        model = self.graph.stages[place].model
        mine = [row for row in self.events if row["model"] == model]
        joined = [row for row in self.traces if row["place"] == place + 1]
        weight = sum(row["weight"] for row in mine)
        versions: Counter[str] = Counter()
        for row in mine:
            versions.update(dict.fromkeys(row["versions"], row["events"]))
        return StageFigures(
            events=sum(row["events"] for row in mine),
            versions=tuple(name for name, _ in versions.most_common()),
            error_rate=_ratio(sum(row["failed_weight"] for row in mine), weight),
            latency_ms=_ratio(sum(row["latency_ms"] for row in mine), weight),
            traces=sum(row["present"] for row in joined),
            missing_rate=self._missing(joined),
            latency_share=_ratio(
                sum(row["duration_ms"] for row in joined), sum(row["elapsed_ms"] for row in joined)
            ),
            first_failures=sum(row["first_failed"] for row in joined),
        )

    def missing(self, place: int) -> tuple[float, float, list[tuple[datetime, float]]]:
        """Share of expected traces without the stage, its standard error, and the share by window."""
        joined = [row for row in self.traces if row["place"] == place + 1 and row["expected"] > 0]
        expected = sum(row["expected"] for row in joined)
        if not expected or self.by_event:
            return math.nan, math.nan, []
        share = sum(row["absent"] for row in joined) / expected
        effective = expected**2 / sum(row["expected_squares"] for row in joined)
        # Half a trace more, so that none missing is not taken for certain.
        near = (share * effective + 0.5) / (effective + 1)
        series = [(row["window_start"], row["absent"] / row["expected"]) for row in joined]
        return share, math.sqrt(near * (1 - near) / effective), series

    def _missing(self, joined: Sequence[Row]) -> float | None:
        if self.by_event:
            return None
        return _ratio(sum(row["absent"] for row in joined), sum(row["expected"] for row in joined))

    def windows(self) -> list[StageWindow]:
        """Every window with its stages, oldest first."""
        events = {(row["window_start"], row["model"]): row for row in self.events}
        joined = {(row["window_start"], row["place"]): row for row in self.traces}
        starts = sorted({start for start, _ in events} | {start for start, _ in joined})
        found = []
        for start in starts:
            first = joined.get((start, 1))
            stages = []
            for place, stage in enumerate(self.graph.stages):
                event = events.get((start, stage.model))
                trace = joined.get((start, place + 1))
                stages.append(
                    StageWindowFigures(
                        stage=stage.name,
                        traces=trace["present"] if trace else 0,
                        error_rate=_ratio(event["failed_weight"], event["weight"]) if event else None,
                        latency_ms=_ratio(event["latency_ms"], event["weight"]) if event else None,
                        latency_share=_ratio(trace["duration_ms"], trace["elapsed_ms"]) if trace else None,
                        missing_rate=self._missing([trace] if trace else []),
                    )
                )
            found.append(
                StageWindow(
                    window_start=start,
                    traces=first["traces"] if first else 0,
                    complete=first["complete"] if first else 0,
                    stages=tuple(stages),
                )
            )
        return found


def read_figures(
    store: Store, graph: StageGraph, since: datetime, until: datetime, window_seconds: int
) -> Figures:
    """Figures of ``[since, until)`` in windows of that length."""
    scope = {"models": list(graph.models), "since": since, "until": until, "window_seconds": window_seconds}
    events = store.query(load_sql(__file__, "model_windows"), scope)
    most = max(_traced(events).values(), default=0)
    share = min(1.0, MOST_TRACES / most) if most else 1.0
    ancestors = [[graph.stage(name).model for name in graph.ancestors(one.name)] for one in graph.stages]
    traces = store.query(
        load_sql(__file__, "trace_windows"), {**scope, "ancestors": ancestors, "share": share}
    )
    return Figures(graph, tuple(traces), tuple(events), share)


def _traced(events: Sequence[Row]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in events:
        found[row["model"]] += row["traced"]
    return dict(found)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
