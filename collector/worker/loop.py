"""The worker: one loop for everything that taps yield, one thread that ships."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from pathlib import Path

from collector.coverage import CoverageLedger
from collector.exchange import BodyBudget
from collector.frames import Frame, FrameKind
from collector.options import WorkerConfig
from collector.pressure import Pressure
from collector.sampling import Sampler
from collector.shipping import Shipper
from collector.spool import Spool
from collector.store_link import StoreLink
from collector.worker.batches import Batches
from collector.worker.contract_book import ContractBook
from collector.worker.metrics import WorkerMetrics
from collector.worker.open_episodes import OpenEpisodes
from collector.worker.pipeline import Pipeline
from collector.worker.reference_book import ReferenceBook
from collector.worker.sinks import Sinks
from collector.worker.splice_link import LinkReader, SplicedConnections
from driftline.logs import configure_logs, get_logger
from driftline.store import Store

_log = get_logger(__name__)

TICK_SECONDS = 0.1
PRESSURE_SECONDS = 1.0
FINISH_SECONDS = 8.0


class Worker:
    """Wires the stages of one worker."""

    def __init__(self, config: WorkerConfig) -> None:
        self._ledger = CoverageLedger()
        spool_folder = Path(config.spool.folder)
        self._book = ContractBook(spool_folder / "contracts.json")
        self._references = ReferenceBook()
        self._episodes = OpenEpisodes()
        link = StoreLink(
            config.clickhouse_url,
            config.clickhouse_database,
            Path(config.state_dir),
            config.event_ttl_days,
        )
        self.spool = Spool(config.spool)
        self._shipper = Shipper(
            link,
            self._ledger,
            self.spool,
            flush_seconds=config.flush_seconds,
            chores=self._chores,
        )
        self._sampler = Sampler(config.sampling)
        self._pressure = Pressure(config.budget)
        self._measured_at = time.monotonic()
        self._cpu_seconds = time.process_time()
        self._spooled_bytes = 0
        self._batches = Batches(
            self._sampler,
            self._ledger,
            self._shipper,
            self._references.of,
            config.redaction_key.encode(),
        )
        self.pipeline = Pipeline(
            config.instance,
            self._sampler,
            self._ledger,
            self._book,
            self._batches,
            config.mappings,
            retention_days=config.event_ttl_days,
        )
        budget = BodyBudget()  # one for all taps: it bounds the worker
        self.spliced = SplicedConnections(self.pipeline, budget)
        self._sinks = Sinks(config, self.pipeline, budget)
        self._metrics = WorkerMetrics(
            config.metrics, self._ledger, self._shipper, self._batches, self._sampler, self.spliced
        )

    async def start(self) -> list[str]:
        """Start shipping, the sinks and the metrics; return what was wrong with those that did not start."""
        self._shipper.start()
        faults = [*self._metrics.start(), *await self._sinks.start()]
        _log.debug("collector worker started", faults=len(faults))
        return faults

    def tick(self) -> None:
        """Do what time makes due; called every ``TICK_SECONDS``."""
        self.pipeline.tick()
        now = time.monotonic()
        if now - self._measured_at >= PRESSURE_SECONDS:
            stats = self._shipper.stats()
            cpu_seconds = time.process_time()
            self._sampler.pressure_factor = self._pressure.update(
                now - self._measured_at,
                cpu_seconds - self._cpu_seconds,
                stats.bytes_accepted - self._spooled_bytes,
                stats.fill,
            )
            self._sampler.in_episode = self._episodes.models
            self._measured_at, self._cpu_seconds = now, cpu_seconds
            self._spooled_bytes = stats.bytes_accepted

    async def finish(self) -> None:
        """Write what is left, within a bounded time; what ClickHouse does not take stays in the spool."""
        deadline = time.monotonic() + FINISH_SECONDS
        await self._sinks.stop()
        self.pipeline.tick(final=True)
        while self.pipeline.waits() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            self.pipeline.tick(final=True)
        await asyncio.to_thread(self._shipper.stop, max(0.5, deadline - time.monotonic()))
        self._metrics.stop()
        _log.info(
            "collector worker finished",
            **{f"{tap}_{fate}": rows for (tap, fate), rows in sorted(self._ledger.totals().items())},
            mismatches={"/".join(key): rows for key, rows in self._batches.mismatches.items()},
        )

    def _chores(self, store: Store) -> None:
        self._book.work(store)
        self._references.work(store)
        self._episodes.work(store, self._book.models())


async def serve(sock: socket.socket) -> None:
    """Serve one splice until it closes its end.

    The first frame is the configuration; a splice that closes before it has nothing to be done.
    """
    worker: Worker | None = None
    starting: asyncio.Task[None] | None = None

    async def start(started: Worker) -> None:
        try:
            faults = await started.start()
        # The boundary of the start: a fault of ours is told, or a collector would collect nothing.
        except Exception as error:  # noqa: BLE001
            _log.exception("the collector worker cannot start")
            faults = [f"the collector worker cannot start: {error}"]
        for fault in faults:
            reader.say(fault)

    def on_frame(frame: Frame) -> None:
        nonlocal worker, starting
        if frame.kind is FrameKind.CONFIG:
            config = WorkerConfig.from_json(frame.payload)
            configure_logs(config.log_level, config.log_format)
            worker = Worker(config)
            starting = asyncio.get_running_loop().create_task(start(worker))
        elif worker is not None:
            worker.spliced.handle(frame)

    reader = LinkReader(on_frame)
    transport, _ = await asyncio.get_running_loop().create_unix_connection(lambda: reader, sock=sock)
    try:
        while not reader.closed.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.closed.wait(), TICK_SECONDS)
            if worker is not None:
                worker.tick()
    finally:
        transport.abort()
        if starting is not None:
            await starting
        if worker is not None:
            await worker.finish()
