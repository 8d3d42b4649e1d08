"""A splice in this process, on a loop of its own thread, with a tee that remembers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

import uvloop

from collector.endpoint import Endpoint
from collector.splice import SpliceServer
from collector.spliced_connection import Tee

T = TypeVar("T")


class RecordingTee:
    """Remembers what was copied, by connection."""

    def __init__(self) -> None:
        self.asked: dict[int, bytes] = {}
        self.replied: dict[int, bytes] = {}
        self.ended: list[int] = []

    def request_bytes(self, connection: int, at: float, data: bytes) -> None:
        self.asked[connection] = self.asked.get(connection, b"") + data

    def response_bytes(self, connection: int, at: float, data: bytes) -> None:
        self.replied[connection] = self.replied.get(connection, b"") + data

    def closed(self, connection: int, at: float) -> None:
        self.ended.append(connection)


class LoopThread:
    """A uvloop that runs in a thread until the block ends."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 20) -> T:
        """Run ``work`` in the loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def call(self, function: Callable[[], T]) -> T:
        """Call ``function`` in the loop's thread."""

        async def work() -> T:
            return function()

        return self.run(work())


class Spliced:
    """A running splice; ``address`` is where clients connect."""

    def __init__(self, upstream: Endpoint, listen: Endpoint | None = None, tee: Tee | None = None) -> None:
        self.tee = RecordingTee()
        self.listen = listen or Endpoint("127.0.0.1", 0)
        self._upstream = upstream
        self._given = tee or self.tee
        self.loop = LoopThread()
        self.port = 0
        self._drained = False

    def __enter__(self) -> Self:
        self.loop.__enter__()

        async def start() -> tuple[SpliceServer, int]:
            server = SpliceServer(self.listen, self._upstream, self._given)
            return server, await server.start()

        try:
            self.server, self.port = self.loop.run(start())
        except BaseException:
            self.loop.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if not self._drained:
            self.drain(0.0)
        self.loop.__exit__()

    def drain(self, seconds: float) -> None:
        """Drain the splice."""
        self._drained = True
        self.loop.run(self.server.drain(seconds), seconds + 10)

    def connect(self) -> socket.socket:
        """A client."""
        if self.listen.path:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(10)
            client.connect(self.listen.path)
            return client
        return socket.create_connection((self.listen.host, self.port), 10)


def listener(family: socket.AddressFamily, path: str = "") -> tuple[socket.socket, Endpoint]:
    """A listening socket of a server, and where it is."""
    if family == socket.AF_UNIX:
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(path)
        bound.listen()
        bound.settimeout(10)
        return bound, Endpoint("", 0, path)
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    bound = socket.create_server((host, 0), family=family)
    bound.settimeout(10)
    return bound, Endpoint(host, bound.getsockname()[1])


def read_all(sock: socket.socket) -> bytes:
    """Everything until the end of the stream."""
    sock.settimeout(10)
    received = b""
    while chunk := sock.recv(1 << 20):
        received += chunk
    return received
