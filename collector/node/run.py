"""`driftline node`: sample this node until SIGTERM or SIGINT."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

from collector.node.agent import NodeAgent
from collector.node.gpu import GpuReader
from collector.node.outbox import Outbox
from collector.store_link import StoreLink
from driftline.logs import get_logger
from driftline.settings import Settings

_log = get_logger(__name__)

LAST_FLUSH_SECONDS = 5.0


def run_node(settings: Settings) -> None:
    """Write ``cpu_samples``, ``gpu_samples`` and ``gpu_shares`` every ``node_interval_seconds``.

    ClickHouse may be away at the start or later; rows wait in a bounded buffer. Must run in the main
    thread, because it listens to signals.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    url = settings.clickhouse_url
    link = StoreLink(
        url.get_secret_value() if url is not None else None,
        settings.clickhouse_database,
        settings.state_dir.resolve(),
        settings.event_ttl_days,
    )
    gpus = GpuReader()
    agent = NodeAgent(settings.workloads, gpus)
    outbox = Outbox(link)
    if not settings.workloads:
        _log.warning("no workloads are set: only cards are sampled; set `workloads` to measure models")
    _log.info("node agent samples", workloads=len(settings.workloads), seconds=settings.node_interval_seconds)
    due = time.monotonic()
    while not stop.is_set():
        for table, rows in agent.sample().items():
            outbox.put(table, rows)
        outbox.flush()
        # A slow round delays the next one; it is never made up for by two in a row.
        due = max(due + settings.node_interval_seconds, time.monotonic())
        stop.wait(max(0.0, due - time.monotonic()))
    deadline = time.monotonic() + LAST_FLUSH_SECONDS
    while not outbox.flush() and time.monotonic() < deadline:
        time.sleep(0.2)
    gpus.close()
    link.close()
    _log.info("node agent stopped", dropped_rows=outbox.dropped_rows)
