"""A real node agent beside a real process that burns CPU."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import Any

import pynvml
import pytest

from collector.node.outbox import Outbox
from collector.node.reading import Round
from collector.node.sources.nvml import NvmlSource
from collector.store_link import StoreLink
from driftline.engine.config import free_port
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.collector.waiting import eventually

_AGENT = """
import json, sys
from driftline.logs import configure_logs
from driftline.settings import load_settings
from collector.node.run import run_node
configure_logs("info", "json")
run_node(load_settings(**json.loads(sys.stdin.read())))
"""
# A parent whose short-lived children burn half a second each: their use must not be lost.
_BURN = """
import subprocess, sys, time
child = "import time\\nend = time.process_time() + 0.5\\nwhile time.process_time() < end: pass"
while True:
    subprocess.run([sys.executable, "-c", child])
    time.sleep(0.2)
"""


@contextmanager
def agent(
    settings: Settings, log: Path, workloads: list[dict[str, Any]], url: str
) -> Iterator[subprocess.Popen[bytes]]:
    given = {
        "clickhouse_url": url,
        "clickhouse_database": settings.clickhouse_database,
        "workloads": workloads,
        "node_interval_seconds": 0.5,
        "state_dir": str(settings.state_dir),
    }
    with log.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-c", _AGENT], stdin=subprocess.PIPE, stderr=stderr)
    assert process.stdin is not None
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()


@pytest.fixture
def burner() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", _BURN], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_cpu_of_a_process_and_its_children(
    store: Store, settings: Settings, burner: subprocess.Popen[bytes], tmp_path: Path, clickhouse_url: str
) -> None:
    pidfile = tmp_path / "gone.pid"
    pidfile.write_text("999999999")
    workloads: list[dict[str, Any]] = [
        {"model": "busy", "instance": "one", "pid": burner.pid},
        {"model": "gone", "pidfile": str(pidfile)},
    ]
    with agent(settings, tmp_path / "log", workloads, clickhouse_url):
        began = time.monotonic()
        eventually(
            lambda: float(store.scalar("SELECT sum(cpu_seconds) FROM cpu_samples WHERE model = 'busy'")),
            lambda seconds: seconds >= 1.0,
        )
        elapsed = time.monotonic() - began
    rows = store.query("SELECT * FROM cpu_samples ORDER BY ts")
    assert {(row["model"], row["instance"], row["grade"]) for row in rows} == {("busy", "one", "measured")}
    assert all(row["memory_bytes"] > 1_000_000 and row["processes"] >= 1 for row in rows)
    assert all(0.4 < row["interval_seconds"] < 5 for row in rows)
    # One child at a time: never more than one core, whatever the churn.
    assert sum(row["cpu_seconds"] for row in rows) <= elapsed + 2.0
    log = (tmp_path / "log").read_text()
    assert log.count("no process of a workload is running") == 1


def test_rows_wait_while_clickhouse_is_away_and_the_buffer_is_bounded(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    away = f"clickhouse://nobody:x@127.0.0.1:{free_port()}/"
    outbox = Outbox(StoreLink(away, settings.clickhouse_database, tmp_path, 30), buffered_rows=3)
    for number in range(5):
        outbox.put("labels", [{"model": "m", "event_id": str(number), "label": "x", "labelled_at": 0}])
        assert not outbox.flush()
    assert outbox.dropped_rows == 2


def test_without_a_driver_there_are_no_cards_and_no_numbers() -> None:
    source = NvmlSource()
    this = Round(time.time(), time.monotonic() + 10)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        for _ in range(2):
            reading = source.read(this)
            assert (list(reading.cards), list(reading.users)) == ([], [])
            assert "NVML is unavailable" in reading.note
        return
    whole = [card for card in source.read(this).cards if not card.parent]
    assert all(isnan(card.utilization) or 0 <= card.utilization <= 1 for card in whole)
    assert all(card.memory_total_bytes > 0 for card in whole)
    assert len({card.device for card in whole}) == len(whole) == pynvml.nvmlDeviceGetCount()
