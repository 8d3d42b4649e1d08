"""The ext_proc tap in a process of its own, to be killed and frozen; writes a line for every exchange."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.servers import ROOT, running

_PROGRAM = """
import asyncio, sys
import uvloop
from collector.endpoint import Endpoint
from collector.taps.ext_proc.server import ExtProcTap
from tests.recording_sink import RecordingSink

class Counting(RecordingSink):
    def exchange(self, exchange):
        print("exchange", flush=True)

    def lost(self, *what):
        print("lost", flush=True)

async def main():
    await ExtProcTap(Endpoint("127.0.0.1", int(sys.argv[1])), Counting()).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

uvloop.run(main())
"""


@contextmanager
def ext_proc_process(port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The tap on ``port`` until the block ends."""
    log = folder / f"{Path(sys.executable).name}.log"
    already = lines(folder, "ready")

    def ready() -> bool:
        return lines(folder, "ready") > already

    command = [sys.executable, "-c", _PROGRAM, str(port)]
    with running(command, folder=folder, ready=ready, environment={"PYTHONPATH": str(ROOT)}) as process:
        assert log.exists()
        yield process


def lines(folder: Path, word: str) -> int:
    """How often the processes of a folder have said ``word``."""
    log = folder / f"{Path(sys.executable).name}.log"
    return log.read_text().splitlines().count(word) if log.exists() else 0
