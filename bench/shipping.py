"""Spool and shipping: what crashes cost, and what an event costs on its way through the disk.

Crashes: collectors that take in 1,000,000 events are killed 20 times, ClickHouse 6 times, at random moments;
then the accepted events are looked for. Cost: blocks of 256 events x 16 numbers and 2 categories are offered
with ClickHouse away, then shipped, in a process of its own; beside it the same blocks are inserted directly.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from collector.coverage import CoverageLedger
from collector.shipping import Shipper
from collector.spool import Spool, SpoolOptions
from collector.store_link import StoreLink
from driftline.engine import EmbeddedClickHouse
from driftline.events import EventBlock, insert_blocks
from driftline.logs import configure_logs
from driftline.store import Store
from driftline.store.migrations import migrate
from tests.integration.collector.crashes import run_crashes

EVENTS = 1_000_000
CRASHES = 20
ENGINE_KILLS = 6
EVENTS_PER_SECOND = 60_000
ROWS, NUMERIC = 256, 16
BLOCKS = 1_600
BATCH = 78
"""Blocks in a direct insert: about 20,000 events."""
BAR_MICROSECONDS = 1.5
BAR_EVENTS_PER_SECOND = 80_000
BAR_MIB = 150


def run() -> list[dict[str, Any]]:
    """Both measurements."""
    return [_crashes(), *_cost()]


def _crashes() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        report = run_crashes(
            Path(folder),
            events=EVENTS,
            crashes=CRASHES,
            engine_kills=ENGINE_KILLS,
            events_per_second=EVENTS_PER_SECOND,
            seed=20,
        )
    exact = report.lost == report.duplicated == 0 and report.stored == report.kept == report.seen
    return {
        "bench": "shipping",
        "metric": "accepted_events_lost_or_duplicated",
        "value": report.lost + report.duplicated,
        "unit": "events",
        "bar": "0, and coverage says kept = stored",
        "met": exact and report.accepted >= EVENTS,
        "details": report.as_dict(),
        "sizes": {"events": EVENTS, "collector_kills": CRASHES, "engine_kills": ENGINE_KILLS},
    }


def _cost() -> list[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder,
        EmbeddedClickHouse(Path(folder) / "state") as engine,
    ):
        store = Store(engine.url, "driftline")
        migrate(store)
        direct = _direct(store)
        store.command("TRUNCATE TABLE inference_events")
        answer = subprocess.run(
            [sys.executable, "-m", "bench.shipping", str(Path(folder) / "spool")],
            env=os.environ | {"BENCH_CLICKHOUSE_URL": engine.url},
            capture_output=True,
            text=True,
            check=True,
        )
        stored = store.scalar("SELECT count() FROM inference_events")
        store.close()
    measured: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    assert stored == BLOCKS * ROWS, f"{stored} events are stored"
    sizes = {"block": ROWS, "numeric": NUMERIC, "categorical": 2, "events": BLOCKS * ROWS}
    return [
        {
            "bench": "shipping",
            "metric": "microseconds_to_accept_an_event",
            "value": round(measured["offer_microseconds"], 2),
            "unit": "us",
            "bar": BAR_MICROSECONDS,
            "met": measured["offer_microseconds"] <= BAR_MICROSECONDS,
            "baseline": "insert_blocks without a spool",
            "baseline_value": round(1e6 / direct, 2),
            "ratio": round(1e6 / direct / measured["offer_microseconds"], 1),
            "sizes": sizes,
        },
        {
            "bench": "shipping",
            "metric": "events_shipped_per_second",
            "value": round(measured["shipped_per_second"]),
            "unit": "events/s",
            "bar": BAR_EVENTS_PER_SECOND,
            "met": measured["shipped_per_second"] >= BAR_EVENTS_PER_SECOND,
            "baseline": "insert_blocks without a spool",
            "baseline_value": round(direct),
            "ratio": round(measured["shipped_per_second"] / direct, 2),
            "sizes": sizes,
        },
        {
            "bench": "shipping",
            "metric": "peak_resident_size",
            "value": round(measured["peak_mib"]),
            "unit": "MiB",
            "bar": BAR_MIB,
            "met": measured["peak_mib"] <= BAR_MIB,
            "baseline": "before the first event",
            "baseline_value": round(measured["idle_mib"]),
            "sizes": sizes,
        },
    ]


def _block(number: int) -> EventBlock:
    rng = np.random.default_rng(number)
    now = int(time.time() * 1000)
    return EventBlock(
        model="bench",
        tap="splice",
        version=["1"] * ROWS,
        instance=["bench-0"] * ROWS,
        ts_ms=[now + row for row in range(ROWS)],
        event_id=[str(uuid4()) for _ in range(ROWS)],
        trace_id=[uuid4().hex for _ in range(ROWS)],
        status=["ok"] * ROWS,
        latency_ms=rng.exponential(5.0, ROWS).tolist(),
        weight=[1.0] * ROWS,
        numeric=rng.normal(size=(ROWS, NUMERIC)),
        categorical=[[f"class-{row % 20}", "ok"] for row in range(ROWS)],
    )


def _direct(store: Store) -> float:
    """Events per second of inserts of some 20,000 events, without anything else."""
    blocks = [_block(number) for number in range(BATCH)]
    insert_blocks(store, blocks, uuid4().hex)
    repeats = BLOCKS // BATCH
    began = time.perf_counter()
    for _ in range(repeats):
        insert_blocks(store, blocks, uuid4().hex)
    return repeats * BATCH * ROWS / (time.perf_counter() - began)


def _through_the_spool(url: str, folder: str) -> dict[str, float]:
    """Offer all blocks while nothing is shipped, then ship them."""
    idle = _memory_mib("VmRSS")
    spool = Spool(SpoolOptions(folder))
    link = StoreLink(url, "driftline", Path(folder), 30)
    shipper = Shipper(link, CoverageLedger(), spool, flush_seconds=0.5)
    spool.open()
    seconds = 0.0
    for number in range(BLOCKS):
        block = _block(number)
        began = time.perf_counter()
        shipper.offer(block)
        seconds += time.perf_counter() - began
    spool.close_active(0.0)
    began = time.perf_counter()
    shipper.start()
    while shipper.stats().segments:
        time.sleep(0.002)
    shipped = time.perf_counter() - began
    shipper.stop(10.0)
    return {
        "offer_microseconds": seconds * 1e6 / (BLOCKS * ROWS),
        "shipped_per_second": BLOCKS * ROWS / shipped,
        "idle_mib": idle,
        "peak_mib": _memory_mib("VmHWM"),
    }


def _memory_mib(name: str) -> float:
    # Not ru_maxrss: that begins with the size of the process that started this one.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    configure_logs("error", "json")
    print(json.dumps(_through_the_spool(os.environ["BENCH_CLICKHOUSE_URL"], sys.argv[1])))
