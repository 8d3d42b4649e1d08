"""The worker dies, hangs or cannot be started, under load: no request fails, and it comes back."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.triton_load import JsonDialogue, Load
from collector import link as links
from collector.link import WorkerLink
from collector.options import CollectOptions, WorkerConfig
from driftline.contract_store import ContractStore
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.collector.process import CollectorProcess
from tests.integration.collector.splicing import LoopThread, Spliced, listener
from tests.integration.collector.test_collect import CONTRACT, PATH, coverage, post
from tests.integration.collector.v2_server import V2Server, ask
from tests.integration.collector.waiting import eventually


def kill(collector: CollectorProcess) -> None:
    os.kill(collector.worker_pid(), signal.SIGKILL)


def freeze_for_a_while(collector: CollectorProcess) -> None:
    worker = collector.worker_pid()
    os.kill(worker, signal.SIGSTOP)
    time.sleep(1.0)
    os.kill(worker, signal.SIGCONT)


def test_no_request_fails_while_the_worker_is_killed_and_frozen(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    with V2Server() as server, CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        faults = [kill, freeze_for_a_while, kill, kill]
        done = threading.Event()

        def break_the_worker() -> None:
            for fault in faults:
                time.sleep(0.5)
                fault(collector)
            done.set()

        breaking = threading.Thread(target=break_the_worker)
        sent = 0
        with Load(lambda: JsonDialogue("doubler", 1), collector.port, 8) as load:
            breaking.start()
            while not done.is_set():
                outcome = load.send(200)
                assert outcome.failures == []
                sent += len(outcome.took)
        breaking.join()
        assert sent > 500

        def stored_again() -> int:
            assert post(collector.port, ask([1.0], "after"), PATH)[0] == 200
            return int(store.scalar("SELECT count() FROM inference_events WHERE event_id = 'after'"))

        eventually(stored_again, bool)
        assert collector.stop() == 0
        totals = coverage(store)
    log = collector.log.read_text()
    assert log.count("collector worker ended, restarting") == 3
    # Some were stored before and between; nothing is counted twice.
    assert 0 < totals["kept"] <= totals["seen"]
    assert store.scalar("SELECT count() FROM inference_events") == totals["kept"]


@contextmanager
def linked(config: bytes) -> Iterator[tuple[WorkerLink, LoopThread]]:
    """A link to a worker, on a loop of its own."""
    with LoopThread() as loop:

        async def start() -> WorkerLink:
            link = WorkerLink(config, buffer_bytes=1_000_000)
            await link.start()
            return link

        link = loop.run(start())
        try:
            yield link, loop
        finally:
            loop.run(link.stop(5.0))


def worker_config(settings: Settings) -> bytes:
    options = CollectOptions(listen="127.0.0.1:1", upstream="127.0.0.1:2")
    return WorkerConfig.build(settings, options).to_json()


def test_a_worker_that_hangs_is_replaced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(links, "STUCK_CHECKS", 10)
    away = settings.model_copy(update={"clickhouse_url": None})
    with linked(worker_config(away)) as (link, loop):
        first = link.worker_pid
        assert first is not None
        loop.call(lambda: link.request_bytes(1, 0.0, b"x" * 1000))
        time.sleep(2.0)  # idle is not stuck
        assert link.worker_pid == first
        os.kill(first, signal.SIGSTOP)
        while not link.dropped_bytes > 1_000_000:  # the socket is full, and so is what waits for it
            loop.call(lambda: link.request_bytes(1, 0.0, b"x" * 100_000))
            time.sleep(0.01)
        eventually(lambda: link.worker_pid, lambda pid: pid not in (None, first))
        assert link.restarts == 1


def test_a_worker_that_cannot_start_is_tried_again_with_pauses() -> None:
    upstream, at = listener(socket.AF_INET)
    with linked(b"this is no configuration") as (link, _), upstream, Spliced(at, tee=link) as splice:
        began = time.monotonic()
        while time.monotonic() - began < 3.0:
            with splice.connect() as client:
                client.sendall(b"question")
                server, _ = upstream.accept()
                with server:
                    assert server.recv(100) == b"question"
                    server.sendall(b"answer")
                    assert client.recv(100) == b"answer"
            time.sleep(0.05)
        assert 1 <= link.restarts <= 5
