"""What the collector does to requests of real Triton, and how large it gets, when the database fails.

`requests`: 200,000 requests through the splice, as fast as eight clients ask up to 2,500 a second, while the
engine is killed (SIGKILL) and started again, over and over. `memory`: small and large bodies in turn, the
large ones stored whole, with a ClickHouse that is away, that refuses to write as on a full disk, and away
with a spool that is full. Counted is the memory of splice and worker together (PSS), at its peak.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.process_figures import PeakMemory
from bench.splice import LARGE, register
from bench.triton_load import JsonDialogue, Load
from driftline.engine import EmbeddedClickHouse
from driftline.engine.config import free_port
from driftline.errors import DriftlineError
from driftline.settings import Settings
from driftline.store.opening import open_store
from tests.e2e.collecting import Collecting, collecting
from tests.e2e.triton import VALUES, Triton, triton

REQUESTS = 200_000
BATCH = 1_000
BATCH_SECONDS = 0.4
CONNECTIONS = 8
KILL_EVERY_SECONDS = 10.0
MEMORY_BAR_MB = 150.0
MEMORY_REQUESTS = 30_000
MEMORY_LARGE_REQUESTS = 160
FULL_SPOOL_BYTES = 16 * 1024 * 1024
REFUSING = "MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1152921504606846976"
"""No disk has as many free bytes, so every insert is refused with the code of a full disk."""


def run() -> list[dict[str, Any]]:
    """Both benchmarks; raises when Triton cannot be installed or started."""
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        (Path(folder) / "triton").mkdir()
        with triton(Path(folder) / "triton") as server:
            return [
                *_requests(server, Path(folder) / "requests"),
                *(_memory(server, Path(folder) / sink, sink) for sink in ("away", "refusing", "full_spool")),
            ]


def _requests(server: Triton, folder: Path) -> list[dict[str, Any]]:
    settings = Settings(state_dir=folder / "state", log_level="error")
    failures: list[str] = []
    with (
        EmbeddedClickHouse(settings.state_dir, memory_mib=1024) as engine,
        _collector(server, settings, folder, free_port()) as (collector, memory),
    ):
        began = time.monotonic()
        with _killing(engine), Load(_small, collector.port, CONNECTIONS) as load:
            for batch in range(REQUESTS // BATCH):
                failures += load.send(BATCH).failures
                time.sleep(max(0.0, began + (batch + 1) * BATCH_SECONDS - time.monotonic()))
        seconds = time.monotonic() - began
        kills = engine.restarts
        counted = _counted(settings)
    sizes = {
        "requests": REQUESTS, "connections": CONNECTIONS, "engine_kills": kills, "seconds": round(seconds),
        **counted,
    }  # fmt: skip
    return [
        _result("failed_requests", len(failures), "requests", 0, sizes | {"first": failures[:1]}),
        _memory_result("killed", memory, sizes),
    ]


def _memory(server: Triton, folder: Path, sink: str) -> dict[str, Any]:
    settings = Settings(state_dir=folder / "state", log_level="error")
    more = {"spool_bytes": FULL_SPOOL_BYTES} if sink == "full_spool" else {}
    metrics = free_port()
    with (
        EmbeddedClickHouse(settings.state_dir, memory_mib=1024) as engine,
        _collector(server, settings, folder, metrics, **more) as (collector, memory),
        Load(_small, collector.port, CONNECTIONS) as small,
        Load(_large, collector.port, CONNECTIONS) as large,
    ):
        if sink == "refusing":
            _refuse(settings)
        else:
            engine.stop()
        failures: list[str] = []
        for _ in range(10):
            failures += small.send(MEMORY_REQUESTS // 10).failures
            failures += large.send(MEMORY_LARGE_REQUESTS // 10).failures
        fates = _fates(metrics)
    if failures:
        raise RuntimeError(f"{len(failures)} requests failed with the sink {sink}: {failures[0]}")
    if (sink == "full_spool") != ("spool_full" in fates):
        raise RuntimeError(f"this is no run with the sink {sink}: {fates}")
    sizes = {"requests": MEMORY_REQUESTS, "large_requests": MEMORY_LARGE_REQUESTS, "connections": CONNECTIONS}
    return _memory_result(sink, memory, sizes | fates)


def _refuse(settings: Settings) -> None:
    with open_store(settings) as store:
        for table in ("inference_events", "payloads", "coverage"):
            store.command(f"ALTER TABLE {table} {REFUSING}")


def _fates(metrics_port: int) -> dict[str, float]:
    """Rows by what became of them, as the collector's own metrics say."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(r'rows_total\{.*?fate="(\w+)".*?\} ([0-9.e+]+)', text)
    return {fate: float(rows) for fate, rows in found}


@contextmanager
def _collector(
    server: Triton, settings: Settings, folder: Path, metrics_port: int, **more: object
) -> Iterator[tuple[Collecting, PeakMemory]]:
    """A collector that knows the models, watched for its memory."""
    register(settings, store_raw=True)
    metrics = ("--metrics", f"127.0.0.1:{metrics_port}")
    with collecting(
        settings, server.http_port, folder / "log", *metrics, log_level="error", **more
    ) as collector:
        _await_stored(settings, collector)
        with PeakMemory(lambda: [process.pid for process in collector.processes()]) as memory:
            yield collector, memory


def _await_stored(settings: Settings, collector: Collecting) -> None:
    """Until events of both models arrive, so their contracts are known."""
    deadline = time.monotonic() + 60
    with (
        Load(_small, collector.port, 1) as small,
        Load(_large, collector.port, 1) as large,
        open_store(settings) as store,
    ):
        while store.scalar("SELECT uniq(model) FROM inference_events") < 2:
            if time.monotonic() > deadline:
                raise RuntimeError("no events are stored")
            small.send(10)
            large.send(1)
            time.sleep(0.2)


@contextmanager
def _killing(engine: EmbeddedClickHouse) -> Iterator[None]:
    """The engine is killed again and again until the block ends; its supervisor starts it again."""
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(KILL_EVERY_SECONDS):
            if engine.pid is not None:
                os.kill(engine.pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _counted(settings: Settings) -> dict[str, int]:
    """Rows by their fate according to coverage, once as many as there were requests or nothing more comes."""
    deadline = time.monotonic() + 90
    while True:
        time.sleep(2.0)
        try:
            with open_store(settings) as store:
                (row,) = store.query(
                    "SELECT sum(seen) AS seen, sum(kept) AS kept, sum(unsampled) AS unsampled,"
                    " sum(arraySum(mapValues(dropped))) AS dropped FROM coverage"
                )
        except DriftlineError:
            if time.monotonic() > deadline:
                raise
            continue  # after many kills its supervisor takes its time
        if row["seen"] >= REQUESTS or time.monotonic() > deadline:
            return {name: int(value) for name, value in row.items()}


def _small() -> JsonDialogue:
    return JsonDialogue("echo", VALUES)


def _large() -> JsonDialogue:
    return JsonDialogue("largest", LARGE)


def _memory_result(sink: str, memory: PeakMemory, sizes: dict[str, Any]) -> dict[str, Any]:
    return _result(f"memory_clickhouse_{sink}", round(memory.peak_bytes / 1e6, 1), "MB", MEMORY_BAR_MB, sizes)


def _result(metric: str, value: float, unit: str, bar: float, sizes: dict[str, Any]) -> dict[str, Any]:
    return {
        "bench": "triton_faults",
        "metric": metric,
        "value": value,
        "unit": unit,
        "bar": bar,
        "met": value <= bar,
        "baseline": None,
        "baseline_value": None,
        "ratio": None,
        "sizes": sizes,
    }
