"""A worker that cannot keep up, and an embedded ClickHouse that comes back somewhere else."""

from __future__ import annotations

import http.client
import os
import signal
import time
from pathlib import Path

import psutil

from driftline.contract_store import ContractStore
from driftline.engine import EmbeddedClickHouse
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.opening import open_store
from tests.integration.collector.process import CollectorProcess
from tests.integration.collector.test_collect import CONTRACT, PATH, coverage, post
from tests.integration.collector.v2_server import V2Server, ask
from tests.integration.collector.waiting import eventually


def test_a_stuck_worker_costs_copies_and_never_requests(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    padding = b" " * 1_000_000
    with V2Server() as server, CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        keep = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)

        def send(request_id: str) -> int:
            keep.request("POST", PATH, ask([1.0], request_id) + padding)
            response = keep.getresponse()
            response.read()
            return response.status

        assert send("before") == 200
        eventually(lambda: store.scalar("SELECT count() FROM inference_events"), lambda n: n == 1)
        worker = collector.worker_pid()
        os.kill(worker, signal.SIGSTOP)
        try:
            assert [send(f"stuck-{number}") for number in range(30)] == [200] * 30
        finally:
            os.kill(worker, signal.SIGCONT)
        found = eventually(
            lambda: (send("after"), store.query("SELECT event_id FROM inference_events"))[1],
            lambda rows: any(row["event_id"] == "after" for row in rows),
        )
        assert collector.worker_pid() == worker
        keep.close()
        assert collector.stop() == 0
    # The buffer holds 8 MiB: some requests of the stuck time were kept, the others were counted.
    stuck = sum(row["event_id"].startswith("stuck-") for row in found)
    assert 5 <= stuck < 12
    assert coverage(store)["tap_overflow"] >= 30 - stuck
    assert '"tap_dropped_bytes": 0' not in collector.log.read_text()


def test_an_embedded_engine_that_is_started_again_is_found_again(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")

    def count() -> int:
        with open_store(settings) as store:
            return int(store.scalar("SELECT count() FROM inference_events"))

    with V2Server() as server, CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        with EmbeddedClickHouse(settings.state_dir, memory_mib=1024) as engine:
            first = engine.url
            with open_store(settings) as store:
                ContractStore(store).register(CONTRACT)
            assert post(collector.port, ask([1.0], "first"))[0] == 200
            eventually(count, lambda n: n == 1)
        assert post(collector.port, ask([2.0], "while it is away"))[0] == 200
        with EmbeddedClickHouse(settings.state_dir, memory_mib=1024) as engine:
            assert engine.url != first
            eventually(count, lambda n: n == 2, seconds=40)
            assert post(collector.port, ask([3.0], "last"))[0] == 200
            eventually(count, lambda n: n == 3)
            assert collector.stop() == 0


def test_a_killed_splice_leaves_no_worker_behind_and_loses_nothing_copied(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    with V2Server() as server, CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        for number in range(20):
            assert post(collector.port, ask([1.0], str(number)))[0] == 200
        worker = psutil.Process(collector.worker_pid())
        time.sleep(0.05)  # copies leave the splice within a few milliseconds
        assert collector.process is not None
        collector.process.kill()
        worker.wait(15)
    assert store.scalar("SELECT count() FROM inference_events") == 20
