"""The worker's main loop: frames in, connections parsed, everything else ticked along."""

from __future__ import annotations

import select
import socket
import time
from pathlib import Path

from collector.coverage import CoverageLedger
from collector.frames import Frame, FrameKind, FrameReader, unpack_gap
from collector.options import WorkerConfig
from collector.sampling import Sampler
from collector.shipping import Shipper
from collector.store_link import StoreLink
from collector.worker.connection import TappedConnection
from collector.worker.contract_book import ContractBook
from collector.worker.message import BodyBudget
from collector.worker.pipeline import Pipeline
from driftline.logs import configure_logs, get_logger

_log = get_logger(__name__)

READ_BYTES = 1024 * 1024
TICK_SECONDS = 0.1
FINISH_SECONDS = 8.0


class Worker:
    """Parses tapped connections and feeds the pipeline."""

    def __init__(self, config: WorkerConfig) -> None:
        self._ledger = CoverageLedger(config.instance)
        self._book = ContractBook()
        link = StoreLink(
            config.clickhouse_url,
            config.clickhouse_database,
            Path(config.state_dir),
            config.event_ttl_days,
        )
        self._shipper = Shipper(
            link, self._ledger, flush_seconds=config.flush_seconds, chores=self._book.work
        )
        sampler = Sampler(config.sample_rate, config.model_rates)
        self._pipeline = Pipeline(config.instance, sampler, self._ledger, self._shipper, self._book)
        self._budget = BodyBudget()
        self._connections: dict[int, TappedConnection] = {}
        self._ticked_at = 0.0
        self._shipper.start()

    def handle(self, frame: Frame) -> None:
        """Take one frame; a connection whose traffic trips a fault of ours is left alone from then on."""
        try:
            self._handle(frame)
        # The boundary between the traffic of strangers and the worker: it must outlive any of it.
        except Exception:  # noqa: BLE001
            _log.exception("a tapped connection could not be handled", connection=frame.connection)
            self._connections[frame.connection] = TappedConnection(self._pipeline, self._budget)
            self._connections[frame.connection].gap(0, answered=False)

    def _handle(self, frame: Frame) -> None:
        if frame.kind is FrameKind.CLOSED:
            connection = self._connections.pop(frame.connection, None)
            if connection is not None:
                connection.closed(frame.at)
            return
        connection = self._connections.get(frame.connection)
        if connection is None:
            connection = self._connections[frame.connection] = TappedConnection(self._pipeline, self._budget)
        if frame.kind is FrameKind.REQUEST_BYTES:
            connection.request_bytes(frame.at, frame.payload)
        elif frame.kind is FrameKind.RESPONSE_BYTES:
            connection.response_bytes(frame.at, frame.payload)
        elif frame.kind is FrameKind.GAP:
            requests, answered = unpack_gap(frame.payload)
            connection.gap(requests, answered=answered)

    def tick(self) -> None:
        """Do what time makes due, at most every ``TICK_SECONDS``."""
        now = time.monotonic()
        if now - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = now
            self._pipeline.tick()

    def finish(self) -> None:
        """Write what is left, within a bounded time."""
        deadline = time.monotonic() + FINISH_SECONDS
        self._pipeline.tick(final=True)
        while self._pipeline.waits() and time.monotonic() < deadline:
            time.sleep(0.05)
            self._pipeline.tick(final=True)
        self._shipper.stop(max(0.5, deadline - time.monotonic()))
        _log.info(
            "collector worker finished",
            **self._ledger.totals,
            mismatches={"/".join(key): rows for key, rows in self._pipeline.mismatches.items()},
        )


def run_worker(sock: socket.socket) -> None:
    """Serve one splice until it closes its end."""
    reader = FrameReader()
    worker: Worker | None = None
    try:
        while True:
            readable, _, _ = select.select([sock], [], [], TICK_SECONDS)
            if readable:
                data = sock.recv(READ_BYTES)
                if not data:
                    return
                for frame in reader.feed(data):
                    if frame.kind is FrameKind.CONFIG:
                        config = WorkerConfig.from_json(frame.payload)
                        configure_logs(config.log_level, config.log_format)
                        worker = Worker(config)
                    elif worker is not None:
                        worker.handle(frame)
            if worker is not None:
                worker.tick()
    except ConnectionError:
        return
    finally:
        if worker is not None:
            worker.finish()
