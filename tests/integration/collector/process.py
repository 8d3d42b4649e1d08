"""A real collector process for tests."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from driftline.engine.config import free_port
from driftline.settings import Settings

_SCRIPT = """
import json, sys
from driftline.errors import DriftlineError
from driftline.logs import configure_logs
from driftline.settings import load_settings
from collector.options import CollectOptions
from collector.run import run_collector
given = json.loads(sys.stdin.read())
configure_logs("info", "json")
try:
    run_collector(load_settings(**given["settings"]), CollectOptions(**given["options"]))
except DriftlineError as error:
    print(error.message, file=sys.stderr)
    sys.exit(error.exit_code)
"""


class CollectorProcess:
    """``run_collector`` in a process of its own; ``log`` is its standard error."""

    def __init__(
        self,
        settings: Settings,
        upstream_port: int,
        log: Path,
        *,
        port: int | None = None,
        more_settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.port = port or free_port()
        self.log = log
        url = settings.clickhouse_url
        self._given = {
            "settings": {
                "clickhouse_url": url.get_secret_value() if url else None,
                "clickhouse_database": settings.clickhouse_database,
                "state_dir": str(settings.state_dir),
                "log_format": "json",
                "collector_flush_seconds": 0.1,
                **(more_settings or {}),
            },
            "options": {
                "listen": f"127.0.0.1:{self.port}",
                "upstream": f"127.0.0.1:{upstream_port}",
                "instance": "test-instance",
                **options,
            },
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start without waiting."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SCRIPT], stdin=subprocess.PIPE, stderr=log
            )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(self._given).encode())
        self.process.stdin.close()
        return self.process

    def __enter__(self) -> Self:
        process = self.start()
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                assert process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def worker_pid(self) -> int:
        """Process id of the worker that runs now."""
        assert self.process is not None
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for child in psutil.Process(self.process.pid).children():
                if child.status() != psutil.STATUS_ZOMBIE and "collector.worker" in child.cmdline():
                    return child.pid
            time.sleep(0.02)
        raise AssertionError("the collector has no worker: " + self.log.read_text())
