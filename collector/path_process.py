"""The process in the path: ``python -m collector.path_process FD``, which `driftline collect` becomes.

It forwards bytes and watches over the worker, and imports as little as that takes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import Literal, Self

import orjson
import uvloop

from collector.endpoint import Endpoint
from collector.link import WorkerLink
from collector.splice import SpliceServer
from driftline.errors import DriftlineError, PortInUse
from driftline.logs import configure_logs, get_logger

_log = get_logger(__name__)

WORKER_FINISH_SECONDS = 10.0
"""Time the worker has at shutdown to write what it holds."""
STATS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PathConfig:
    """What the process is told.

    Attributes
    ----------
    worker
        Configuration of the worker, as it reads it.
    listen, upstream
        Addresses of the splice; empty when other taps do the seeing.
    """

    worker: str
    listen: str
    upstream: str
    instance: str
    drain_seconds: float
    log_level: str
    log_format: Literal["auto", "json", "console"]

    def to_json(self) -> bytes:
        """This configuration as JSON."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """The inverse of :meth:`to_json`."""
        return cls(**orjson.loads(data))


async def run(config: PathConfig) -> None:
    """Forward and have sampled until SIGTERM or SIGINT, then drain and return.

    Raises
    ------
    PortInUse, InvalidInput
        An address of a tap cannot be listened on.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    link = WorkerLink(config.worker.encode())
    server: SpliceServer | None = None
    reporting: asyncio.Task[None] | None = None
    try:
        await link.start()
        if config.listen:
            listen = Endpoint.parse(config.listen, unix=True)
            server = SpliceServer(listen, Endpoint.parse(config.upstream, unix=True), link)
            port = await server.start()
            reporting = asyncio.get_running_loop().create_task(_report(server, link))
            _log.info("collector listens", port=port, upstream=config.upstream, instance=config.instance)
        await _until(stop, link)
        if server is not None:
            _log.info("collector drains", connections=len(server.connections))
            await server.drain(config.drain_seconds)
    finally:
        if reporting is not None:
            reporting.cancel()
        await link.stop(WORKER_FINISH_SECONDS)
    _log.info("collector stopped", **_counters(server, link))


async def _until(stop: asyncio.Event, link: WorkerLink) -> None:
    """Wait for the signal; a tap of the first worker that cannot listen ends the collector."""
    stopped = asyncio.get_running_loop().create_task(stop.wait())
    refused = asyncio.get_running_loop().create_task(link.refused())
    done, waiting = await asyncio.wait({stopped, refused}, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if refused in done:
        raise PortInUse(refused.result())


async def _report(server: SpliceServer, link: WorkerLink) -> None:
    while True:
        link.stats(_counters(server, link))
        await asyncio.sleep(STATS_SECONDS)


def _counters(server: SpliceServer | None, link: WorkerLink) -> dict[str, int]:
    return {
        "connections": server.accepted if server is not None else 0,
        "refused_connections": server.refused if server is not None else 0,
        "upstream_failures": server.upstream_failures if server is not None else 0,
        "tap_dropped_bytes": link.dropped_bytes,
        "worker_restarts": link.restarts,
    }


def main() -> None:
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        config = PathConfig.from_json(file.read())
    configure_logs(config.log_level, config.log_format)
    try:
        uvloop.run(run(config))
    except DriftlineError as error:
        sys.stderr.write(f"driftline: {error.message}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
