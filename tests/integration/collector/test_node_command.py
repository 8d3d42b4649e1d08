"""`driftline node` as people start it: sampling once to look at, and running with its own metrics."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from collector.node.agent import NodeAgent
from collector.node.asking import Panel
from collector.node.cgroup import CgroupTree
from collector.node.containers import ContainerNames
from collector.node.outbox import Outbox
from collector.node.workloads import Finder
from collector.store_link import StoreLink
from driftline.engine.config import free_port
from driftline.errors import InvalidInput
from driftline.node_settings import Workload
from driftline.settings import Settings
from driftline.store import Store
from service.cli.main import app
from tests.exporter_stub import ExporterStub, exporter_stub
from tests.integration.collector.waiting import eventually
from tests.node_trees import make_cgroup, put_process
from tests.processes import clean_environment, run_command

NODE = [sys.executable, "-m", "service.cli.main", "node"]


@pytest.fixture
def stub() -> Iterator[ExporterStub]:
    with exporter_stub() as running:
        yield running


def test_once_shows_what_can_be_seen_without_a_database(tmp_path: Path, stub: ExporterStub) -> None:
    (tmp_path / "driftline.yaml").write_text(
        "node_name: n7\nworkloads:\n"
        f"  - {{model: me, instance: i, pid: {os.getpid()}}}\n"
        "  - {model: ocr, pod: 'ocr-.*'}\n"
    )
    arguments = (
        "--once", "--interval", "0.2", "--exporter", f"npu={stub.url('npu.prom')}",
        "--exporter", f"dcgm={stub.url('bad/error')}",
    )  # fmt: skip
    answered = run_command("node", *arguments, "--json", cwd=tmp_path)
    assert answered.returncode == 0, answered.stderr
    seen = json.loads(answered.stdout)
    assert seen["node"] == "n7"
    sources = {one["source"]: one for one in seen["sources"]}
    assert (sources["npu"]["status"], sources["npu"]["cards"]) == ("ok", 2)
    assert sources["npu"]["dropped"] == {"stale": 1}
    assert sources["dcgm"]["status"] == "http_status"
    (me,) = seen["cpu_samples"]
    assert (me["model"], me["instance"], me["grade"]) == ("me", "i", "measured")
    assert 0.15 < me["interval_seconds"] < 10
    shares = [row for row in seen["gpu_shares"] if row["device"].startswith("7A3B")]
    assert [(row["model"], row["grade"]) for row in shares] == [("ocr", "apportioned")]
    shown = run_command("node", *arguments, cwd=tmp_path).stdout
    assert all(word in shown for word in ("http_status", "Ascend910B3", "apportioned", "ocr-7c9d8f6b5-abcde"))
    assert not (tmp_path / ".driftline").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "m"], "pairs"),
        (["--json"], "--once"),
        (["--once", "--exporter", "dcgm"], "KIND=URL"),
        (["--once", "--exporter", "custom=http://n/metrics"], "driftline.yaml"),
        (["--once", "--exporter", "dcgm=nowhere"], "KIND=URL"),
    ],
)
def test_wrong_arguments_are_told(arguments: list[str], words: str) -> None:
    refused = CliRunner().invoke(app, ["node", *arguments])
    assert isinstance(refused.exception, InvalidInput)
    assert words in refused.exception.message


def test_a_running_agent_writes_rows_and_serves_its_own_metrics(
    tmp_path: Path, store: Store, settings: Settings, stub: ExporterStub, clickhouse_url: str
) -> None:
    port = free_port()
    given: dict[str, Any] = {
        "clickhouse_url": clickhouse_url,
        "clickhouse_database": settings.clickhouse_database,
        "node_interval_seconds": 0.3,
        "node_metrics_port": port,
        "node_exporters": [{"kind": "npu", "url": stub.url("npu.prom")}],
        "workloads": [{"model": "ocr", "pod": "ocr-.*"}],
    }
    (tmp_path / "node.yaml").write_text(json.dumps(given))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*NODE, "--config", str(tmp_path / "node.yaml")], stderr=log, env=clean_environment()
        )
    try:
        eventually(
            lambda: int(store.scalar("SELECT count() FROM gpu_shares WHERE model = 'ocr'")),
            lambda rows: rows >= 2,
        )
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (tmp_path / "log").read_text()
    assert 'driftline_node_dropped_samples_total{reason="stale",source="npu"}' in text
    assert "driftline_node_dropped_rows 0.0" in text
    rows = store.query("SELECT DISTINCT core_share, grade, core_source, memory_source FROM gpu_shares")
    assert [row.pop("core_share") for row in rows] == [pytest.approx(0.72)]
    assert rows == [{"grade": "apportioned", "core_source": "division", "memory_source": "npu"}]


def test_a_container_measured_by_its_cgroup_becomes_a_row(
    tmp_path: Path, store: Store, settings: Settings, clickhouse_url: str
) -> None:
    proc, root, logs = (tmp_path / name for name in ("proc", "cgroup", "logs"))
    root.mkdir()
    logs.mkdir()
    identity = "a" * 64
    scope = f"kubepods.slice/kubepods-pod1.slice/cri-containerd-{identity}.scope"
    (logs / f"ocr-0_vision_server-{identity}.log").symlink_to("nowhere")
    put_process(proc, os.getpid(), f"0::/../{scope}")
    make_cgroup(root, scope, (os.getpid(), 1), usage_usec=1_000_000, throttled_usec=0)
    finder = Finder((Workload(model="ocr", pod="ocr-.*"),), "n1", proc, ContainerNames(logs))
    agent = NodeAgent("n1", finder, Panel([]), CgroupTree(root), proc=proc)
    assert agent.sample() == {}
    make_cgroup(
        root, scope, (os.getpid(), 1), usage_usec=5_000_000, throttled_usec=1_500_000,
        memory_max="2000000", cpu_max="50000 100000",
    )  # fmt: skip
    link = StoreLink(clickhouse_url, settings.clickhouse_database, tmp_path, 30)
    outbox = Outbox(link)
    outbox.put("cpu_samples", agent.sample()["cpu_samples"])
    assert outbox.flush()
    link.close()
    (row,) = store.query("SELECT * EXCEPT (ts, interval_seconds) FROM cpu_samples")
    assert row == {
        "node": "n1", "model": "ocr", "instance": "ocr-0", "namespace": "vision", "pod": "ocr-0",
        "container": "server", "processes": 1, "cpu_seconds": 4.0, "throttled_seconds": 1.5,
        "memory_bytes": 600_000, "memory_limit_bytes": 2e6, "cpu_limit_cores": 0.5, "source": "cgroup",
        "grade": "measured",
    }  # fmt: skip
