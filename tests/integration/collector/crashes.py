"""Collectors killed at random moments, and ClickHouse with them: what was accepted is counted afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from collector.coverage import CoverageLedger
from collector.shipping import Shipper
from collector.spool import Spool, SpoolOptions
from collector.store_link import StoreLink
from driftline.engine import EmbeddedClickHouse
from driftline.errors import StoreError
from driftline.store import Store
from driftline.store.migrations import migrate

RUN_EVENTS = 10_000_000
"""Numbers that each run of the producer has for its events; also milliseconds of their times."""
DRAIN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class CrashReport:
    """What came of it.

    Attributes
    ----------
    accepted
        Events that the producer had noted as accepted.
    stored
        Rows in ClickHouse. A block that was accepted and not noted before the crash is among them.
    lost, duplicated
        Accepted events that are not stored; stored rows beyond the first of an event.
    kept, seen
        Sums of the table ``coverage``.
    collector_kills, engine_kills
        SIGKILLs.
    recovered
        Runs that found something in the spool.
    """

    accepted: int
    stored: int
    lost: int
    duplicated: int
    kept: int
    seen: int
    collector_kills: int
    engine_kills: int
    recovered: int
    seconds: float

    def as_dict(self) -> dict[str, float]:
        """All figures by name."""
        return asdict(self)


def run_crashes(
    folder: Path, *, events: int, crashes: int, engine_kills: int, events_per_second: float, seed: int
) -> CrashReport:
    """Kill the collector ``crashes`` times while it takes in at least ``events``, then ship what is left."""
    rng = random.Random(seed)
    began = time.monotonic()
    with_engine = {int(run) for run in rng.sample(range(crashes), engine_kills)}
    recovered = 0
    with EmbeddedClickHouse(folder / "state", memory_mib=2048) as engine:
        store = Store(engine.url, "driftline")
        migrate(store)
        for run in range(crashes):
            recovered += any((folder / "spool").glob("*.segment"))
            wanted = events * (run + 1) / crashes
            _run_and_kill(engine, folder, run, wanted, events_per_second, run in with_engine, rng)
        left = max(0, events - sum(rows for _, rows in _accepted(folder)))
        producer = _start(engine.url, folder, crashes, left, events_per_second)
        assert producer.wait(DRAIN_SECONDS + left / events_per_second) == 0
        _drain(engine.url, folder)
        report = _count(store, folder)
        store.close()
    return CrashReport(
        **report,
        collector_kills=crashes,
        engine_kills=engine_kills,
        recovered=recovered,
        seconds=round(time.monotonic() - began, 1),
    )


def _start(url: str, folder: Path, run: int, events: int, rate: float) -> subprocess.Popen[bytes]:
    first = run * RUN_EVENTS
    arguments = {
        "url": url,
        "folder": str(folder),
        "first": first,
        "last": first + events,
        "events_per_second": rate,
    }
    module = "tests.integration.collector.crash_producer"
    return subprocess.Popen([sys.executable, "-m", module, json.dumps(arguments)])


def _run_and_kill(
    engine: EmbeddedClickHouse,
    folder: Path,
    run: int,
    wanted: float,
    rate: float,
    kill_engine: bool,
    rng: random.Random,
) -> None:
    """One run, killed some time after it began, or after ``wanted`` events were accepted in all."""
    producer = _start(engine.url, folder, run, RUN_EVENTS, rate)
    log = folder / "accepted"
    size = log.stat().st_size if log.exists() else 0
    try:
        while not log.exists() or log.stat().st_size == size:
            assert producer.poll() is None, f"the producer ended with {producer.returncode}"
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.3))  # some die while they recover what the one before left
        if kill_engine and engine.pid is not None:
            os.kill(engine.pid, signal.SIGKILL)
        while sum(rows for _, rows in _accepted(folder)) < wanted and rng.random() < 0.98:
            time.sleep(0.05)
        assert producer.poll() is None, f"the producer ended with {producer.returncode}"
    finally:
        producer.kill()
        producer.wait()


def _accepted(folder: Path) -> list[tuple[int, int]]:
    """First number and length of the blocks that were noted."""
    lines = (folder / "accepted").read_text().splitlines()
    return [(int(first), int(rows)) for first, _, rows in (line.partition(" ") for line in lines)]


def _drain(url: str, folder: Path) -> None:
    spool = Spool(SpoolOptions(str(folder / "spool")))
    shipper = Shipper(StoreLink(url, "driftline", folder, 30), CoverageLedger(), spool, flush_seconds=0.1)
    shipper.start()
    shipper.stop(DRAIN_SECONDS)
    assert not list((folder / "spool").glob("*.segment*"))


def _count(store: Store, folder: Path) -> dict[str, int]:
    for attempt in range(60):
        with contextlib.suppress(StoreError):
            rows = store.query("SELECT trace_id, count() AS n FROM inference_events GROUP BY trace_id")
            (coverage,) = store.query("SELECT sum(kept) AS kept, sum(seen) AS seen FROM coverage")
            break
        time.sleep(min(1.0, 0.1 * 2**attempt))  # it may just have been killed
    else:
        raise AssertionError("ClickHouse does not come back")
    stored = {int(row["trace_id"], 16): int(row["n"]) for row in rows}
    accepted = [number for first, count in _accepted(folder) for number in range(first, first + count)]
    return {
        "accepted": len(accepted),
        "stored": sum(stored.values()),
        "lost": sum(number not in stored for number in accepted),
        "duplicated": sum(stored.values()) - len(stored),
        **coverage,
    }
