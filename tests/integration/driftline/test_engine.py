"""The embedded ClickHouse as a process: it starts, survives SIGKILL of either side, and cleans up."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from driftline.engine import EmbeddedClickHouse
from driftline.engine.supervisor import CONNECTION_FILE, running_engine_url
from driftline.errors import (
    DependencyMissing,
    EngineError,
    StateFolderInUse,
    StoreQueryFailed,
    StoreUnavailable,
)
from driftline.store import Store


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    with EmbeddedClickHouse(tmp_path / "state", memory_mib=1024) as running:
        yield running


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.05)


def answers(store: Store) -> bool:
    try:
        return bool(store.scalar("SELECT 1") == 1)
    except StoreUnavailable:
        return False


def test_listens_on_loopback_only_with_a_generated_password(engine: EmbeddedClickHouse) -> None:
    assert engine.pid is not None
    addresses = {
        connection.laddr.ip
        for connection in psutil.Process(engine.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}
    without_password = engine.url.replace(engine.url.split("@")[0], "clickhouse://driftline:wrong")
    with pytest.raises(StoreUnavailable, match="refused the user or password"):
        Store(without_password, "default").scalar("SELECT 1")


def test_the_engines_own_user_can_do_nothing_else(engine: EmbeddedClickHouse) -> None:
    ours = Store(engine.url, "default")
    ours.command("CREATE TABLE secret (a Int8) ENGINE = MergeTree ORDER BY a")
    store = Store("clickhouse://default@" + engine.url.split("@")[1], "default")
    for statement in (
        "CREATE DATABASE x",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "SELECT a FROM secret",
        "INSERT INTO secret SELECT 1",
        "DROP TABLE secret",
        "CREATE USER intruder",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    ):
        with pytest.raises(StoreQueryFailed, match="error 497"):
            store.command(statement)
    assert store.query("SELECT name FROM system.tables WHERE database = 'default'") == []


def test_secrets_are_readable_by_their_owner_only(engine: EmbeddedClickHouse) -> None:
    for name in ("clickhouse.password", "users.xml", CONNECTION_FILE):
        assert (engine.state_dir / name).stat().st_mode & 0o077 == 0
    assert engine.state_dir.stat().st_mode & 0o077 == 0
    password = (engine.state_dir / "clickhouse.password").read_text()
    assert password not in (engine.state_dir / "users.xml").read_text()


def test_data_survives_a_killed_engine_and_it_comes_back_by_itself(engine: EmbeddedClickHouse) -> None:
    store = Store(engine.url, "default")
    store.command("CREATE TABLE kept (a UInt32) ENGINE = MergeTree ORDER BY a")
    store.insert("kept", {"a": list(range(5000))})
    first = engine.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: engine.restarts == 1 and answers(store))
    assert engine.pid != first
    assert store.scalar("SELECT count() FROM kept") == 5000


def test_clean_shutdown_leaves_no_process_and_no_address(tmp_path: Path) -> None:
    engine = EmbeddedClickHouse(tmp_path / "state", memory_mib=1024)
    engine.start()
    pid = engine.pid
    assert pid is not None
    assert running_engine_url(tmp_path / "state") == engine.url
    engine.stop()
    assert not psutil.pid_exists(pid)
    assert running_engine_url(tmp_path / "state") is None
    engine.stop()


def test_one_engine_a_state_folder(engine: EmbeddedClickHouse) -> None:
    second = EmbeddedClickHouse(engine.state_dir)
    with pytest.raises(StateFolderInUse, match=rf"is in use by process {os.getpid()}.*DRIFTLINE_STATE_DIR"):
        second.start()
    assert answers(Store(engine.url, "default")), "the refused one must not disturb the first"


def test_engine_ends_with_a_killed_supervisor_and_the_folder_is_free_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    program = (
        "import sys, time; from pathlib import Path; from driftline.engine import EmbeddedClickHouse\n"
        "from driftline.store import Store\n"
        "engine = EmbeddedClickHouse(Path(sys.argv[1]), memory_mib=1024); engine.start()\n"
        "store = Store(engine.url, 'default')\n"
        "store.command('CREATE TABLE kept (a UInt32) ENGINE = MergeTree ORDER BY a')\n"
        "store.insert('kept', {'a': list(range(1000))})\n"
        "print(engine.pid, flush=True); time.sleep(600)\n"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(state)], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    engine_pid = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: not psutil.pid_exists(engine_pid))
    with EmbeddedClickHouse(state, memory_mib=1024) as engine:
        assert Store(engine.url, "default").scalar("SELECT count() FROM kept") == 1000


def test_a_stale_connection_file_is_not_believed(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (tmp_path / CONNECTION_FILE).write_text(
        json.dumps({"url": f"clickhouse://driftline:x@127.0.0.1:{port}/"})
    )
    assert running_engine_url(tmp_path) is None
    (tmp_path / CONNECTION_FILE).write_text("not json")
    assert running_engine_url(tmp_path) is None


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "data").write_text("a file where the data folder should be")
    engine = EmbeddedClickHouse(state, memory_mib=1024)
    with pytest.raises(EngineError, match="does not start"):
        engine.start()
    with EmbeddedClickHouse(tmp_path / "other", memory_mib=1024) as other:
        assert answers(Store(other.url, "default"))


def test_a_missing_engine_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DependencyMissing, match=r"pip install 'driftline\[embedded\]'"):
        EmbeddedClickHouse(tmp_path / "state", engine="binary").start()
    assert not (tmp_path / "state").exists()
