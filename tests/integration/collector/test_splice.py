"""How a splice passes bytes, ends of stream and pressure on, and how it ends."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest

from driftline.settings import Settings
from tests.integration.collector.process import CollectorProcess
from tests.integration.collector.splicing import Spliced, listener, read_all
from tests.integration.collector.waiting import eventually

BLOCKED_BYTES = 16 * 1024 * 1024
"""More than the sockets' own buffers and the splice's together."""


class BrokenTee:
    """A tee with a fault in every method."""

    def request_bytes(self, connection: int, at: float, data: bytes) -> None:
        raise RuntimeError("fault of a tee")

    def response_bytes(self, connection: int, at: float, data: bytes) -> None:
        raise RuntimeError("fault of a tee")

    def closed(self, connection: int, at: float) -> None:
        raise RuntimeError("fault of a tee")


def push(sock: socket.socket, size: int) -> int:
    """Send until ``size`` bytes are gone or nothing moves any more; how many are gone."""
    sock.setblocking(False)
    sent, last = 0, time.monotonic()
    while sent < size and time.monotonic() - last < 0.5:
        try:
            sent += sock.send(b"x" * min(1 << 16, size - sent))
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    sock.setblocking(True)
    return sent


def is_ended(sock: socket.socket) -> bool:
    """Whether the other side ended the connection, in order or not."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("slow", ["client", "server"])
def test_who_does_not_read_is_not_read_for(slow: str) -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice, splice.connect() as client:
        server, _ = upstream.accept()
        with server:
            fast, late = (server, client) if slow == "client" else (client, server)
            sent = push(fast, 4 * BLOCKED_BYTES)
            assert 0 < sent < BLOCKED_BYTES
            connection = next(iter(splice.server.connections.values()))
            side = connection.client if slow == "client" else connection.upstream

            def waiting() -> int:
                assert side.transport is not None
                return side.transport.get_write_buffer_size()

            assert splice.loop.call(waiting) <= 320 * 1024
            fast.shutdown(socket.SHUT_WR)
            assert len(read_all(late)) == sent


def test_both_directions_may_end_on_their_own() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice, splice.connect() as client:
        server, _ = upstream.accept()
        with server:
            server.sendall(b"all I have to say")
            server.shutdown(socket.SHUT_WR)
            assert read_all(client) == b"all I have to say"
            for piece in (b"but ", b"I go on ", b"for a while"):
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            assert read_all(server) == b"but I go on for a while"
        eventually(lambda: splice.tee.ended, lambda ended: ended == [1], seconds=5)
        assert splice.server.connections == {}


def test_an_upgraded_connection_carries_any_bytes() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice, splice.connect() as client:
        client.sendall(b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        server, _ = upstream.accept()
        with server:
            assert server.recv(1000).endswith(b"websocket\r\n\r\n")
            server.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 101")
            for one, other in ((client, server), (server, client)) * 3:
                noise = os.urandom(1000)
                one.sendall(noise)
                assert other.recv(1000, socket.MSG_WAITALL) == noise


def test_an_interim_answer_arrives_before_the_body_is_sent() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice, splice.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        server, _ = upstream.accept()
        with server:
            assert b"100-continue" in server.recv(1000)
            server.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(b"body")
            assert server.recv(1000) == b"body"


def test_small_writes_leave_at_once_and_dead_peers_are_noticed() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice, splice.connect() as client:
        client.sendall(b"x")
        server, _ = upstream.accept()
        with server:
            assert server.recv(1) == b"x"
            connection = next(iter(splice.server.connections.values()))
            for side in (connection.client, connection.upstream):
                assert side.transport is not None
                sock = side.transport.get_extra_info("socket")
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_faulty_tee_never_breaks_a_request() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at, tee=BrokenTee()) as splice:
        for _ in range(3):
            with splice.connect() as client:
                client.sendall(b"question")
                server, _ = upstream.accept()
                with server:
                    assert server.recv(100) == b"question"
                    server.sendall(b"answer")
                assert read_all(client) == b"answer"
        eventually(lambda: len(splice.server.connections), lambda n: n == 0, seconds=5)


def test_clients_beyond_the_limit_are_told_at_once() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice:
        splice.server.limit = 2
        kept = [splice.connect() for _ in range(2)]
        servers = [upstream.accept()[0] for _ in kept]
        with splice.connect() as refused:
            began = time.monotonic()
            assert is_ended(refused)
            assert time.monotonic() - began < 1.0
        assert splice.server.refused == 1
        for client, server in zip(kept, servers, strict=True):
            client.sendall(b"still here")
            assert server.recv(100) == b"still here"
        kept.pop().close()
        servers.pop().close()
        eventually(lambda: len(splice.server.connections), lambda n: n == 1, seconds=5)
        with splice.connect() as client:
            client.sendall(b"again")
            servers.append(upstream.accept()[0])
            assert servers[-1].recv(100) == b"again"
        for sock in (*kept, *servers):
            sock.close()


def test_without_file_descriptors_it_neither_spins_nor_breaks_who_is_there(
    settings: Settings, tmp_path: Path
) -> None:
    upstream, at = listener(socket.AF_INET)
    away = settings.model_copy(update={"clickhouse_url": None})
    with upstream, CollectorProcess(away, at.port, tmp_path / "log") as collector:
        assert collector.process is not None
        upstream.accept()[0].close()  # the readiness probe of the fixture
        process = psutil.Process(collector.process.pid)
        with socket.create_connection(("127.0.0.1", collector.port), 10) as client:
            client.sendall(b"x")
            server, _ = upstream.accept()
            with server:
                assert server.recv(1) == b"x"
                # Lowered from outside, below what the splice found when it started.
                resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (process.num_fds() + 1, 4096))
                crowd = [socket.create_connection(("127.0.0.1", collector.port), 10) for _ in range(20)]
                before = process.cpu_times()
                time.sleep(1.0)
                after = process.cpu_times()
                assert after.user + after.system - before.user - before.system < 0.5
                client.sendall(b"still here")
                assert server.recv(100) == b"still here"
                server.sendall(b"so am I")
                assert client.recv(100) == b"so am I"
                for sock in crowd:
                    sock.close()
                resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (4096, 4096))

                def works() -> bool:
                    with socket.create_connection(("127.0.0.1", collector.port), 10) as again:
                        again.sendall(b"y")
                        upstream.settimeout(0.5)
                        try:
                            late, _ = upstream.accept()
                        except TimeoutError:
                            return False
                        with late:
                            return late.recv(1) == b"y"

                eventually(works, bool, seconds=10)


def test_draining_ends_quiet_connections_and_lets_busy_ones_finish() -> None:
    upstream, at = listener(socket.AF_INET)
    acknowledges = bytes.fromhex("000004 08 00 00000000 0000ffff 000008 06 01 00000000") + bytes(8)
    with upstream, Spliced(at) as splice:
        clients = [splice.connect() for _ in range(3)]
        servers = []
        for client, last_words in zip(clients, (b"", acknowledges, b"another request"), strict=True):
            client.sendall(b"request")
            server, _ = upstream.accept()
            server.settimeout(10)
            assert server.recv(100) == b"request"
            server.sendall(b"answer")
            assert client.recv(100) == b"answer"
            client.sendall(last_words)
            servers.append(server)
        began = time.monotonic()
        drain = threading.Thread(target=splice.drain, args=(20.0,))
        drain.start()
        for client in clients[:2]:
            assert read_all(client) == b""
        assert time.monotonic() - began < 3.0
        with pytest.raises(OSError, match="refused"):
            splice.connect()
        time.sleep(1.0)
        servers[2].sendall(b"late answer")
        assert read_all(clients[2]) == b"late answer"
        drain.join(10)
        assert not drain.is_alive()
        assert time.monotonic() - began < 10.0
        for sock in (*clients, *servers):
            sock.close()


def test_draining_ends_by_force_in_time() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at) as splice, splice.connect() as client:
        client.sendall(b"never answered")
        server, _ = upstream.accept()
        with server:
            began = time.monotonic()
            splice.drain(1.0)
            assert 0.9 < time.monotonic() - began < 3.0
            eventually(lambda: splice.tee.ended, lambda ended: ended == [1], seconds=5)
