"""`driftline node`: sample this node until SIGTERM or SIGINT, or once to look at."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

from collector.node.build import build_agent
from collector.node.metrics import NodeMetrics
from collector.node.outbox import Outbox
from collector.store_link import StoreLink
from driftline.errors import PortInUse
from driftline.logs import get_logger
from driftline.settings import Settings

_log = get_logger(__name__)

LAST_FLUSH_SECONDS = 5.0


def run_node(settings: Settings) -> None:
    """Write ``cpu_samples``, ``gpu_samples`` and ``gpu_shares`` every ``node_interval_seconds``.

    ClickHouse may be away at the start or later; rows wait in a bounded buffer. Must run in the main
    thread, because it listens to signals.

    Raises
    ------
    PortInUse
        ``node_metrics_port`` is taken.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    metrics = NodeMetrics()
    if settings.node_metrics_port:
        try:
            metrics.serve(settings.node_metrics_port)
        except OSError as error:
            raise PortInUse(f"node_metrics_port {settings.node_metrics_port} is taken: {error}") from error
    url = settings.clickhouse_url
    link = StoreLink(
        url.get_secret_value() if url is not None else None,
        settings.clickhouse_database,
        settings.state_dir.resolve(),
        settings.event_ttl_days,
    )
    agent = build_agent(settings)
    outbox = Outbox(link)
    if not settings.workloads:
        _log.warning("no workloads are set: only cards are sampled; set `workloads` to measure models")
    _log.info("node agent samples", workloads=len(settings.workloads), seconds=settings.node_interval_seconds)
    due = time.monotonic()
    while not stop.is_set():
        sampled = agent.sample()
        for table, rows in sampled.items():
            outbox.put(table, rows)
        outbox.flush()
        metrics.count(agent, {table: len(rows) for table, rows in sampled.items()}, outbox.dropped_rows)
        # A slow round delays the next one; it is never made up for by two in a row.
        due = max(due + settings.node_interval_seconds, time.monotonic())
        stop.wait(max(0.0, due - time.monotonic()))
    deadline = time.monotonic() + LAST_FLUSH_SECONDS
    while not outbox.flush() and time.monotonic() < deadline:
        time.sleep(0.2)
    agent.close()
    link.close()
    _log.info("node agent stopped", dropped_rows=outbox.dropped_rows)


def sample_once(settings: Settings) -> dict[str, Any]:
    """Two readings one interval apart, without a database.

    Returns
    -------
    dict
        ``node``, ``sources`` (what each gave, or why nothing), and the rows of each table.
    """
    agent = build_agent(settings)
    try:
        agent.sample()
        time.sleep(settings.node_interval_seconds)
        rows = agent.sample()
    finally:
        agent.close()
    left_out = agent.inventory.dropped
    sources = [
        {
            "source": answer.source,
            "status": answer.reason or "ok",
            "message": answer.message or (answer.reading.note if answer.reading is not None else ""),
            "cards": len(answer.reading.cards) if answer.reading is not None else 0,
            "users": len(answer.reading.users) if answer.reading is not None else 0,
            "dropped": {
                **(answer.reading.dropped if answer.reading is not None else {}),
                **{
                    reason: number for (source, reason), number in left_out.items() if source == answer.source
                },
            },
        }
        for answer in agent.answers
    ]
    return {"node": agent.node, "sources": sources, **rows}
