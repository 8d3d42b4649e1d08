"""Traffic through a real collector process ends up as events in a real ClickHouse."""

from __future__ import annotations

import gzip
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from driftline.contract_store import ContractStore
from driftline.contracts import Contract, ContractField
from driftline.engine.config import free_port
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.collector.process import CollectorProcess
from tests.integration.collector.v2_server import V2Server, ask
from tests.integration.collector.waiting import eventually

PATH = "/v2/models/doubler/infer"
CONTRACT = Contract(
    model="doubler",
    fields=(
        ContractField(name="x", kind="numeric"),
        ContractField(name="y", kind="numeric", role="output"),
        ContractField(name="scores", kind="prediction", role="output", classes=("no", "yes")),
    ),
    prediction="scores.class",
)


@pytest.fixture(scope="module")
def server() -> Iterator[V2Server]:
    with V2Server() as server:
        yield server


def post(
    port: int, body: bytes, path: str = PATH, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def count(store: Store) -> int:
    return int(store.scalar("SELECT count() FROM inference_events"))


def coverage(store: Store) -> dict[str, int]:
    rows = store.query("SELECT seen, kept, unsampled, dropped FROM coverage")
    totals = {"seen": 0, "kept": 0, "unsampled": 0}
    for row in rows:
        assert row["seen"] == row["kept"] + row["unsampled"] + sum(row["dropped"].values())
        for name in ("seen", "kept", "unsampled"):
            totals[name] += row[name]
        for reason, dropped in row["dropped"].items():
            totals[reason] = totals.get(reason, 0) + dropped
    return totals


def test_events_carry_values_ids_and_times(
    store: Store, settings: Settings, server: V2Server, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    before = time.time()
    with CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "x-request-id": "from-header"}
        status, answer = post(collector.port, ask([1.5, 2.5], "batch"), headers=headers)
        assert (status, orjson.loads(answer)["id"]) == (200, "batch")
        assert post(collector.port, ask([3.0]), headers=headers)[0] == 200
        assert post(collector.port, ask([-1.0], "bad"))[0] == 400
        assert post(collector.port, b"{}", "/v2/models/absent/infer")[0] == 404
        rows = eventually(
            lambda: store.query("SELECT *, toFloat64(ts) AS at FROM inference_events ORDER BY event_id"),
            lambda rows: len(rows) == 4,
        )
        assert collector.stop() == 0
    by_id = {row["event_id"]: row for row in rows}
    assert set(by_id) == {"batch/0", "batch/1", "from-header", "bad"}
    first = by_id["batch/0"]
    assert (first["model"], first["version"], first["instance"]) == ("doubler", "7", "test-instance")
    assert (first["trace_id"], first["status"], first["weight"]) == (trace, "ok", 1.0)
    assert before <= first["at"] <= time.time()
    assert 0 < first["latency_ms"] < 5000
    view = {row["event_id"]: row for row in store.query("SELECT * FROM events_doubler")}
    assert [view["batch/1"][name] for name in ("x", "y", "scores.class", "scores.confidence")] == [
        2.5,
        5.0,
        "yes",
        0.75,
    ]
    assert view["bad"]["x"] == -1.0
    assert view["bad"]["scores.class"] is None
    assert by_id["bad"]["status"] == "error"
    assert coverage(store) == {"seen": 4, "kept": 4, "unsampled": 0}


def test_keep_alive_pipelining_gzip_and_chunked(
    store: Store, settings: Settings, server: V2Server, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    with CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        packed = gzip.compress(ask([4.0], "packed"))
        assert post(collector.port, packed, headers={"content-encoding": "gzip"})[0] == 200
        status, answer = post(collector.port, ask([5.0], "stream"), headers={"x-answer": "gzip-chunked"})
        assert (status, orjson.loads(gzip.decompress(answer))["id"]) == (200, "stream")
        keep = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)
        for number in range(3):
            keep.request("GET", "/v2/health/ready")
            keep.getresponse().read()
            keep.request("POST", PATH, iter([ask([float(number)], f"keep-{number}")]), encode_chunked=True)
            assert keep.getresponse().read()
        keep.close()
        with socket.create_connection(("127.0.0.1", collector.port), 10) as raw:
            bodies = [ask([float(number)], f"pipe-{number}") for number in range(3)]
            raw.sendall(
                b"".join(
                    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (PATH.encode(), len(body))
                    + body
                    for body in bodies
                )
            )
            received = b""
            while received.count(b'"outputs"') < 3:
                chunk = raw.recv(65536)
                assert chunk, received
                received += chunk
        eventually(lambda: count(store), lambda n: n == 8)
    ids = {row["event_id"] for row in store.query("SELECT event_id FROM inference_events")}
    assert ids == {"packed", "stream", *(f"{kind}-{n}" for kind in ("keep", "pipe") for n in range(3))}
    assert received.count(b"HTTP/1.1 200") == 3


def test_sampling_keeps_a_share_and_its_weight(
    store: Store, settings: Settings, server: V2Server, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    requests = 400
    with CollectorProcess(
        settings, server.port, tmp_path / "log", more_settings={"sample_rate": 0.25}
    ) as collector:
        keep = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)
        for number in range(requests):
            keep.request("POST", PATH, ask([float(number)]))
            keep.getresponse().read()
        keep.close()
        totals = eventually(lambda: coverage(store), lambda totals: totals["seen"] == requests)
    assert totals["kept"] + totals["unsampled"] == requests
    # Five standard deviations of a binomial(400, 1/4).
    assert abs(totals["kept"] - 100) < 5 * 8.67
    assert count(store) == totals["kept"]
    assert store.query("SELECT DISTINCT weight, version FROM inference_events") == [
        {"weight": 4.0, "version": "7"}
    ]
    assert store.query("SELECT DISTINCT version FROM coverage") == [{"version": "7"}]


def test_contract_is_inferred_and_nothing_is_lost(
    store: Store, settings: Settings, server: V2Server, tmp_path: Path
) -> None:
    with CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        keep = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)
        for number in range(120):
            keep.request("POST", PATH, ask([number + 0.5]))
            keep.getresponse().read()
        keep.close()
        eventually(lambda: count(store), lambda n: n == 120)
    contract = ContractStore(store).required("doubler")
    assert contract.source == "inferred"
    assert contract.prediction == "scores.class"
    assert {field.name: (field.role, field.kind) for field in contract.fields} == {
        "x": ("input", "numeric"),
        "y": ("output", "numeric"),
        "scores": ("output", "prediction"),
    }
    assert store.scalar("SELECT sum(x) FROM events_doubler") == sum(n + 0.5 for n in range(120))


def test_killed_worker_never_breaks_requests_and_comes_back(
    store: Store, settings: Settings, server: V2Server, tmp_path: Path
) -> None:
    ContractStore(store).register(CONTRACT)
    with CollectorProcess(settings, server.port, tmp_path / "log") as collector:
        keep = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)

        def send(request_id: str) -> int:
            keep.request("POST", PATH, ask([1.0], request_id))
            response = keep.getresponse()
            response.read()
            return response.status

        assert send("first") == 200
        eventually(lambda: count(store), lambda n: n == 1)
        killed = collector.worker_pid()
        os.kill(killed, signal.SIGKILL)
        assert [send(f"during-{number}") for number in range(20)] == [200] * 20
        eventually(collector.worker_pid, lambda pid: pid != killed)

        def send_and_count() -> int:
            # The same kept-alive connection, which the new worker has to pick up in the middle.
            assert send("after") == 200
            return int(store.scalar("SELECT count() FROM inference_events WHERE event_id = 'after'"))

        eventually(send_and_count, lambda n: n > 0)
        keep.close()


def test_clickhouse_down_at_start_and_back_later(
    store: Store, settings: Settings, server: V2Server, tmp_path: Path, clickhouse_url: str
) -> None:
    # A relay in front of ClickHouse that is switched on later stands for a server that comes up later.
    ContractStore(store).register(CONTRACT)
    port = store.address.rpartition(":")[2]
    relay_port = free_port()
    url = clickhouse_url.replace(store.address, f"127.0.0.1:{relay_port}")
    away = settings.model_copy(update={"clickhouse_url": SecretStr(url)})
    with CollectorProcess(away, server.port, tmp_path / "log") as collector:
        for number in range(10):
            assert post(collector.port, ask([1.0], f"early-{number}"))[0] == 200
        assert count(store) == 0
        relay_settings = Settings(state_dir=tmp_path / "relay")
        with CollectorProcess(relay_settings, int(port), tmp_path / "relay.log", port=relay_port):
            eventually(lambda: count(store), lambda n: n == 10)
            assert collector.stop() == 0


def test_busy_port_is_one_clear_error(settings: Settings, server: V2Server, tmp_path: Path) -> None:
    collector = CollectorProcess(settings, server.port, tmp_path / "log", port=server.port)
    assert collector.start().wait(20) == 2
    assert (
        f"cannot listen on 127.0.0.1:{server.port}: another process uses the port"
        in collector.log.read_text()
    )


def test_upstream_down_disconnects_and_comes_back(store: Store, settings: Settings, tmp_path: Path) -> None:
    ContractStore(store).register(CONTRACT)
    with CollectorProcess(settings, free_port(), tmp_path / "log") as collector:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            post(collector.port, ask([1.0]))
        assert collector.stop() == 0
    assert "model server cannot be reached" in collector.log.read_text()


def test_drains_a_request_in_flight(store: Store, settings: Settings, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, CollectorProcess(settings, listener.getsockname()[1], tmp_path / "log") as collector:
        listener.accept()[0].close()  # the readiness probe of the fixture
        with socket.create_connection(("127.0.0.1", collector.port), 10) as client:
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            served, _ = listener.accept()
            with served:
                assert served.recv(1000).startswith(b"POST")
                assert collector.process is not None
                collector.process.send_signal(signal.SIGTERM)
                time.sleep(1.0)
                served.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                assert client.recv(1000).endswith(b"ok")
                assert collector.process.wait(10) == 0


def test_half_closed_client_gets_its_whole_answer(store: Store, settings: Settings, tmp_path: Path) -> None:
    size = 8 * 1024 * 1024
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, CollectorProcess(settings, listener.getsockname()[1], tmp_path / "log") as collector:
        listener.accept()[0].close()
        with socket.create_connection(("127.0.0.1", collector.port), 10) as client:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            served, _ = listener.accept()
            asked = b""
            while chunk := served.recv(1000):
                asked += chunk
            assert asked == b"question"

            def answer() -> None:
                with served:
                    served.sendall(b"x" * size)

            thread = threading.Thread(target=answer)
            thread.start()
            time.sleep(0.3)  # the client reads late: the answer has to wait, not to be lost
            received = 0
            while chunk := client.recv(1024 * 1024):
                received += len(chunk)
            thread.join(10)
        assert received == size
