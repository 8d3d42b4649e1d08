"""Events a second that one core of the worker decodes, describes and spools, and what memory it takes.

The bytes are those of real exchanges (V2 JSON, 16 floats in and out, keep-alive, eight connections in turn),
cut into frames as the splice sends them. The baseline reads the same frames, parses HTTP with the same
parser and the bodies with orjson, and keeps nothing: what no decoder in Python can do without.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httptools
import numpy as np
import orjson

from collector.codecs.decoded import Inference, Tensor
from collector.frames import FrameKind, FrameReader, pack
from collector.inference import infer_contract
from collector.options import CollectOptions, WorkerConfig
from collector.spool.segment import read_contents
from collector.worker.loop import Worker
from driftline.logs import configure_logs
from driftline.settings import Settings

EXCHANGES = 100_000
CONNECTIONS = 8
VALUES = 16
ROUNDS = 3
CHUNK = 256 * 1024
BAR_EVENTS_PER_SECOND = 10_000


def run() -> list[dict[str, Any]]:
    """CPU seconds of the whole process by event, best of several rounds for both sides."""
    configure_logs("error")
    chunks = _chunks()
    worker_rates, baseline_rates = [], []
    for _ in range(ROUNDS):
        baseline_rates.append(EXCHANGES / _cpu_seconds(lambda: _baseline(chunks)))
        worker_rates.append(EXCHANGES / _worked(chunks))
    value, baseline_value = max(worker_rates), max(baseline_rates)
    return [
        {
            "bench": "worker",
            "metric": "events_per_core_second",
            "value": round(value),
            "unit": "events/s",
            "bar": BAR_EVENTS_PER_SECOND,
            "met": value >= BAR_EVENTS_PER_SECOND,
            "baseline": "httptools and orjson alone",
            "baseline_value": round(baseline_value),
            "ratio": round(value / baseline_value, 3),
            "sizes": {"exchanges": EXCHANGES, "values": VALUES, "connections": CONNECTIONS, "rounds": ROUNDS},
        }
    ]


def _chunks() -> list[bytes]:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(1000, VALUES)).round(6).tolist()
    stream = bytearray()
    for number in range(EXCHANGES):
        connection, at = number % CONNECTIONS + 1, number * 1e-4
        body = orjson.dumps({"id": f"{number:x}", "inputs": [_tensor("x", values[number % 1000])]})
        answer = orjson.dumps(
            {
                "model_name": "echo",
                "model_version": "1",
                "id": f"{number:x}",
                "outputs": [_tensor("y", values[(number + 1) % 1000])],
            }
        )
        stream += pack(
            FrameKind.REQUEST_BYTES,
            connection,
            at,
            b"POST /v2/models/echo/infer HTTP/1.1\r\nHost: models:8000\r\nAccept: */*\r\n"
            b"User-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body,
        )
        stream += pack(
            FrameKind.RESPONSE_BYTES,
            connection,
            at + 3e-4,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
            + answer,
        )
    return [bytes(stream[start : start + CHUNK]) for start in range(0, len(stream), CHUNK)]


def _tensor(name: str, values: list[float]) -> dict[str, object]:
    return {"name": name, "shape": [1, VALUES], "datatype": "FP32", "data": values}


def _worked(chunks: list[bytes]) -> float:
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        config = WorkerConfig.build(
            Settings(state_dir=Path(folder), log_level="error", collector_cpu_cores=64.0),
            CollectOptions(listen="127.0.0.1:1", upstream="127.0.0.1:2"),
        )
        _know_contract(Path(config.spool.folder) / "contracts.json")
        worker = Worker(config)
        worker.spool.open()  # without the thread that ships

        def work() -> None:
            reader = FrameReader()
            for chunk in chunks:
                for frame in reader.feed(chunk):
                    worker.spliced.handle(frame)
            worker.pipeline.tick()

        seconds = _cpu_seconds(work)
        worker.spool.close()
        spooled = _spooled_events(Path(config.spool.folder))
        if spooled != EXCHANGES:
            raise RuntimeError(f"{spooled} of {EXCHANGES} events were spooled")
        return seconds


def _spooled_events(folder: Path) -> int:
    """Events that a reader of the spool finds in it."""
    return sum(
        len(block)
        for file in sorted(folder.glob("*.segment*"))
        for block in read_contents(file.read_bytes()).blocks
    )


def _know_contract(cache: Path) -> None:
    """The worker starts with the contract it would have inferred: there is no ClickHouse to keep it."""
    rows = np.random.default_rng(1).normal(size=(200, VALUES))
    seen = Inference(
        request_id="",
        version="1",
        rows=200,
        batched=True,
        inputs={"x": Tensor("x", "FP32", rows)},
        outputs={"y": Tensor("y", "FP32", rows)},
    )
    contract = infer_contract("echo", [seen]).succeed(None)
    cache.parent.mkdir(parents=True)
    cache.write_bytes(orjson.dumps([contract.model_dump(mode="json")]))


def _cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


class _Bodies:
    """Collects the bodies of one direction and parses each."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        orjson.loads(b"".join(self._parts))
        self._parts = []


def _baseline(chunks: list[bytes]) -> None:
    parsers: dict[tuple[int, FrameKind], Any] = {}
    reader = FrameReader()
    for chunk in chunks:
        for frame in reader.feed(chunk):
            parser = parsers.get((frame.connection, frame.kind))
            if parser is None:
                made = (
                    httptools.HttpRequestParser
                    if frame.kind is FrameKind.REQUEST_BYTES
                    else httptools.HttpResponseParser
                )
                parser = parsers[frame.connection, frame.kind] = made(_Bodies())
            parser.feed_data(frame.payload)
