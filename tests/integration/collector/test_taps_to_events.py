"""What the off-path taps are told, through a real collector process, as events and coverage in ClickHouse."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest

from collector.taps.ext_proc.server import METHOD
from driftline.client import Client
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, ContractField
from driftline.engine.config import free_port
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.collector.process import CollectorProcess
from tests.integration.collector.waiting import eventually
from tests.unit.collector.envoy_messages import answered, asked, request_body, response_body
from tests.unit.collector.logger_events import Kind, kserve_headers

NUMBER = 40
CONTRACT = Contract(
    model="digits",
    fields=(ContractField(name="x", kind="numeric"), ContractField(name="y", kind="numeric", role="output")),
)


def ask(number: int) -> bytes:
    tensor = {"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [number]}
    return orjson.dumps({"id": f"id-{number}", "inputs": [tensor]})


def tell(number: int) -> bytes:
    tensor = {"name": "y", "shape": [1, 1], "datatype": "FP32", "data": [number * 2]}
    return orjson.dumps({"id": f"id-{number}", "model_version": "3", "outputs": [tensor]})


def by_cloudevents(collect: Any) -> None:
    client = HTTPConnection("127.0.0.1", collect["cloudevents"], timeout=10)

    def post(kind: Kind, number: int, body: bytes) -> None:
        client.request("POST", "/", body, kserve_headers(kind, f"ce-{number}"))
        assert client.getresponse().read() == b""

    for number in range(NUMBER):
        post("request", number, ask(number))
        post("response", number, tell(number))
    client.close()


def by_ext_proc(collect: Any) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{collect['ext_proc']}") as channel:
        call: grpc.StreamStreamMultiCallable[Any, Any] = channel.stream_stream(
            METHOD, request_serializer=lambda message: message.SerializeToString()
        )
        for number in range(NUMBER):
            messages = [
                asked("/v2/models/digits/infer"),
                request_body(ask(number), end=True),
                answered(),
                response_body(tell(number), end=True),
            ]
            assert list(call(iter(messages), timeout=20)) == []


def by_client(collect: Any) -> None:
    with Client(collect["client"], model="digits", version="3") as client:
        for number in range(NUMBER):
            client.record({"x": float(number)}, {"y": number * 2.0}, event_id=f"id-{number}")


@pytest.mark.parametrize(
    ("tap", "send"), [("cloudevents", by_cloudevents), ("ext_proc", by_ext_proc), ("client", by_client)]
)
def test_what_a_tap_is_told_becomes_events(
    store: Store, settings: Settings, tmp_path: Path, tap: str, send: Callable[[Any], None]
) -> None:
    ContractStore(store).register(CONTRACT)
    port = free_port()
    address = str(tmp_path / "client.sock") if tap == "client" else f"127.0.0.1:{port}"
    options: dict[str, Any] = {tap: address}
    with CollectorProcess(settings, free_port(), tmp_path / "log", **options):
        _await(address)
        send({tap: address if tap == "client" else port})
        rows = eventually(
            lambda: store.query(
                "SELECT event_id, version, status, numeric FROM inference_events WHERE model = 'digits'"
            ),
            lambda rows: len(rows) == NUMBER,
        )
    assert {(row["event_id"], *row["numeric"]) for row in rows} == {
        (f"id-{number}", number, number * 2) for number in range(NUMBER)
    }
    assert {(row["version"], row["status"]) for row in rows} == {("3", "ok")}
    (covered,) = store.query("SELECT tap, sum(seen) AS seen, sum(kept) AS kept FROM coverage GROUP BY tap")
    assert (covered["tap"], covered["seen"], covered["kept"]) == (tap, NUMBER, NUMBER)


def _await(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            if "/" in address:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(address)
            else:
                host, _, port = address.partition(":")
                socket.create_connection((host, int(port)), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, address
            time.sleep(0.05)
