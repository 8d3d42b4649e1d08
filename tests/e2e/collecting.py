"""`driftline collect` as people start it, in front of a real server."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from driftline.engine.config import free_port
from driftline.settings import Settings
from tests.e2e.servers import ROOT, running


@dataclass(frozen=True)
class Collecting:
    """A running collector; ``port`` is where clients connect."""

    port: int
    process: subprocess.Popen[bytes]

    def processes(self) -> list[psutil.Process]:
        """The splice, and its worker."""
        splice = psutil.Process(self.process.pid)
        return [splice, *splice.children()]


@contextmanager
def collecting(
    settings: Settings, upstream_port: int, folder: Path, *options: str, **more: object
) -> Iterator[Collecting]:
    """Run ``driftline collect`` until the block ends.

    Parameters
    ----------
    settings
        Its database and state folder.
    upstream_port
        Of the model server.
    folder
        For the log.
    options
        Further arguments.
    more
        Further settings.
    """
    port = free_port()
    url = settings.clickhouse_url
    given = {
        "clickhouse_url": url.get_secret_value() if url is not None else "",
        "clickhouse_database": settings.clickhouse_database,
        "state_dir": settings.state_dir,
        "collector_flush_seconds": 0.1,
        **more,
    }
    environment = {f"DRIFTLINE_{name.upper()}": str(value) for name, value in given.items() if value != ""}
    listen, upstream = f"127.0.0.1:{port}", f"127.0.0.1:{upstream_port}"
    command = [sys.executable, "-m", "service.cli.main", "collect", "--listen", listen]
    command += ["--upstream", upstream, *options]

    def ready() -> bool:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    folder.mkdir(parents=True, exist_ok=True)
    with running(
        command, folder=folder, ready=ready, environment=environment | {"PYTHONPATH": str(ROOT)}
    ) as process:
        yield Collecting(port, process)
