"""Labels joined once with their events, beside joining all of them in every look.

A back-fill labels every event at once, newest slice first; then one look's worth of labels comes. The
baseline is a query that joins all labels with all events, which is what each look costs without joined rows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.process_figures import PeakMemory
from detectors.performance.labels.joining import LabelJoin
from driftline.contracts import parse_contract
from driftline.engine import EmbeddedClickHouse
from driftline.settings import Settings
from driftline.store import Store, load_sql
from driftline.store.migrations import migrate

EVENTS, QUICK_EVENTS = 10_000_000, 1_000_000
LOOK = 20_000
"""Labels that come between two looks."""

WINDOW_SECONDS = 3600
DAYS = 28

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            *({"name": f"x{i}", "kind": "numeric"} for i in range(20)),
            {"name": "out", "kind": "categorical", "role": "output"},
            {"name": "site", "kind": "categorical", "role": "segment"},
            {"name": "city", "kind": "categorical"},
        ],
        "prediction": "out",
        "quality": {"scores": {"a": "x0", "b": "x1"}},
    }
)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Seed events and labels, join them, and report."""
    events = QUICK_EVENTS if quick else EVENTS
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    with (
        tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder,
        EmbeddedClickHouse(Path(folder) / "state") as engine,
    ):
        store = Store(engine.url, "bench")
        migrate(store)
        _seed_events(store, events, begin)
        _seed_labels(store, 0, events - LOOK)
        join = LabelJoin(store, Settings(window_seconds=WINDOW_SECONDS))
        fill, fill_mib = _measured(engine, lambda: _join_all(join))
        _seed_labels(store, events - LOOK, LOOK)
        look, look_mib = _measured(engine, lambda: _join_all(join))
        asked = {
            "model": "m",
            "since": begin,
            "until": datetime.now(UTC),
            "window_seconds": WINDOW_SECONDS,
        }
        left, left_mib = _measured(engine, lambda: store.query(load_sql(__file__, "labels_left_join"), asked))
        joined = store.scalar("SELECT count() FROM labelled_events FINAL")
        store.close()
    common = {"bench": "labels", "baseline": "all labels joined with all events in every look"}
    return [
        common
        | {
            "metric": "back_fill",
            "value": round(events / fill),
            "unit": "labels/s",
            "baseline_value": round(events / left),
            "seconds": round(fill, 1),
            "peak_mib": round(fill_mib),
            "baseline_peak_mib": round(left_mib),
            "complete": joined == events,
            "met": joined == events,
        },
        common
        | {
            "metric": "one_look",
            "value": round(look, 2),
            "unit": "s",
            "baseline_value": round(left, 2),
            "ratio": round(left / look, 1),
            "labels": LOOK,
            "events": events,
            "peak_mib": round(look_mib),
        },
    ]


def _seed_events(store: Store, events: int, begin: datetime) -> None:
    step_ms = DAYS * 86_400_000 / events
    params = {"model": "m", "begin": begin, "step_ms": step_ms}
    for first in range(0, events, 1_000_000):
        rows = min(1_000_000, events - first)
        store.command(load_sql(__file__, "labels_events"), params | {"first": first, "rows": rows})


def _seed_labels(store: Store, first: int, rows: int) -> None:
    for start in range(first, first + rows, 1_000_000):
        few = min(1_000_000, first + rows - start)
        store.command(load_sql(__file__, "labels_truth"), {"model": "m", "first": start, "rows": few})


def _join_all(join: LabelJoin) -> None:
    while not join.refresh(CONTRACT).complete:
        pass


def _measured(engine: EmbeddedClickHouse, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that work took, and the most memory of the engine in MiB."""
    with PeakMemory(lambda: [engine.pid] if engine.pid else []) as memory:
        begun = time.perf_counter()
        work()
        seconds = time.perf_counter() - begun
    return seconds, memory.peak_bytes / 2**20
