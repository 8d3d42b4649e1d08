"""The whole promise: `driftline demo` as a person runs it, every stage with real parts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import psutil
import pytest

from demo.stages import STAGES
from driftline.engine.config import free_port

COMMAND = [sys.executable, "-m", "service.cli.main", "demo"]
TIME_FOR_A_STORY = 280

# One worker, one story at a time: it needs the machine's cores for its own programs.
pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(TIME_FOR_A_STORY + 60)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A temporary folder of this test's own, so that what is left behind is seen."""
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "COLUMNS": "200"}


@pytest.fixture
def nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    """No folder and no process of a story outlives it."""
    yield
    assert list((tmp_path / "tmp").iterdir()) == []
    assert _programs_below(tmp_path) == []


def _programs_below(folder: Path) -> list[list[str]]:
    found = []
    for process in psutil.process_iter():
        try:
            command, environment = process.cmdline(), process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if str(folder) in " ".join(command) or environment.get("TMPDIR", "").startswith(str(folder)):
            found.append(command)
    return found


@pytest.mark.usefixtures("nothing_left_behind")
def test_every_promise_is_kept(environment: dict[str, str]) -> None:
    told = subprocess.run(
        [*COMMAND, "--headless", "--json"],
        env=environment,
        capture_output=True,
        timeout=TIME_FOR_A_STORY,
        check=False,
    )
    assert told.returncode == 0, told.stderr.decode()[-4000:]
    result: dict[str, Any] = orjson.loads(told.stdout.splitlines()[-1])
    assert result["ok"]
    assert result["missing"] == []
    stages = result["stages"]
    assert sorted(stages) == sorted(stage.name for stage in STAGES)
    at = {name: stage["at_seconds"] for name, stage in stages.items()}
    fault = result["fault_at_seconds"]
    assert at["served"] <= at["sampled"] < fault < at["drift_detected"] <= at["alert_delivered"]
    assert fault < at["decay_detected"] <= at["retrain_triggered"] <= at["gate_passed"]
    assert at["gate_passed"] <= at["redeployed"] < at["recovered"] <= result["seconds"] < 240

    sampled, drift, decay = stages["sampled"], stages["drift_detected"], stages["decay_detected"]
    assert sampled["kept"] == sampled["seen"] > 0
    assert sampled["dropped"] == 0
    assert any(field.startswith("image.") for field in drift["fields"])
    assert decay["accuracy"] < decay["baseline_accuracy"] - 0.1
    gate, recovered = stages["gate_passed"], stages["recovered"]
    assert gate["passed"]
    assert gate["challenger_accuracy"] > gate["champion_accuracy"] + 0.1
    assert gate["p_value"] < 0.01
    assert stages["redeployed"] | {"at_seconds": 0} == {
        "at_seconds": 0,
        "deployed_version": "2",
        "failed_requests": 0,
    }
    assert recovered["version"] == "2"
    assert recovered["interval_95"][0] > recovered["accuracy_before"]
    cost = result["cost"]
    assert cost["usd_per_1000_predictions"] > 0
    assert cost["grade"] == "measured"


@pytest.mark.usefixtures("nothing_left_behind")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_when_it_is_interrupted(environment: dict[str, str], number: signal.Signals) -> None:
    port = free_port()
    with subprocess.Popen(
        [*COMMAND, "--json", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as story:
        _await_page(f"http://127.0.0.1:{port}/readyz", story)
        story.send_signal(number)
        output, _ = story.communicate(timeout=60)
    result = orjson.loads(output.splitlines()[-1])
    assert story.returncode == 130
    assert (result["ok"], result["error"]) == (False, "interrupted")


def test_its_programs_end_when_it_is_killed(environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [*COMMAND, "--headless", "--json", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as story:
        _await_page(f"http://127.0.0.1:{port}/readyz", story)
        story.kill()
        story.wait()
    deadline = time.monotonic() + 60
    while left := _programs_below(tmp_path):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


@pytest.mark.usefixtures("nothing_left_behind")
def test_a_busy_port_is_one_clear_error(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = subprocess.run(
            [*COMMAND, "--headless", "--json", "--port", str(port)],
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert told.returncode == 2
    assert orjson.loads(told.stdout)["code"] == "port_in_use"
    assert f"port {port} cannot be used" in told.stderr.decode()


def _await_page(url: str, story: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert story.poll() is None, "the story ended before it was interrupted"
        assert time.monotonic() < deadline
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
