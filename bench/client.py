"""What recording costs the server that calls it, and how many CloudEvents a core takes.

A call is a small model's inference of 16 floats; every second one is recorded, so that whatever else the
machine does falls on both kinds. The sending thread runs beside, as in a server: what it costs the caller by
Python's global lock is in the figures.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from collector.endpoint import Endpoint
from collector.exchange import Exchange, Identity
from collector.reasons import DropReason, Tap
from collector.taps.client_socket import ClientTap
from collector.taps.cloudevents.server import CloudEventsTap
from driftline.client import Client
from driftline.engine.config import free_port
from driftline.logs import configure_logs

VALUES = 16
PACES = {"1 ms of a server's work between": 2000, "1 ms idle between": 2000, "full speed": 100_000}
"""Calls of each kind. Idle, the caches go cold for the call itself as much as for what is added to it."""
BAR_MICROSECONDS = 15.0
PAIRS = 20_000
CONNECTIONS = 8
BAR_EVENTS = 3000


def run() -> list[dict[str, Any]]:
    """Added time a call, with a collector and without, and events a second of CPU."""
    results = []
    for collector in (True, False):
        for kind in ("lists", "numpy"):
            for pace in PACES:
                results.append(_record(kind, pace, collector=collector))
    return [*results, _cloudevents()]


def _record(kind: str, pace: str, *, collector: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        path = Path(folder) / "client.sock"
        with _process(_take_records, str(path)) if collector else nullcontext():
            client = Client(path, model="bench", version="1")
            bare, recorded = _timed(client, kind, pace)
            client.close()
    added = {share: _quantile(recorded, share) - _quantile(bare, share) for share in (0.5, 0.99)}
    bare_p50 = _quantile(bare, 0.5)
    bar = {"bar": BAR_MICROSECONDS, "met": added[0.5] * 1e6 <= BAR_MICROSECONDS}
    return {
        "bench": "client",
        "metric": f"added_p50 {kind}, {pace}, {'collector' if collector else 'no collector'}",
        "value": round(added[0.5] * 1e6, 2),
        "unit": "us",
        **(bar if "idle" not in pace else {}),
        "added_p99": round(added[0.99] * 1e6, 1),
        "baseline": "the same call without record",
        "baseline_value": round(bare_p50 * 1e6, 2),
        "ratio": round((bare_p50 + added[0.5]) / bare_p50, 2),
        "sizes": {"calls": PACES[pace], "values": VALUES},
    }


def _timed(client: Client, kind: str, pace: str) -> tuple[list[float], list[float]]:
    """Seconds of bare calls and of recorded ones, in turn."""
    work = _work_of_a_millisecond() if "work" in pace else None
    weights = np.linspace(-1.0, 1.0, VALUES * 4).reshape(VALUES, 4)
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(PACES[pace] * 2):
        x: Any = np.full(VALUES, number % 7 / 7.0)
        y: Any = x @ weights
        if kind == "lists":
            x, y = x.tolist(), y.tolist()
        if work is not None:
            work()
        elif "idle" in pace:
            time.sleep(0.001)
        began = time.perf_counter()
        _infer(weights, x)
        if number % 2:
            client.record(inputs={"x": x}, outputs={"y": y}, latency_ms=1.0)
        took[number % 2].append(time.perf_counter() - began)
    return took


def _work_of_a_millisecond() -> Callable[[], None]:
    """What a server does around the model: reads and writes JSON, as often as fits."""
    message = {
        "inputs": [{"name": "x", "shape": [1, VALUES], "datatype": "FP32", "data": [0.25] * VALUES}] * 4
    }

    def work(times: int) -> None:
        for _ in range(times):
            json.loads(json.dumps(message))

    began = time.perf_counter()
    work(100)
    times = max(1, round(0.1 / (time.perf_counter() - began)))
    return lambda: work(times)


def _infer(weights: Any, x: Any) -> Any:
    return np.asarray(x) @ weights


def _quantile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def _cloudevents() -> dict[str, Any]:
    rates = {}
    for name, target in (("tap", _take_events), ("uvicorn", _serve_nothing)):
        port = free_port()
        with _process(target, port) as process:
            measured = psutil.Process(process.pid)
            _await(port)
            asyncio.run(_post(port, 500))
            before = _cpu_seconds(measured)
            asyncio.run(_post(port, PAIRS))
            rates[name] = 2 * PAIRS / (_cpu_seconds(measured) - before)
    return {
        "bench": "client",
        "metric": "cloudevents_per_core_second",
        "value": round(rates["tap"]),
        "unit": "events/s",
        "bar": BAR_EVENTS,
        "met": rates["tap"] >= BAR_EVENTS,
        "baseline": "uvicorn with an application that reads the body and answers",
        "baseline_value": round(rates["uvicorn"]),
        "ratio": round(rates["tap"] / rates["uvicorn"], 2),
        "sizes": {"pairs": PAIRS, "connections": CONNECTIONS, "values": VALUES},
    }


async def _post(port: int, pairs: int) -> None:
    """Pairs of KServe's events in binary mode, one request at a time on each connection."""
    run_id = time.time_ns()

    async def send(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(first, pairs, CONNECTIONS):
            for half in ("request", "response"):
                writer.write(_event(half, f"{run_id}-{number}"))
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(head.decode("latin-1"))
        writer.close()

    await asyncio.gather(*(send(first) for first in range(CONNECTIONS)))


def _event(half: str, event_id: str) -> bytes:
    side = "inputs" if half == "request" else "outputs"
    data = ",".join(["0.25"] * VALUES)
    body = f'{{"{side}":[{{"name":"x","shape":[1,{VALUES}],"datatype":"FP32","data":[{data}]}}]}}'
    head = (
        f"POST / HTTP/1.1\r\nHost: driftline:8080\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Content-Length: {len(body)}\r\nCe-Component: predictor\r\nCe-Endpoint: default\r\n"
        f"Ce-Id: {event_id}\r\nCe-Inferenceservicename: bench\r\nCe-Metadata: {{}}\r\n"
        f"Ce-Namespace: models\r\nCe-Source: http://localhost:9081/\r\nCe-Specversion: 1.0\r\n"
        f"Ce-Time: 2026-11-23T10:00:00.123456789Z\r\n"
        f"Ce-Type: org.kubeflow.serving.inference.{half}\r\nContent-Type: application/json\r\n\r\n"
    )
    return (head + body).encode()


class _Nowhere:
    """A sink that keeps nothing."""

    def exchange(self, exchange: Exchange) -> None:
        """Nothing."""

    def lost(self, identity: Identity, rows: int, reason: DropReason, tap: Tap) -> None:
        """Nothing."""


def _take_records(path: str, ready: Event) -> None:
    _forever(lambda: ClientTap(path, _Nowhere()), ready)


def _take_events(port: int, ready: Event) -> None:
    _forever(lambda: CloudEventsTap(Endpoint("127.0.0.1", port), _Nowhere()), ready)


def _forever(make: Callable[[], ClientTap | CloudEventsTap], ready: Event) -> None:
    import uvloop

    configure_logs("error")  # standard output is for results

    async def serve() -> None:
        await make().start()
        ready.set()
        await asyncio.Event().wait()

    uvloop.run(serve())


def _serve_nothing(port: int, ready: Event) -> None:
    import uvicorn

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    ready.set()
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")


@contextmanager
def _process(target: Callable[..., None], *args: Any) -> Iterator[BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=target, args=(*args, ready))
    process.start()
    try:
        if not ready.wait(20):
            raise RuntimeError(f"{target.__name__} did not start")
        yield process
    finally:
        process.terminate()
        process.join(20)


def _await(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
