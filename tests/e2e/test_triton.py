"""Real Triton behind the splice: answers are what they are without it, and events are what was asked."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from driftline.contract_store import ContractStore
from driftline.contracts import Contract, ContractField
from driftline.settings import Settings
from driftline.store import Store
from tests.e2e.collecting import collecting
from tests.e2e.triton import VALUES, Triton, triton
from tests.integration.collector.waiting import eventually

pytestmark = [pytest.mark.xdist_group("e2e-servers"), pytest.mark.timeout(600)]

INFER = "/inference.GRPCInferenceService/ModelInfer"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONTRACTS = (
    Contract(
        model="echo",
        fields=(
            ContractField(name="first", kind="numeric", source="x[0]"),
            ContractField(name="last", kind="numeric", source="x[15]"),
            ContractField(name="back", kind="numeric", role="output", source="y[15]"),
            ContractField(name="all", kind="tensor", source="x"),
        ),
    ),
    Contract(
        model="largest",
        fields=(
            ContractField(name="x", kind="tensor"),
            ContractField(name="y", kind="numeric", role="output"),
        ),
    ),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with triton(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
def contracts(store: Store) -> Store:
    for contract in CONTRACTS:
        ContractStore(store).register(contract)
    return store


class HttpClient:
    """A kept-alive connection that shows every byte of an answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)

    def ask(self, model: str, body: bytes, *headers: str) -> tuple[bytes, float]:
        """The whole answer as it came, and how many milliseconds it took."""
        head = [f"POST /v2/models/{model}/infer HTTP/1.1", "Host: triton", f"Content-Length: {len(body)}"]
        began = time.monotonic()
        self._socket.sendall("\r\n".join([*head, *headers, "", ""]).encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        start, _, rest = answer.partition(b"\r\n\r\n")
        (length,) = [line for line in start.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(rest) < int(length.partition(b":")[2]):
            rest += self._more()
        return start + b"\r\n\r\n" + rest, (time.monotonic() - began) * 1000.0

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        chunk = self._socket.recv(1 << 20)
        assert chunk, "the connection ended in the middle of an answer"
        return chunk


def json_body(values: NDArray[np.float32], request_id: str) -> bytes:
    tensor = {"name": "x", "shape": values.shape, "datatype": "FP32", "data": values.ravel().tolist()}
    return json.dumps({"id": request_id, "inputs": [tensor]}).encode()


def binary_body(values: NDArray[np.float32], request_id: str) -> tuple[bytes, str]:
    """Body with the values behind the JSON, and the header that says where they begin."""
    raw = values.astype("<f4").tobytes()
    tensor = {
        "name": "x",
        "shape": values.shape,
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(raw)},
    }
    asked = {"id": request_id, "parameters": {"binary_data_output": True}, "inputs": [tensor]}
    head = json.dumps(asked).encode()
    return head + raw, f"Inference-Header-Content-Length: {len(head)}"


def grpc_message(values: NDArray[np.float32], request_id: str, **more: Any) -> bytes:
    message = service_pb2.ModelInferRequest(**{"model_name": "echo", "id": request_id, **more})
    message.inputs.add(name="x", datatype="FP32", shape=values.shape)
    message.raw_input_contents.append(values.astype("<f4").tobytes())
    return bytes(message.SerializeToString())


def numbers(rows: int, columns: int = VALUES) -> NDArray[np.float32]:
    """Values that single precision holds exactly."""
    return (np.arange(1, rows * columns + 1) / 4).astype(np.float32).reshape(rows, columns)


def events(store: Store, model: str, expected: int) -> dict[str, dict[str, Any]]:
    """The events of a model by id, once there are as many as expected."""
    found = eventually(
        lambda: int(store.scalar(f"SELECT count() FROM events_{model}")), lambda count: count >= expected
    )
    assert found == expected
    rows = store.query(f"SELECT * FROM events_{model} ORDER BY event_id")
    return {row["event_id"]: row for row in rows}


def coverage(store: Store) -> set[tuple[Any, ...]]:
    """Model, seen, kept, and dropped by reason."""
    rows = store.query(
        "SELECT model, sum(seen) AS seen, sum(kept) AS kept, sumMap(dropped) AS dropped"
        " FROM coverage GROUP BY model"
    )
    return {(row["model"], row["seen"], row["kept"], tuple(sorted(row["dropped"].items()))) for row in rows}


def test_json(server: Triton, contracts: Store, settings: Settings, tmp_path: Path) -> None:
    asked: list[tuple[str, bytes, tuple[str, ...]]] = [
        ("echo", json_body(numbers(1), "one"), (f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01",)),
        ("echo", json_body(numbers(3), "three"), ()),
        ("echo", json_body(numbers(1, 15), "shape"), ()),
        ("echo/versions/9", json_body(numbers(1), "version"), ()),
        ("absent", json_body(numbers(1), "absent"), ()),
        ("echo", b'{"inputs": [', ()),
        ("echo", json_body(numbers(2), "last"), ("Connection: keep-alive",)),
    ]
    before = time.time()
    with collecting(settings, server.http_port, tmp_path / "log") as collector:
        direct, tapped = HttpClient(server.http_port), HttpClient(collector.port)
        answers, took = zip(
            *(tapped.ask(model, body, *headers) for model, body, headers in asked), strict=True
        )
        assert list(answers) == [direct.ask(model, body, *headers)[0] for model, body, headers in asked]
        assert [int(answer.split(b" ")[1]) for answer in answers] == [200, 200, 400, 404, 404, 500, 200]
        found = events(contracts, "echo", 8)
        # What is no JSON is counted and no event; a model that the server does not have is none of its own.
        eventually(
            lambda: coverage(contracts), lambda seen: seen == {("echo", 9, 8, (("malformed_body", 1),))}
        )
        direct.close()
        tapped.close()
    assert set(found) == {"one", "three/0", "three/1", "three/2", "shape", "version", "last/0", "last/1"}
    one, shape = found["one"], found["shape"]
    assert (one["first"], one["last"], one["back"], one["all.mean"]) == (0.25, 4.0, 4.0, 2.125)
    assert (one["version"], one["status"], one["weight"], one["trace_id"]) == ("1", "ok", 1.0, TRACE)
    assert 0 < one["latency_ms"] <= took[0]
    assert before <= one["ts"].timestamp() <= time.time()
    assert [found[f"three/{row}"]["back"] for row in range(3)] == [4.0, 8.0, 12.0]
    assert (shape["status"], shape["first"]) == ("error", 0.25)
    assert np.isnan(shape["back"])
    assert (found["version"]["status"], found["version"]["version"]) == ("error", "9")


def test_binary_tensors(server: Triton, contracts: Store, settings: Settings, tmp_path: Path) -> None:
    with collecting(settings, server.http_port, tmp_path / "log") as collector:
        direct, tapped = HttpClient(server.http_port), HttpClient(collector.port)
        for rows, request_id in ((1, "one"), (2, "two")):
            body, header = binary_body(numbers(rows), request_id)
            answer, _ = tapped.ask("echo", body, header)
            assert answer == direct.ask("echo", body, header)[0]
            assert answer.endswith(numbers(rows).tobytes())
        found = events(contracts, "echo", 3)
        direct.close()
        tapped.close()
    assert [(row["first"], row["last"], row["back"]) for row in found.values()] == [
        (0.25, 4.0, 4.0),
        (0.25, 4.0, 4.0),
        (4.25, 8.0, 8.0),
    ]
    assert {(row["version"], row["status"]) for row in found.values()} == {("1", "ok")}


@pytest.mark.parametrize("how", ["json", "binary", "grpc"])
def test_a_large_body(how: str, server: Triton, contracts: Store, settings: Settings, tmp_path: Path) -> None:
    values = numbers(1, 150_000) % 1000
    upstream = server.grpc_port if how == "grpc" else server.http_port
    with collecting(settings, upstream, tmp_path / "log") as collector:
        answers: list[object]
        if how == "grpc":
            message = grpc_message(values, "large", model_name="largest")
            answers = [_call(port, message) for port in (upstream, collector.port)]
        else:
            body, *headers = (
                binary_body(values, "large") if how == "binary" else (json_body(values, "large"),)
            )
            answers = [
                HttpClient(port).ask("largest", body, *headers)[0] for port in (upstream, collector.port)
            ]
        assert answers[0] == answers[1]
        found = events(contracts, "largest", 1)["large"]
    assert (found["y"], found["status"]) == (float(values.max()), "ok")
    assert (found["x.max"], found["x.min"]) == (float(values.max()), float(values.min()))
    assert found["x.mean"] == pytest.approx(float(values.mean(dtype=np.float64)))


def test_grpc(server: Triton, contracts: Store, settings: Settings, tmp_path: Path) -> None:
    asked = [
        grpc_message(numbers(1), "one"),
        grpc_message(numbers(2), "two"),
        grpc_message(numbers(1, 15), "shape"),
        grpc_message(numbers(1), "version", model_version="9"),
        grpc_message(numbers(1), "absent", model_name="absent"),
        b"\xff\xff no protobuf",
    ]
    with collecting(settings, server.grpc_port, tmp_path / "log") as collector:
        began = time.monotonic()
        answers = [_call(collector.port, message) for message in asked]
        took = (time.monotonic() - began) * 1000.0
        assert answers == [_call(server.grpc_port, message) for message in asked]
        assert [status for status, _, _ in answers][:5] == [
            "OK",
            "OK",
            "INVALID_ARGUMENT",
            *["NOT_FOUND"] * 2,
        ]
        # Many streams of one connection at once.
        address = f"127.0.0.1:{collector.port}"
        with grpc.insecure_channel(address) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)
            waiting = [call.future(grpc_message(numbers(1) + n, f"many-{n:02}")) for n in range(50)]
            for n, each in enumerate(waiting):
                back = service_pb2.ModelInferResponse.FromString(each.result(20)).raw_output_contents[0]
                assert back == (numbers(1) + n).tobytes()
        found = events(contracts, "echo", 5 + 50)
    assert {key: row["status"] for key, row in found.items() if not key.startswith("many")} == {
        "one": "ok",
        "two/0": "ok",
        "two/1": "ok",
        "shape": "error",
        "version": "error",
    }
    one = found["one"]
    assert (one["first"], one["last"], one["back"], one["version"]) == (0.25, 4.0, 4.0, "1")
    assert 0 < one["latency_ms"] <= took
    assert [found[f"many-{n:02}"]["first"] for n in range(50)] == [0.25 + n for n in range(50)]


def test_a_grpc_connection_outlives_the_worker_and_is_read_again(
    server: Triton, contracts: Store, settings: Settings, tmp_path: Path
) -> None:
    with (
        collecting(settings, server.grpc_port, tmp_path / "log") as collector,
        grpc.insecure_channel(f"127.0.0.1:{collector.port}") as channel,
    ):
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)

        def ask(request_id: str) -> None:
            waiting = [call.future(grpc_message(numbers(1), request_id)) for _ in range(20)]
            assert all(each.result(20) for each in waiting)

        def stored(request_id: str) -> int:
            ask(request_id)
            found = f"SELECT count() FROM inference_events WHERE event_id = '{request_id}'"
            return int(contracts.scalar(found))

        eventually(lambda: stored("before"), bool)
        _, worker = collector.processes()
        worker.kill()
        for _ in range(20):
            ask("during")
        # The new worker has never seen the headers that this connection refers to.
        eventually(lambda: stored("after"), bool)
        rows = contracts.query(
            "SELECT DISTINCT first, back, status, version FROM events_echo WHERE event_id = 'after'"
        )
        assert rows == [{"first": 0.25, "back": 4.0, "status": "ok", "version": "1"}]
        assert collector.processes()[1].pid != worker.pid


def _call(port: int, message: bytes) -> tuple[str, bytes, str]:
    """Status, answer and details of a call on a connection of its own."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        callable_: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)
        call = callable_.future(message, timeout=20)
        failed = call.exception(20) is not None
        return call.code().name, b"" if failed else call.result(), str(call.details())
