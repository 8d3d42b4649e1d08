"""Events written per second by one process, against the driver's row-wise insert in the same run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
from clickhouse_driver import Client

from driftline.engine import EmbeddedClickHouse
from driftline.events import Event, insert_events
from driftline.logs import configure_logs
from driftline.store import Store
from driftline.store.migrations import migrate

NUMERIC = 40
CATEGORICAL = 10
BLOCK = 20_000
BLOCKS = 10
BAR_EVENTS_PER_SECOND = 100_000


def run() -> list[dict[str, Any]]:
    """Write the same blocks of events both ways and report events per second."""
    configure_logs("warning")  # standard output is for results
    with _engine() as (store, url):
        events = _events()
        client = _row_client(url, store.database)
        insert_events(store, events, uuid4().hex)
        value = _timed(lambda: insert_events(store, events, uuid4().hex))
        baseline_value = _timed(lambda: _insert_rows(client, events))
        client.disconnect()
    return [
        {
            "bench": "ingest",
            "metric": "events_per_second",
            "value": round(value),
            "unit": "events/s",
            "bar": BAR_EVENTS_PER_SECOND,
            "met": value >= BAR_EVENTS_PER_SECOND,
            "baseline": "clickhouse-driver, rows",
            "baseline_value": round(baseline_value),
            "ratio": round(value / baseline_value, 2),
            "sizes": {"numeric": NUMERIC, "categorical": CATEGORICAL, "block": BLOCK, "blocks": BLOCKS},
        }
    ]


@contextmanager
def _engine() -> Iterator[tuple[Store, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder,
        EmbeddedClickHouse(Path(folder)) as engine,
    ):
        store = Store(engine.url, "driftline")
        migrate(store)
        yield store, engine.url
        store.close()


def _events() -> list[Event]:
    generator = np.random.default_rng(7)
    numbers = generator.normal(size=(BLOCK, NUMERIC)).tolist()
    names = [f"category-{index}" for index in range(20)]
    categories = np.array(names, dtype=object)[generator.integers(0, 20, (BLOCK, CATEGORICAL))].tolist()
    now = datetime.now(UTC)
    return [
        Event(
            model="bench",
            version="1",
            instance="bench-0",
            ts=now + timedelta(milliseconds=row),
            event_id=str(uuid4()),
            trace_id=uuid4().hex,
            status="ok",
            latency_ms=1.5,
            weight=1.0,
            numeric=numbers[row],
            categorical=categories[row],
        )
        for row in range(BLOCK)
    ]


def _row_client(url: str, database: str) -> Client:
    parts = urlsplit(url)
    return Client(
        host=parts.hostname, port=parts.port, user=parts.username, password=parts.password, database=database
    )


def _insert_rows(client: Client, events: list[Event]) -> None:
    client.execute(
        "INSERT INTO inference_events (model, version, instance, ts, event_id, trace_id, status, latency_ms,"
        " weight, numeric, categorical) VALUES",
        [
            (
                event.model,
                event.version,
                event.instance,
                event.ts,
                event.event_id,
                event.trace_id,
                event.status,
                event.latency_ms,
                event.weight,
                event.numeric,
                event.categorical,
            )
            for event in events
        ],
        settings={"insert_deduplication_token": uuid4().hex},
    )


def _timed(write: Callable[[], object]) -> float:
    """Events per second over all blocks."""
    began = time.perf_counter()
    for _ in range(BLOCKS):
        write()
    return BLOCKS * BLOCK / (time.perf_counter() - began)
