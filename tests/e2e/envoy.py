"""Envoy with the configuration that is shipped, only its ports changed."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftline.engine.config import free_port
from tests.e2e.servers import ROOT, running, venv_with

REQUIREMENTS = Path(__file__).with_name("requirements-envoy.txt")
SHIPPED = ROOT / "deploy" / "envoy" / "envoy.yaml"
PORTS = {"clients": 8080, "http": 8000, "grpc": 8001, "collector": 9000}
"""Ports of the shipped configuration."""


@contextmanager
def envoy(
    folder: Path, *, http: int, grpc: int, collector: int
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Envoy in front of a model server, until the block ends: the port for clients, and the process."""
    clients = free_port()
    text = SHIPPED.read_text()
    for name, port in {"clients": clients, "http": http, "grpc": grpc, "collector": collector}.items():
        place = f"port_value: {PORTS[name]}}}"
        assert text.count(place) == 1, f"the shipped configuration names port {PORTS[name]} once"
        text = text.replace(place, f"port_value: {port}}}")
    config = folder / "envoy.yaml"
    config.write_text(text)

    def ready() -> bool:
        socket.create_connection(("127.0.0.1", clients), 1).close()
        return True

    command: list[str | Path] = [
        venv_with(REQUIREMENTS) / "bin" / "envoy",
        "-c", config, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning",
    ]  # fmt: skip
    with running(command, folder=folder, ready=ready) as process:
        yield clients, process
