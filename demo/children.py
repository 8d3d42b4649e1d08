"""The programs of the story: started, awaited, and stopped with everything that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from demo.interruption import Interruption
from demo.process_family import descendants, end_family
from driftline.errors import DriftlineError

STOP_SECONDS = 15.0
POLL_SECONDS = 0.1
TAIL_LINES = 15
LONGEST_LINE = 400


class ChildFailed(DriftlineError):
    """A program of the story ended, or did not become ready; the message quotes the end of its log."""

    code = "child_failed"


class Child:
    """One running program: its name, process and log file."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def tail(self) -> str:
        """The end of its log."""
        return _last_lines(self.log)


class Children:
    """All programs of one story; leaving the context stops them, the last started first.

    Parameters
    ----------
    log_dir
        Folder that gets ``NAME.log`` of each.
    environment
        Added to this process's environment.
    interruption
        Looked at whenever a program is waited for.
    """

    def __init__(
        self, log_dir: Path, environment: Mapping[str, str], interruption: Interruption | None = None
    ) -> None:
        self._log_dir = log_dir
        self._interruption = interruption or Interruption()
        # The programs are small and many: more than one BLAS thread each would only take turns.
        # They talk on loopback only, so a proxy of this machine must stay out of it.
        # Settings of whoever runs the story stay out too: it must not write into their database.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
        self._environment = {
            **inherited,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            **environment,
        }
        self._running: list[Child] = []
        log_dir.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> tuple[Child, ...]:
        """Programs that were started and not stopped, in that order."""
        return tuple(self._running)

    def start(self, name: str, module: str, *arguments: str) -> Child:
        """Start ``python -m module``; it ends with this process even when that is killed.

        Call it from the main thread only: the programs are bound to the thread that starts them.
        """
        log = self._log_dir / f"{name}.log"
        command = [sys.executable, "-m", "demo.bound_child", str(os.getpid()), module, *arguments]
        with log.open("ab") as output, _signals_held() as came:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                # Ctrl-C reaches only the story, which then stops its programs in order.
                start_new_session=True,
            )
            child = Child(name, process, log)
            self._running.append(child)
        if came:
            signal.raise_signal(came[0])
        return child

    def check(self) -> None:
        """Raise :class:`ChildFailed` when a program has ended on its own; heed an interruption."""
        self._interruption.check()
        for child in self._running:
            code = child.process.poll()
            if code is not None:
                raise ChildFailed(f"{child.name} ended with code {code}:\n{child.tail()}")

    def await_ready(self, child: Child, url: str, seconds: float) -> None:
        """Return when ``url`` answers 200.

        Raises
        ------
        ChildFailed
            It does not within ``seconds``, or a program ends meanwhile.
        """
        self.await_true(child, lambda: _answers(url), f"answer {url}", seconds)

    def await_true(self, child: Child, happened: Callable[[], bool], what: str, seconds: float) -> None:
        """Return when ``happened()``; else raise :class:`ChildFailed` saying what did not."""
        deadline = time.monotonic() + seconds
        while not happened():
            self.check()
            if time.monotonic() >= deadline:
                raise ChildFailed(f"{child.name} did not {what} within {seconds:.0f} s:\n{child.tail()}")
            time.sleep(POLL_SECONDS)

    def stop_one(self, child: Child) -> None:
        """Stop a program and all its descendants: SIGTERM, then SIGKILL for whatever stays."""
        self._running.remove(child)
        family = descendants(child.pid)
        child.process.send_signal(signal.SIGTERM)
        try:
            child.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        end_family(child.pid, family)

    def stop(self) -> None:
        """Stop every program, the last started first; another Ctrl-C meanwhile changes nothing."""
        with _signals_held():
            for child in reversed(self._running.copy()):
                self.stop_one(child)

    def tails(self) -> str:
        """The end of every log, with headings, for a person who looks for the fault."""
        logs = sorted(self._log_dir.glob("*.log"))
        return "\n".join(f"--- {log.stem}\n{_last_lines(log)}" for log in logs)


@contextmanager
def _signals_held() -> Iterator[list[int]]:
    """Hold back SIGINT and SIGTERM and list those that came: no program is started and then forgotten.

    Handlers that remember are used, since a blocked or ignored signal would stay so in the programs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, lambda number, _frame: came.append(number)) for number in numbers]
    try:
        yield came
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(line[:LONGEST_LINE] for line in lines[-TAIL_LINES:])


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2.0, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
