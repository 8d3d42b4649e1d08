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
    server = SpliceServer(Endpoint.parse(options.listen), Endpoint.parse(options.upstream), link)
    await link.start()
    try:
        port = await server.start()
    except BaseException:
        await link.stop(WORKER_FINISH_SECONDS)
        raise
    _log.info("collector listens", port=port, upstream=options.upstream, instance=config.instance)
    await stop.wait()
    _log.info("collector drains", connections=len(server.connections))
    await server.drain(options.drain_seconds)
    await link.stop(WORKER_FINISH_SECONDS)
    _log.info(
        "collector stopped",
        connections=server.accepted,
        upstream_failures=server.upstream_failures,
        tap_dropped_bytes=link.dropped_bytes,
        worker_restarts=link.restarts,
    )
