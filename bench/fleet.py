"""A fleet when a window closes: from stored events to stored findings, beside one model at a time.

Two windows close one after the other. The first finds everything new, as after a start: it reads the whole
range for windows that were never evaluated, and all baselines. The second is an ordinary cycle, and that one
has the bar. A few further models are evaluated one by one in the same process, as it was done before models
were counted and judged together; their time is scaled to the fleet.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.fleet_data import (
    CATEGORICAL,
    HISTORY,
    NUMERIC,
    WINDOW_SECONDS,
    contract_of,
    first_window,
    seed_fleet,
)
from bench.process_figures import PeakMemory, cpu_seconds
from detectors.monitor import Monitor
from detectors.profiles.merged_profiles import merge_profiles
from driftline.engine import EmbeddedClickHouse
from driftline.settings import Settings
from driftline.store import Store

MODELS, ROWS = 2_000, 2_000
QUICK_MODELS = 100
ALONE = 10
"""Models that are evaluated one by one."""

BAR_SECONDS, BAR_MIB, BAR_MERGE_MS = 25.0, 2048, 200.0
ENGINE_MIB = 1536
MERGES = 5


@dataclass(frozen=True, slots=True)
class Cycle:
    """One measured piece of work: times in seconds, memory of our process and the engine together."""

    wall: float
    our_cpu: float
    engine_cpu: float
    peak_mib: float
    windows: int
    findings: int


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Seed a fleet, run two cycles over it and report."""
    models = QUICK_MODELS if quick else MODELS
    begin = first_window(datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        state = Path(folder) / "state"
        with EmbeddedClickHouse(state) as engine:
            seed_fleet(Store(engine.url, "bench"), models + ALONE, ROWS, begin)
        # What seeding left in the engine's memory is none of the cycle's.
        with EmbeddedClickHouse(state, memory_mib=ENGINE_MIB) as engine:
            measured = _measured(engine, models, begin)
    first, cycle = Cycle(**measured["first"]), Cycle(**measured["cycle"])
    alone, merge = Cycle(**measured["alone"]), measured["merge_ms"]
    sizes = {
        "models": models,
        "fields": NUMERIC + CATEGORICAL,
        "events_a_model": ROWS,
        "stored_windows": HISTORY,
        "values": models * ROWS * (NUMERIC + CATEGORICAL),
    }
    scaled = alone.wall * models / ALONE
    peak = max(first.peak_mib, cycle.peak_mib)
    return [
        {
            "bench": "fleet",
            "metric": "cycle_wall",
            "value": round(cycle.wall, 2),
            "unit": "s",
            "bar": BAR_SECONDS * models / MODELS,
            "met": cycle.wall <= BAR_SECONDS * models / MODELS,
            "baseline": f"one model at a time, {ALONE} models scaled",
            "baseline_value": round(scaled, 2),
            "ratio": round(scaled / cycle.wall, 1),
            "our_cpu_seconds": round(cycle.our_cpu, 2),
            "engine_cpu_seconds": round(cycle.engine_cpu, 2),
            "windows": cycle.windows,
            "findings": cycle.findings,
            "first_cycle": {name: round(value, 2) for name, value in asdict(first).items()},
            "sizes": sizes,
        },
        {
            "bench": "fleet",
            "metric": "peak_memory_with_clickhouse",
            "value": round(peak),
            "unit": "MiB",
            "bar": BAR_MIB,
            "met": peak <= BAR_MIB,
            "baseline": "one model at a time",
            "baseline_value": round(alone.peak_mib),
            "ratio": round(peak / alone.peak_mib, 2),
            "sizes": sizes,
        },
        {
            "bench": "fleet",
            "metric": "month_from_stored_profiles",
            "value": round(merge),
            "unit": "ms",
            "bar": BAR_MERGE_MS,
            "met": merge <= BAR_MERGE_MS,
            "baseline": "a day of them",
            "baseline_value": round(measured["day_ms"]),
            "ratio": round(merge / measured["day_ms"], 2),
            "sizes": {"windows": 720, "fields": 50, "stored_windows": 8760},
        },
    ]


def _measured(engine: EmbeddedClickHouse, models: int, begin: datetime) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-m", "bench.fleet", str(engine.pid), str(models), begin.isoformat()],
        env=os.environ | {"BENCH_CLICKHOUSE_URL": engine.url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return measured


def _cycles(engine_pid: int, models: int, begin: datetime) -> dict[str, Any]:
    store = Store(os.environ["BENCH_CLICKHOUSE_URL"], "bench")
    settings = Settings(window_seconds=WINDOW_SECONDS, allowed_lateness_seconds=0)
    fleet = [contract_of(number) for number in range(models)]
    single = [contract_of(number) for number in range(models, models + ALONE)]
    ends = [begin + timedelta(seconds=WINDOW_SECONDS * number) for number in (1, 2)]
    monitor, other = Monitor(store, settings), Monitor(store, settings)

    def whole(now: datetime) -> tuple[int, int]:
        done = monitor.evaluate_all(fleet, now)
        assert not done.failed, next(iter(done.failed.items()))
        return len(done.windows), sum(len(window.findings) for window in done.windows)

    def one_by_one(now: datetime) -> tuple[int, int]:
        done = [window for contract in single for window in other.evaluate(contract, now)]
        return len(done), sum(len(window.findings) for window in done)

    one_by_one(ends[0])
    alone = _cycle(engine_pid, lambda: one_by_one(ends[1]))
    first = _cycle(engine_pid, lambda: whole(ends[0]))
    cycle = _cycle(engine_pid, lambda: whole(ends[1]))
    for each, size in ((alone, ALONE), (first, models), (cycle, models)):
        assert each.windows == size, each
        assert each.findings >= size * (NUMERIC + CATEGORICAL), each
    return {
        "first": asdict(first),
        "cycle": asdict(cycle),
        "alone": asdict(alone),
        "merge_ms": _merge_ms(store, begin, 720),
        "day_ms": _merge_ms(store, begin, 24),
    }


def _cycle(engine_pid: int, work: Callable[[], tuple[int, int]]) -> Cycle:
    with PeakMemory(lambda: [os.getpid(), engine_pid]) as memory:
        engine, ours, began = cpu_seconds(engine_pid), time.process_time(), time.perf_counter()
        windows, findings = work()
        wall = time.perf_counter() - began
        ours, engine = time.process_time() - ours, cpu_seconds(engine_pid) - engine
    return Cycle(wall, ours, engine, memory.peak_bytes / 2**20, windows, findings)


def _merge_ms(store: Store, begin: datetime, windows: int) -> float:
    """The best of some merges of so many hourly profiles in the middle of a year."""
    until = begin - timedelta(days=100)
    best = float("inf")
    for _ in range(MERGES):
        began = time.perf_counter()
        merged = merge_profiles(
            store,
            "year2",
            "1",
            "bl_0123456789abcdef",
            since=until - timedelta(hours=windows),
            until=until,
        )
        best = min(best, time.perf_counter() - began)
        assert {profile.windows for profile in merged.values()} == {windows}
        assert len(merged) == 50
    return best * 1000


if __name__ == "__main__":
    print(json.dumps(_cycles(int(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))))
