"""Driftline's own processes in tests: started on free ports, stopped by id."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from driftline.engine.config import free_port


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without any Driftline setting, plus ``extra``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    return kept | dict(extra or {})


def run_command(
    *arguments: str | Path, cwd: Path, extra: Mapping[str, str] | None = None, timeout: float = 90
) -> subprocess.CompletedProcess[str]:
    """Run ``driftline ARGUMENTS`` to its end in ``cwd``."""
    return subprocess.run(
        [sys.executable, "-m", "service.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(extra),
        timeout=timeout,
    )


@dataclass
class Served:
    """A running ``driftline serve``."""

    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def served(folder: Path, extra: Mapping[str, str] | None = None, port: int | None = None) -> Iterator[Served]:
    """Run ``driftline serve`` in ``folder`` until the block ends; it is ready when this yields."""
    port = port or free_port()
    log = folder / "serve.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli.main", "serve", "--port", str(port)],
            cwd=folder,
            env=clean_environment(extra),
            stdout=output,
            stderr=output,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _ready(url):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)
        yield Served(url, port, process, log)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False
