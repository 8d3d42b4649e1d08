"""What the collector adds to a request: latency and CPU, direct and tapped in the same run."""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import orjson
import psutil

from collector.options import CollectOptions
from collector.run import run_collector
from driftline.engine.config import free_port
from driftline.logs import configure_logs
from driftline.settings import Settings

REQUESTS = 3000
ROUNDS = 3
VALUES = 16
PATH = "/v2/models/echo/infer"


def run() -> list[dict[str, Any]]:
    """Send the same requests over one kept-alive connection to the server and through the collector."""
    upstream_port, tapped_port = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder,
        _process(_serve, upstream_port),
        _process(_collect, tapped_port, upstream_port, folder) as collector,
    ):
        _await(upstream_port)
        _await(tapped_port)
        splice = psutil.Process(collector.pid)
        _drive(tapped_port, 200)
        # Rounds alternate, so that whatever else the machine does falls on both.
        direct: list[float] = []
        tapped: list[float] = []
        cpu = 0.0
        for _ in range(ROUNDS):
            direct += _drive(upstream_port, REQUESTS // ROUNDS)
            before = _cpu_seconds(splice)
            tapped += _drive(tapped_port, REQUESTS // ROUNDS)
            cpu += _cpu_seconds(splice) - before
    sizes = {"requests": REQUESTS, "rounds": ROUNDS, "connections": 1, "values": VALUES}
    p50_direct, p50_tapped = statistics.median(direct), statistics.median(tapped)
    return [
        {
            "bench": "splice",
            "metric": "added_p50_latency",
            "value": round((p50_tapped - p50_direct) * 1e6, 1),
            "unit": "us",
            "baseline": "direct p50",
            "baseline_value": round(p50_direct * 1e6, 1),
            "ratio": round(p50_tapped / p50_direct, 3),
            "sizes": sizes,
        },
        {
            "bench": "splice",
            "metric": "splice_cpu_per_request",
            "value": round(cpu / REQUESTS * 1e6, 1),
            "unit": "us",
            "baseline": "direct: no collector",
            "baseline_value": 0.0,
            "ratio": None,
            "sizes": sizes,
        },
    ]


def _serve(port: int, ready: Event) -> None:
    """A model server that does as little as possible: any request gets the same answer."""
    import asyncio

    import uvloop

    body = orjson.dumps(
        {
            "model_name": "echo",
            "model_version": "1",
            "outputs": [{"name": "y", "shape": [1, VALUES], "datatype": "FP32", "data": [0.5] * VALUES}],
        }
    )
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )

    class Answering(asyncio.Protocol):
        def __init__(self) -> None:
            self._buffer = b""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._write: Callable[[bytes], None] = getattr(transport, "write")  # noqa: B009

        def data_received(self, data: bytes) -> None:
            self._buffer += data
            if self._buffer.endswith(b"]}]}"):
                self._buffer = b""
                self._write(answer)

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
        ready.set()
        await server.serve_forever()

    uvloop.run(forever())


def _collect(port: int, upstream_port: int, folder: str, ready: Event) -> None:
    configure_logs("error")  # standard output is for results
    ready.set()
    options = CollectOptions(
        listen=f"127.0.0.1:{port}", upstream=f"127.0.0.1:{upstream_port}", drain_seconds=1.0
    )
    run_collector(Settings(state_dir=Path(folder), log_level="error"), options)


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
            _drive(port, 1)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _drive(port: int, requests: int) -> list[float]:
    """Seconds that each request took."""
    body = orjson.dumps(
        {"inputs": [{"name": "x", "shape": [1, VALUES], "datatype": "FP32", "data": [0.25] * VALUES}]}
    )
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    took = []
    for _ in range(requests):
        began = time.perf_counter()
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        took.append(time.perf_counter() - began)
    connection.close()
    return took


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
