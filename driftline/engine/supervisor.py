"""Start, watch, restart and stop the embedded ClickHouse."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

from driftline.engine.child import LISTEN_STATEMENTS
from driftline.engine.config import USER, free_port, render_server, render_users, write_private
from driftline.engine.lock import StateFolderLock
from driftline.errors import DependencyMissing, EngineError, StoreError
from driftline.logs import get_logger
from driftline.store.client import Store

_log = get_logger(__name__)

EngineKind = Literal["auto", "chdb", "binary"]
CONNECTION_FILE = "connection.json"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
LONGEST_BACKOFF_SECONDS = 30.0


class EmbeddedClickHouse:
    """The engine of one state folder, restarted with growing pauses whenever it dies.

    Use as a context manager, or :meth:`start` and :meth:`stop`. While it runs, ``url`` holds the
    address with the generated password, and ``connection.json`` (owner-readable) tells other commands
    of the same user where it is.

    Parameters
    ----------
    state_dir
        Folder for data, configuration and logs; created with mode 0700.
    engine
        ``chdb`` runs the chdb-core library in a Python child, ``binary`` a ``clickhouse`` on PATH.
    memory_mib
        ``max_server_memory_usage`` in MiB.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        engine: EngineKind = "auto",
        memory_mib: int = 4096,
        on_restart: Callable[[int], None] | None = None,
    ) -> None:
        self.state_dir = state_dir.resolve()
        self._engine = engine
        self._memory_mib = memory_mib
        self._on_restart = on_restart
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: EngineError | None = None
        self._thread: threading.Thread | None = None
        self._lock: StateFolderLock | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running engine, or ``None``."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the engine and return when it answers.

        Raises
        ------
        StateFolderInUse
            Another process runs an engine on this folder.
        DependencyMissing
            Neither chdb-core nor a ``clickhouse`` binary is installed.
        EngineError
            The engine did not answer in time; the message quotes the end of its log.
        """
        command = self._command()
        self._lock = StateFolderLock(self.state_dir)
        try:
            self._configure()
            # Linux signals the child when the thread that forked it ends, so one thread does all of it.
            self._thread = threading.Thread(
                target=self._supervise, args=(command,), name="clickhouse-supervisor", daemon=True
            )
            self._thread.start()
            self._ready.wait(READY_SECONDS + 5)
            if self._failure is not None:
                raise self._failure
            if not self._ready.is_set():
                raise EngineError(f"the embedded ClickHouse did not start within {READY_SECONDS:.0f} s")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the engine (SIGTERM, then SIGKILL after 20 s) and release the folder."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(STOP_SECONDS + 10)
        if self._lock is not None:
            (self.state_dir / CONNECTION_FILE).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _command(self) -> list[str]:
        if self._engine in ("auto", "chdb") and importlib.util.find_spec("chdb") is not None:
            return [sys.executable, "-m", "driftline.engine.child", str(self.state_dir), str(os.getpid())]
        binary = shutil.which("clickhouse")
        if self._engine in ("auto", "binary") and binary:
            return [binary, "local", "--path", "data", "--query", LISTEN_STATEMENTS]
        raise DependencyMissing(
            "no embedded ClickHouse: install it with `pip install 'driftline[embedded]'`, put a clickhouse "
            "binary on PATH, or point DRIFTLINE_CLICKHOUSE_URL at a server"
        )

    def _configure(self) -> None:
        os.chmod(self.state_dir, 0o700)
        password_file = self.state_dir / "clickhouse.password"
        if not password_file.exists():
            write_private(password_file, secrets.token_urlsafe(32))
        password = password_file.read_text(encoding="utf-8").strip()
        tcp_port, http_port = free_port(), free_port()
        threads = max(2, os.cpu_count() or 2)
        write_private(
            self.state_dir / "config.xml",
            render_server(tcp_port, http_port, self._memory_mib, self.state_dir),
        )
        write_private(self.state_dir / "users.xml", render_users(password, threads))
        self.url = f"clickhouse://{USER}:{password}@127.0.0.1:{tcp_port}/"

    def _supervise(self, command: list[str]) -> None:
        failures = 0
        while not self._stop.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(
                command,
                cwd=self.state_dir if command[0] != sys.executable else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if self._await_ready(self._process):
                self._announce()
                self._ready.set()
                while self._process.poll() is None and not self._stop.wait(0.1):
                    pass
            if self._stop.is_set():
                break
            if self._process.poll() is None:
                self._terminate(self._process)
            if not self._ready.is_set() and time.monotonic() - began >= READY_SECONDS:
                self._give_up()
                return
            failures = 1 if time.monotonic() - began > LONGEST_BACKOFF_SECONDS else failures + 1
            if not self._ready.is_set() and failures >= 4:
                self._give_up()
                return
            pause = min(LONGEST_BACKOFF_SECONDS, 0.25 * 2 ** (failures - 1))
            self.restarts += 1
            _log.warning(
                "embedded ClickHouse died, restarting",
                exit_code=self._process.returncode,
                pause_seconds=pause,
                restarts=self.restarts,
            )
            if self._on_restart is not None:
                self._on_restart(self.restarts)
            self._stop.wait(pause)
        if self._process is not None:
            self._terminate(self._process)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> bool:
        store = Store(self.url, "default", timeout_seconds=5)
        deadline = time.monotonic() + READY_SECONDS
        try:
            while time.monotonic() < deadline and process.poll() is None and not self._stop.is_set():
                try:
                    if store.scalar("SELECT 1") == 1:
                        return True
                except StoreError:
                    self._stop.wait(0.05)
            return False
        finally:
            store.close()

    def _announce(self) -> None:
        assert self._process is not None
        write_private(
            self.state_dir / CONNECTION_FILE,
            json.dumps({"url": self.url, "pid": self._process.pid, "supervisor_pid": os.getpid()}),
        )

    def _give_up(self) -> None:
        log = self.state_dir / "clickhouse.err.log"
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:] if log.exists() else []
        self._failure = EngineError(
            f"the embedded ClickHouse in {self.state_dir} does not start"
            + (": " + " | ".join(line[:300] for line in tail) if tail else "; its log is empty")
        )
        self._ready.set()

    def _terminate(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def running_engine_url(state_dir: Path) -> str | None:
    """Address of the engine that runs on ``state_dir`` now, or ``None``.

    The file is left behind when its supervisor was killed, so the engine has to answer as well.
    """
    path = state_dir / CONNECTION_FILE
    try:
        url = str(json.loads(path.read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None
    store = Store(url, "default", timeout_seconds=5)
    try:
        store.scalar("SELECT 1")
    except StoreError:
        return None
    finally:
        store.close()
    return url
