"""Real servers for the end-to-end tests: each in an environment of its own, made once and kept in `.e2e/`."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".e2e"
INSTALL_SECONDS = 280
"""Bound of making an environment; the largest took 70 s on two shared cores without a cache."""
START_SECONDS = 60
STOP_SECONDS = 20


def venv_with(requirements: Path) -> Path:
    """The virtual environment that has what a file pins, made unless it is there already.

    The file names every package with its version (``pip freeze`` of an environment that works), so that
    nothing is resolved. Tests of several workers may ask at once: one makes it, the others wait.
    """
    told = requirements.read_bytes() + sys.version.encode()
    venv = ENVIRONMENTS / f"{requirements.stem}-{hashlib.sha256(told).hexdigest()[:12]}"
    complete = venv / ".complete"
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{requirements.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(venv, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(venv)])
            pip = [
                str(venv / "bin" / "pip"),
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            _run([*pip, "--requirement", str(requirements)])
            complete.touch()
    return venv


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    folder: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process until the block ends; ``ready`` is asked, and may raise OSError, until it says so.

    Its output goes to a log in ``folder``, named after the program.
    """
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _asked(ready):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _asked(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except OSError:
        return False
