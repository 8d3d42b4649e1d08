"""The in-process client and the collector's end of it, over real sockets."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collector.codecs.codec import Body
from collector.codecs.v2_rest import V2Rest
from collector.exchange import BodyBudget, Exchange, Identity
from collector.taps import client_frames
from collector.taps.client_socket import ClientTap
from driftline.client import Client
from driftline.client.frames import LENGTHS
from driftline.errors import InvalidInput, PortInUse
from tests.integration.collector.tap_loop import TapLoop
from tests.integration.collector.waiting import eventually
from tests.recording_sink import RecordingSink

ROOT = Path(__file__).parents[3]


class Listening:
    """A running tap on a unix socket, or on a port with ``tcp``."""

    def __init__(self, loop: TapLoop, folder: Path, *, tcp: bool = False, **options: Any) -> None:
        self.sink = RecordingSink()
        self.path = folder / "client.sock"
        self.tap = ClientTap("127.0.0.1:0" if tcp else str(self.path), self.sink, **options)
        port = loop.start(self.tap)
        self.address = f"127.0.0.1:{port}" if tcp else str(self.path)

    def wait_for(self, number: int) -> list[Exchange]:
        return eventually(lambda: list(self.sink.exchanges), lambda found: len(found) >= number)


@pytest.fixture
def loop() -> Iterator[TapLoop]:
    with TapLoop() as running:
        yield running


@pytest.mark.parametrize("tcp", [False, True])
def test_a_record_arrives_as_an_exchange(loop: TapLoop, tmp_path: Path, tcp: bool) -> None:
    listening = Listening(loop, tmp_path, tcp=tcp)
    with Client(listening.address, model="digits", version="3", instance="pod-1") as client:
        client.record(
            inputs={"x": np.array([0.5, 1.0], np.float32), "text": "abc"},
            outputs={"y": [0.1, 0.9]},
            event_id="e-1",
            trace_id="a" * 32,
            latency_ms=4.0,
            at=1795428000.0,
        )
    (exchange,) = listening.wait_for(1)
    assert exchange.identity == Identity("digits", "3", "pod-1", "e-1", "a" * 32)
    assert (exchange.tap, exchange.epoch_seconds, exchange.latency_ms) == ("client", 1795428000.0, 4.0)
    assert exchange.request is not None
    assert exchange.response is not None
    inference = V2Rest().decode(
        Body(exchange.request.body(), exchange.request.headers),
        Body(exchange.response.body(), exchange.response.headers),
    )
    assert inference.inputs["x"].values.tolist() == [[0.5, 1.0]]
    assert inference.inputs["text"].values.tolist() == ["abc"]
    assert inference.outputs["y"].values.tolist() == [[0.1, 0.9]]


def test_errors_halves_and_other_models(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path)
    with Client(listening.address, model="digits") as client:
        client.record(inputs={"x": 1.0}, outputs={"y": 1.0}, status="error")
        client.record(outputs={"y": 1.0}, model="other", version="9")
        client.record(inputs={"x": 1.0})
        same = {"x": 1.0}
        client.record(same, same)
    failed, answered, asked, both = listening.wait_for(4)
    assert failed.response is not None
    assert failed.response.failed
    assert failed.response.body() == b""
    assert (answered.request, answered.identity.model, answered.identity.version) == (None, "other", "9")
    assert asked.response is None
    assert both.request is not None
    assert both.response is not None


def test_measure_records_the_latency_and_the_error(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path)
    with Client(listening.address, model="digits") as client:
        with client.measure(inputs={"x": 1.0}, event_id="a") as call:
            time.sleep(0.02)
            call.outputs = {"y": 2.0}
        with pytest.raises(KeyError), client.measure(inputs={"x": 1.0}):
            raise KeyError("the model's own")
    good, bad = listening.wait_for(2)
    assert 20.0 <= good.latency_ms < 2000.0
    assert good.epoch_seconds == pytest.approx(time.time(), abs=20.0)
    assert bad.response is not None
    assert bad.response.failed


def test_redaction_happens_before_anything_is_queued(loop: TapLoop, tmp_path: Path) -> None:
    def redact(inputs: Any, outputs: Any) -> Any:
        return {**inputs, "name": "***"}, outputs

    def broken(inputs: Any, outputs: Any) -> Any:
        raise RuntimeError("bug of the server's author")

    listening = Listening(loop, tmp_path)
    with Client(listening.address, model="digits", redact=redact) as client:
        client.record(inputs={"name": "Ada", "x": 1.0})
        client.record(inputs={"name": "Ada"}, redact=broken)
    (exchange,) = listening.wait_for(1)
    assert exchange.request is not None
    assert b"Ada" not in exchange.request.body()
    eventually(listening.sink.lost_rows, lambda rows: rows == {"malformed_body": 1})


def test_nothing_that_a_server_passes_raises(loop: TapLoop, tmp_path: Path) -> None:
    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    listening = Listening(loop, tmp_path)
    recursive: list[Any] = []
    recursive.append(recursive)
    wrong: list[dict[str, Any]] = [
        {"inputs": {"x": Hostile()}},
        {"inputs": [1.0]},
        {"inputs": {"x": recursive}},
        {"inputs": {"x": 1.0}, "latency_ms": "fast"},
        {"inputs": {"x": 1.0}, "at": "noon"},
        {},
    ]
    with Client(listening.address, model="digits") as client:
        for arguments in wrong:
            client.record(**arguments)
        odd = {"inputs": {"\ud800": "\ud800", 3: 1.0}, "event_id": "\ud800" * 5000, "at": float("nan")}
        client.record(**odd)  # type: ignore[arg-type]
    listening.wait_for(1)
    eventually(listening.sink.lost_rows, lambda rows: rows == {"malformed_body": len(wrong)})


def test_what_does_not_fit_is_dropped_counted_and_reported(loop: TapLoop, tmp_path: Path) -> None:
    path = tmp_path / "client.sock"
    client = Client(path, model="digits", version="1", queue_records=10)
    for _ in range(25):
        client.record(inputs={"x": 1.0})
    client.record(inputs={"x": np.zeros((7, 1))}, batch=True)
    listening = Listening(loop, tmp_path)
    listening.wait_for(10)
    eventually(listening.sink.lost_rows, lambda rows: rows == {"client_overflow": 22})
    assert {(identity.model, identity.version) for identity, *_ in listening.sink.losses} == {("digits", "1")}
    client.close()


def test_the_queue_is_bounded_in_bytes(tmp_path: Path) -> None:
    client = Client(tmp_path / "nobody.sock", model="digits", queue_bytes=1_000_000)
    for _ in range(100):
        client.record(inputs={"x": np.zeros(10_000)})
    buffer = client._buffer
    assert buffer.size <= 1_000_000
    assert 10 <= len(buffer.records) <= 12
    client.close(0.1)


def test_the_collector_goes_away_and_comes_back(loop: TapLoop, tmp_path: Path) -> None:
    first = Listening(loop, tmp_path)
    client = Client(first.path, model="digits")
    client.record(inputs={"x": 1.0}, event_id="1")
    first.wait_for(1)
    loop.run(first.tap.stop())
    assert not first.path.exists()
    for number in range(2, 6):
        client.record(inputs={"x": 1.0}, event_id=str(number))
        time.sleep(0.02)
    second = Listening(loop, tmp_path)
    seen = [exchange.identity.event_id for exchange in second.wait_for(4)]
    assert seen == ["2", "3", "4", "5"]
    assert second.sink.losses == []
    client.close()


def test_what_a_dying_collector_had_not_confirmed_is_reported_to_the_next(
    loop: TapLoop, tmp_path: Path
) -> None:
    path = tmp_path / "client.sock"
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(path))
    silent.listen()
    client = Client(path, model="digits")
    for _ in range(3):
        client.record(inputs={"x": 1.0})
    accepted, _ = silent.accept()
    assert accepted.recv(1)
    time.sleep(0.2)
    accepted.close()
    silent.close()
    client.record(inputs={"x": 1.0})
    listening = Listening(loop, tmp_path)
    listening.wait_for(1)
    eventually(listening.sink.lost_rows, lambda rows: rows == {"tap_overflow": 3})
    client.close()


def test_a_server_that_forks_records_from_every_process(loop: TapLoop, tmp_path: Path) -> None:
    """As gunicorn with preload: the client is made, and used, before the workers are forked."""
    program = f"""
import os, time
from driftline.client import Client
client = Client({str(tmp_path / "client.sock")!r}, model="digits")
client.record(inputs={{"x": 1.0}}, event_id="parent")
time.sleep(0.3)
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        for turn in range(5):
            client.record(inputs={{"x": 1.0}}, event_id=f"child-{{number}}-{{turn}}")
        client.close()
        os._exit(0)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
client.record(inputs={{"x": 1.0}}, event_id="parent again")
"""
    listening = Listening(loop, tmp_path)
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
    seen = sorted(exchange.identity.event_id for exchange in listening.wait_for(17))
    children = [f"child-{number}-{turn}" for number in range(3) for turn in range(5)]
    assert seen == sorted(["parent", "parent again", *children])
    assert listening.sink.losses == []


def test_a_process_that_ends_sends_what_it_has_and_does_not_hang(loop: TapLoop, tmp_path: Path) -> None:
    program = """
import sys
from driftline.client import Client
client = Client(sys.argv[1], model="digits")
for number in range(500):
    client.record(inputs={"x": 1.0})
"""
    listening = Listening(loop, tmp_path)
    subprocess.run([sys.executable, "-c", program, listening.address], cwd=ROOT, check=True, timeout=60)
    listening.wait_for(500)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "nobody.sock"], cwd=ROOT, check=True, timeout=60
    )
    assert time.monotonic() - began < 10


def test_a_signal_handler_may_record(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path)
    client = Client(listening.path, model="digits", queue_records=50)
    previous = signal.signal(signal.SIGALRM, lambda *_: client.record(inputs={"x": 1.0}))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(20_000):
            client.record(inputs={"x": 1.0})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    client.close()
    assert len(listening.wait_for(1)) >= 1


def test_many_threads_record_and_every_record_is_accounted_for(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path)
    client = Client(listening.path, model="digits", queue_records=200)

    def work() -> None:
        for _ in range(2000):
            client.record(inputs={"x": [0.5] * 16})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def accounted() -> int:
        return len(listening.sink.exchanges) + sum(listening.sink.lost_rows().values())

    eventually(accounted, lambda rows: rows == 8000)
    assert client._buffer.size == 0
    client.close()


def test_only_the_user_or_the_group_may_connect(loop: TapLoop, tmp_path: Path) -> None:
    first = Listening(loop, tmp_path)
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    loop.run(first.tap.stop())
    second = Listening(loop, tmp_path, mode=0o660)
    assert stat.S_IMODE(second.path.stat().st_mode) == 0o660


def test_a_socket_that_a_killed_collector_left_is_replaced(loop: TapLoop, tmp_path: Path) -> None:
    path = tmp_path / "client.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    listening = Listening(loop, tmp_path)
    with Client(path, model="digits") as client:
        client.record(inputs={"x": 1.0})
    listening.wait_for(1)


def test_addresses_that_cannot_be_had_are_clear_errors(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path)
    sink = listening.sink
    with pytest.raises(PortInUse, match="another process listens"):
        loop.run(ClientTap(str(listening.path), sink).start())
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="no socket"):
        loop.run(ClientTap(str(tmp_path / "file"), sink).start())
    with pytest.raises(InvalidInput, match="cannot make the socket"):
        loop.run(ClientTap(str(tmp_path / "no" / "folder"), sink).start())
    with pytest.raises(InvalidInput, match="not a loopback address"):
        loop.run(ClientTap("0.0.0.0:7000", sink).start())
    with pytest.raises(InvalidInput, match="not an address of this machine"):
        loop.run(ClientTap("model.example:7000", sink).start())


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        LENGTHS.pack(2**31, 0, 0),
        LENGTHS.pack(2, 2**31, 0),
        LENGTHS.pack(4, 0, 0) + b"null",
        LENGTHS.pack(2, 0, 0) + b"{]",
        LENGTHS.pack(13, 1, 0) + b'{"model":"m"}x',
        LENGTHS.pack(14, 0, 0) + b'{"lost":[null]',
        LENGTHS.pack(12, 0, 0) + b'{"lost":[7]}',
    ],
)
def test_what_is_no_frame_is_counted_and_disconnected(loop: TapLoop, tmp_path: Path, data: bytes) -> None:
    listening = Listening(loop, tmp_path)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(listening.path))
        stranger.sendall(data)
        stranger.settimeout(10)
        with contextlib.suppress(ConnectionResetError):  # not everything was read
            assert stranger.recv(100) == b""
    assert sum(listening.sink.lost_rows().values()) == 1
    with Client(listening.path, model="digits") as client:
        client.record(inputs={"x": 1.0})
    listening.wait_for(1)


def test_a_frame_that_stalls_is_cut_off(
    loop: TapLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_frames, "FRAME_SECONDS", 0.2)
    monkeypatch.setattr("collector.taps.client_socket.CHECK_SECONDS", 0.1)
    listening = Listening(loop, tmp_path)
    with socket.socket(socket.AF_UNIX) as stalled:
        stalled.connect(str(listening.path))
        stalled.sendall(LENGTHS.pack(100, 0, 0) + b"{")
        stalled.settimeout(10)
        assert stalled.recv(100) == b""
    assert listening.sink.lost_rows() == {"malformed_event": 1}


def test_bodies_beyond_the_budget_are_read_past_and_counted(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path, budget=BodyBudget(100_000))
    with Client(listening.path, model="digits") as client:
        client.record(inputs={"x": np.zeros(100_000)})
        client.record(inputs={"x": 1.0}, event_id="small")
    (exchange,) = listening.wait_for(1)
    assert exchange.identity.event_id == "small"
    assert listening.sink.lost_rows() == {"tap_overflow": 1}


def test_a_half_closed_client_is_served_to_its_last_frame(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path)
    head = b'{"lost":[{"model":"digits","version":"","reason":"client_overflow","rows":3}],"instance":""}'
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(listening.path))
        client.sendall(LENGTHS.pack(len(head), 0, 0) + head)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(10)
        assert client.recv(100) == struct.pack("!Q", 1)
    assert listening.sink.lost_rows() == {"client_overflow": 3}


def test_clients_are_bounded(loop: TapLoop, tmp_path: Path) -> None:
    listening = Listening(loop, tmp_path, connections=2)
    held = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for each in held:
        each.connect(str(listening.path))
    held[2].settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        assert held[2].recv(1) == b""
    for each in held:
        each.close()
    with Client(os.fspath(listening.path), model="digits") as client:
        client.record(inputs={"x": 1.0})
    listening.wait_for(1)
