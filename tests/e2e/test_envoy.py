"""Real Envoy with the shipped configuration: what the tap sees, and that it can do no harm."""

from __future__ import annotations

import http.server
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from collector.codecs.codec import Body
from collector.codecs.decoded import Inference
from collector.codecs.routes import find_route
from collector.codecs.v2_messages import ModelInferRequest, ModelInferResponse
from collector.endpoint import Endpoint
from collector.exchange import Exchange
from collector.taps.ext_proc.server import ExtProcTap
from driftline.engine.config import free_port
from tests.e2e.envoy import envoy
from tests.e2e.ext_proc_process import ext_proc_process, lines
from tests.e2e.mlserver import mlserver
from tests.integration.collector.tap_loop import TapLoop
from tests.integration.collector.waiting import eventually
from tests.recording_sink import RecordingSink

pytestmark = [pytest.mark.xdist_group("e2e-servers"), pytest.mark.timeout(600)]

JSON_BODY = json.dumps(
    {"id": "a-1", "inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2.5, -3]}]}
).encode()


class Slow(http.server.BaseHTTPRequestHandler):
    """A server that takes a millisecond, whatever it is asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.001)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def upstream() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


class Load:
    """Clients that send one request after the other until the block ends."""

    def __init__(self, port: int, body: bytes, clients: int = 4) -> None:
        self._port = port
        self._body = body
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._clients = clients
        self.took: list[float] = []
        self.failures: list[object] = []

    def __enter__(self) -> Load:
        self._running = [self._pool.submit(self._send) for _ in range(self._clients)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._running:
            each.result(60)
        self._pool.shutdown()

    def _send(self) -> None:
        client = HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                client.request(
                    "POST", "/v2/models/echo/infer", self._body, {"Content-Type": "application/json"}
                )
                answer = client.getresponse()
                answer.read()
            except OSError as error:
                self.failures.append(error)
                client.close()
                continue
            self.took.append(time.monotonic() - began)
            if answer.status != 200:
                self.failures.append(answer.status)
        client.close()


def decoded(exchange: Exchange) -> Inference:
    request, response = exchange.request, exchange.response
    assert request is not None
    assert response is not None
    route = find_route(request.method, request.target, request.headers["content-type"])
    assert route is not None
    answered = None if response.failed else Body(response.body(), response.headers)
    return route.codec.decode(Body(request.body(), request.headers), answered)


def test_what_the_tap_sees_of_mlserver_behind_envoy(tmp_path: Path) -> None:
    sink = RecordingSink()
    with TapLoop() as loop, mlserver(tmp_path) as model:
        collector = loop.start(ExtProcTap(Endpoint("127.0.0.1", 0), sink))
        with envoy(tmp_path, http=model.http_port, grpc=model.grpc_port, collector=collector) as (port, _):
            before = time.time()
            _json_request(port)
            _binary_request(port)
            _grpc_request(port)
            _other_requests(port)
            exchanges = eventually(lambda: list(sink.exchanges), lambda found: len(found) >= 4)
    # Streams of requests that followed one another may end in another order.
    exchanges.sort(key=lambda exchange: exchange.epoch_seconds)
    asked_json, asked_binary, asked_grpc, failed_grpc = exchanges
    assert [exchange.tap for exchange in exchanges] == ["ext_proc"] * 4
    assert {exchange.identity.instance for exchange in exchanges} == {"envoy-1"}
    assert all(before - 1 <= exchange.epoch_seconds <= time.time() for exchange in exchanges)
    # Copies of a fast answer may be read at the same moment; on a busy machine the first one takes long.
    latencies = [exchange.latency_ms for exchange in exchanges]
    assert all(0.0 <= latency < 60_000 for latency in latencies), latencies
    assert any(latency > 0.0 for latency in latencies)

    inference = decoded(asked_json)
    assert (inference.request_id, inference.version) == ("a-1", "3")
    assert inference.inputs["x"].values.tolist() == inference.outputs["y"].values.tolist() == [[1, 2.5, -3]]

    # MLServer has no binary tensors: it refuses them, and the request is seen all the same.
    assert asked_binary.response is not None
    assert asked_binary.response.failed
    assert decoded(asked_binary).inputs["x"].values.tolist() == [[0.5, 1.5]]

    inference = decoded(asked_grpc)
    assert (inference.model, inference.version, inference.request_id) == ("echo", "3", "g-1")
    assert inference.inputs["x"].values.tolist() == inference.outputs["y"].values.tolist() == [[7.0, 8.0]]

    assert failed_grpc.response is not None
    assert failed_grpc.response.failed
    assert sink.losses == []


def test_a_killed_collector_fails_no_request_and_is_found_again(tmp_path: Path, upstream: int) -> None:
    collector = free_port()
    with envoy(tmp_path, http=upstream, grpc=upstream, collector=collector) as (port, process):
        with ext_proc_process(collector, tmp_path) as tap, Load(port, JSON_BODY) as load:
            eventually(lambda: lines(tmp_path, "exchange"), lambda seen: seen >= 200)
            tap.send_signal(signal.SIGKILL)
            tap.wait()
            served = len(load.took)
            eventually(lambda: len(load.took), lambda now: now >= served + 500)
        seen = lines(tmp_path, "exchange")
        with ext_proc_process(collector, tmp_path), Load(port, JSON_BODY) as again:
            eventually(lambda: lines(tmp_path, "exchange"), lambda now: now >= seen + 100, seconds=40)
        assert process.poll() is None
    assert load.failures + again.failures == []


def test_a_frozen_collector_holds_back_no_large_request(tmp_path: Path, upstream: int) -> None:
    """Envoy's flow control would: pings and ejection in the shipped configuration keep it from that."""
    collector = free_port()
    body = b'{"inputs": "' + b"x" * 3_000_000 + b'"}'
    with (
        envoy(tmp_path, http=upstream, grpc=upstream, collector=collector) as (port, process),
        ext_proc_process(collector, tmp_path) as tap,
        Load(port, body) as load,
    ):
        eventually(lambda: lines(tmp_path, "exchange"), lambda seen: seen >= 20)
        tap.send_signal(signal.SIGSTOP)
        try:
            served = len(load.took)
            time.sleep(5.0)
            assert len(load.took) >= served + 50
        finally:
            tap.send_signal(signal.SIGCONT)
        assert process.poll() is None
    assert load.failures == []
    assert max(load.took) < 6.0


def _json_request(port: int) -> None:
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("POST", "/v2/models/echo/infer", JSON_BODY, {"Content-Type": "application/json"})
    assert json.loads(client.getresponse().read())["outputs"][0]["data"] == [1, 2.5, -3]
    client.close()


def _binary_request(port: int) -> None:
    tensor = {
        "name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8},
    }  # fmt: skip
    head = json.dumps({"inputs": [tensor]}).encode()
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    client.request(
        "POST",
        "/v2/models/echo/infer",
        head + np.array([0.5, 1.5], "<f4").tobytes(),
        {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))},
    )
    answer = client.getresponse()
    answer.read()  # who hangs up before the end resets the stream, and the copy of the answer with it
    assert answer.status >= 400
    client.close()


def _grpc_request(port: int) -> None:
    asked = ModelInferRequest(model_name="echo", id="g-1")
    tensor = asked.inputs.add(name="x", datatype="FP32", shape=[1, 2])
    tensor.contents.fp32_contents.extend([7.0, 8.0])
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[Any, Any] = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=ModelInferResponse.FromString,
        )
        assert call(asked, timeout=20).model_version == "3"
        asked.model_name = "absent"
        with pytest.raises(grpc.RpcError):
            call(asked, timeout=20)


def _other_requests(port: int) -> None:
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("GET", "/v2/health/ready")
    assert client.getresponse().read() is not None
    client.close()
