"""Programs are stopped with all that they started, and a failed one is named with its log."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo.children import ChildFailed, Children
from demo.configuration import Ports, write_settings
from driftline.errors import PortInUse
from driftline.settings import load_settings

GRANDCHILD = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"
)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(600)"
)


def module(folder: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return name


def test_descendants_are_stopped_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, "parent_program", GRANDCHILD, monkeypatch)
    with Children(tmp_path / "logs", {}) as children:
        child = children.start("parent", name)
        children.await_true(
            child, lambda: len(psutil.Process(child.pid).children()) == 1, "start its own", 20
        )
        (grandchild,) = psutil.Process(child.pid).children()
    assert child.process.returncode is not None
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_deaf_program_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.children.STOP_SECONDS", 1.0)
    name = module(tmp_path, "deaf_program", STUBBORN, monkeypatch)
    with Children(tmp_path / "logs", {}) as children:
        child = children.start("deaf", name)
        children.await_true(child, lambda: "deaf" in child.tail(), "speak", 20)
        began = time.monotonic()
    assert child.process.returncode == -9
    assert time.monotonic() - began < 10


def test_a_program_that_ends_is_named_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module(tmp_path, "broken_program", "raise SystemExit('the disk is full')", monkeypatch)
    with Children(tmp_path / "logs", {}) as children:
        child = children.start("broken", name)
        with pytest.raises(ChildFailed, match=r"(?s)broken ended with code 1:.*the disk is full"):
            children.await_ready(child, "http://127.0.0.1:9/", 20)
        assert "--- broken\nthe disk is full" in children.tails()


def test_a_program_that_never_answers_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, "silent_program", "import time; time.sleep(600)", monkeypatch)
    with Children(tmp_path / "logs", {}) as children:
        child = children.start("silent", name)
        with pytest.raises(ChildFailed, match=r"silent did not answer .* within 0 s"):
            children.await_ready(child, "http://127.0.0.1:9/", 0.3)


def test_settings_of_whoever_runs_the_story_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import os; print(sorted(n for n in os.environ if n.startswith('DRIFTLINE_')), flush=True)"
    name = module(tmp_path, "telling_program", f"{source}\nimport time; time.sleep(600)", monkeypatch)
    monkeypatch.setenv("DRIFTLINE_CLICKHOUSE_URL", "clickhouse://production/")
    with Children(tmp_path / "logs", {"DRIFTLINE_CONFIG": "mine.yaml"}) as children:
        child = children.start("telling", name)
        children.await_true(child, lambda: "]" in child.tail(), "tell", 20)
        assert child.tail() == "['DRIFTLINE_CONFIG']"


def test_the_storys_settings_are_settings(tmp_path: Path) -> None:
    ports = Ports.choose(None)
    settings = load_settings(write_settings(tmp_path, ports))
    assert settings.api_port == ports.page
    assert settings.state_dir == tmp_path / "state"
    assert settings.pipeline_url == f"http://127.0.0.1:{ports.pipeline}/retrain"
    assert len({ports.page, ports.model_server, ports.collector, ports.pipeline}) == 4


def test_a_taken_port_is_one_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUse, match="cannot be used for the page"):
            Ports.choose(taken.getsockname()[1])


def test_an_interrupt_while_a_program_starts_waits_until_it_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module(tmp_path, "late_program", "import time; time.sleep(600)", monkeypatch)
    real = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started = real(*arguments, **options)
        os.kill(os.getpid(), signal.SIGINT)
        return started

    children = Children(tmp_path / "logs", {})
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    # As in a program of its own: an event loop of another test may have left its handler.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            children.start("late", name)
    finally:
        signal.signal(signal.SIGINT, before)
    (child,) = children.running
    children.stop()
    assert child.process.returncode is not None


def test_an_orphan_of_a_program_is_stopped_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphaning = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {GRANDCHILD!r}])"
    source = f"{orphaning}.pid; import time; print('ready', flush=True); time.sleep(600)"
    name = module(tmp_path, "orphaning_program", source, monkeypatch)
    with Children(tmp_path / "logs", {}) as children:
        child = children.start("orphaning", name)
        parent = psutil.Process(child.pid)
        children.await_true(child, lambda: len(parent.children(recursive=True)) == 2, "start two", 20)
        (middle,) = parent.children()
        (orphan,) = middle.children()
        middle.kill()
        children.await_true(child, lambda: orphan.ppid() != middle.pid, "lose one", 20)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
