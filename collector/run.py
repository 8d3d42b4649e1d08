"""`driftline collect`: the splice in front of a model server, its worker, and an orderly end."""

from __future__ import annotations

import asyncio
import signal

import uvloop

from collector.endpoint import Endpoint
from collector.link import WorkerLink
from collector.options import CollectOptions, WorkerConfig
from collector.splice import SpliceServer
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store import Store

_log = get_logger(__name__)

WORKER_FINISH_SECONDS = 10.0
"""Time the worker has at shutdown to write what it holds."""
STATS_SECONDS = 1.0


def run_collector(settings: Settings, options: CollectOptions) -> None:
    """Forward and sample traffic until SIGTERM or SIGINT, then drain and return.

    Raises
    ------
    PortInUse
        Somebody else listens on ``options.listen``.
    InvalidSettings
        The ClickHouse URL cannot be understood. That ClickHouse is down is no error: the collector
        forwards all the same and connects when it can.
    """
    if settings.clickhouse_url is not None:
        Store(settings.clickhouse_url.get_secret_value(), settings.clickhouse_database).close()
    uvloop.run(_run(WorkerConfig.build(settings, options), options))


async def _run(config: WorkerConfig, options: CollectOptions) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    link = WorkerLink(config.to_json())
    await link.start()
    server: SpliceServer | None = None
    reporting: asyncio.Task[None] | None = None
    try:
        if options.listen:
            server = SpliceServer(Endpoint.parse(options.listen), Endpoint.parse(options.upstream), link)
            port = await server.start()
            reporting = asyncio.get_running_loop().create_task(_report(server, link))
            _log.info("collector listens", port=port, upstream=options.upstream, instance=config.instance)
        await stop.wait()
        if server is not None:
            _log.info("collector drains", connections=len(server.connections))
            await server.drain(options.drain_seconds)
    finally:
        if reporting is not None:
            reporting.cancel()
        await link.stop(WORKER_FINISH_SECONDS)
    _log.info("collector stopped", **_counters(server, link))


async def _report(server: SpliceServer, link: WorkerLink) -> None:
    while True:
        link.stats(_counters(server, link))
        await asyncio.sleep(STATS_SECONDS)


def _counters(server: SpliceServer | None, link: WorkerLink) -> dict[str, int]:
    return {
        "connections": server.accepted if server is not None else 0,
        "upstream_failures": server.upstream_failures if server is not None else 0,
        "tap_dropped_bytes": link.dropped_bytes,
        "worker_restarts": link.restarts,
    }
