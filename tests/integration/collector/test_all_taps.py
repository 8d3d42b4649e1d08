"""One collector, every tap: what they saw lies in the same tables, counted apart."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from driftline.client import Client
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, ContractField
from driftline.engine.config import free_port
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.collector.process import CollectorProcess
from tests.integration.collector.v2_server import V2Server
from tests.integration.collector.waiting import eventually

CONTRACT = Contract(
    model="doubler",
    fields=(
        ContractField(name="x", kind="numeric"),
        ContractField(name="y", kind="numeric", role="output"),
    ),
)


def tensor(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "shape": [1], "datatype": "FP64", "data": [value]}


def post(port: int, path: str, body: object, headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            "POST", path, orjson.dumps(body), {"content-type": "application/json"} | (headers or {})
        )
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def event_of(kind: str) -> dict[str, str]:
    return {
        "ce-specversion": "1.0",
        "ce-id": "from-an-event",
        "ce-source": "http://localhost:9081/",
        "ce-type": f"org.kubeflow.serving.inference.{kind}",
        "ce-time": "2026-11-23T12:00:00.25Z" if kind == "response" else "2026-11-23T12:00:00Z",
        "ce-inferenceservicename": "doubler",
        "ce-namespace": "shop",
    }


def test_every_tap_of_one_collector(store: Store, settings: Settings, tmp_path: Path) -> None:
    ContractStore(store).register(CONTRACT)
    events, metrics, client_socket = free_port(), free_port(), tmp_path / "client.sock"
    with V2Server() as server:
        collector = CollectorProcess(
            settings,
            server.port,
            tmp_path / "log",
            cloudevents=f"127.0.0.1:{events}",
            client=str(client_socket),
            metrics=f"127.0.0.1:{metrics}",
        )
        with collector:
            eventually(lambda: client_socket.exists(), bool)
            sent = {"id": "spliced", "inputs": [tensor("x", 1.0)]}
            assert post(collector.port, "/v2/models/doubler/infer", sent) == 200
            asked, answered = {"inputs": [tensor("x", 2.0)]}, {"outputs": [tensor("y", 4.0)]}
            assert post(events, "/", asked, event_of("request")) == 200
            assert post(events, "/", answered, event_of("response")) == 200
            with Client(client_socket, model="doubler", version="3") as client:
                client.record({"x": 3.0}, {"y": 6.0}, event_id="told", latency_ms=1.5)
            rows = eventually(
                lambda: store.query(
                    "SELECT event_id, version, instance, status, numeric "
                    "FROM inference_events ORDER BY numeric"
                ),
                lambda found: len(found) == 3,
            )
            assert [(row["event_id"], row["status"], row["numeric"]) for row in rows] == [
                ("spliced", "ok", [1.0, 2.0]),
                ("from-an-event", "ok", [2.0, 4.0]),
                ("told", "ok", [3.0, 6.0]),
            ]
            assert rows[0]["instance"] == "test-instance"
            assert rows[2]["version"] == "3"
            coverage = eventually(
                lambda: store.query(
                    "SELECT tap, sum(seen) AS seen, sum(kept) AS kept FROM coverage GROUP BY tap ORDER BY tap"
                ),
                lambda found: len(found) == 3,
            )
            assert [(row["tap"], row["seen"], row["kept"]) for row in coverage] == [
                ("client", 1, 1),
                ("cloudevents", 1, 1),
                ("splice", 1, 1),
            ]
            # The test's own look, and the request; the splice tells its counters once a second.
            connections = "driftline_collector_connections_total 2.0"
            text = eventually(lambda: scraped(metrics), lambda found: connections in found)
        assert collector.stop() == 0
    for tap in ("client", "cloudevents", "splice"):
        assert re.search(rf'driftline_collector_rows_total\{{fate="kept",tap="{tap}"\}} 1\.0', text), text


def scraped(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--cloudevents", "cannot listen on 127.0.0.1:{port} for CloudEvents"),
        ("--ext-proc", "cannot listen on 127.0.0.1:{port} for Envoy"),
        ("--metrics", "cannot serve metrics on 127.0.0.1:{port}"),
        ("--listen", "cannot listen on 127.0.0.1:{port}"),
    ],
)
def test_a_tap_that_cannot_listen_ends_the_collector(tmp_path: Path, option: str, message: str) -> None:
    with V2Server() as taken:
        more = ["--upstream", "127.0.0.1:1"] if option == "--listen" else []
        more += ["--client", str(tmp_path / "client.sock")] if option == "--metrics" else []
        done = subprocess.run(
            [sys.executable, "-m", "service.cli.main", "collect", option, f"127.0.0.1:{taken.port}", *more],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 2
        assert f"driftline: {message.format(port=taken.port)}" in done.stderr.splitlines()[-1]


def test_nothing_to_collect_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "collect"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "nothing to collect: give --listen with --upstream" in done.stderr
