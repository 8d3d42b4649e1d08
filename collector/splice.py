"""The tap: forwards bytes between client and model server, and offers a copy of each chunk.

Nothing is parsed, added or held back here. A slow reader on one side pauses reading on the other, so
memory is bounded by the write buffers; the copy goes to :class:`Tee`, which never blocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from typing import Protocol, cast

from collector.endpoint import Endpoint
from driftline.errors import InvalidInput, PortInUse
from driftline.logs import get_logger

_log = get_logger(__name__)

WRITE_BUFFER_BYTES = 256 * 1024
CONNECT_SECONDS = 5.0
QUIET_SECONDS = 0.5
"""While draining, a connection is idle once this long has passed since the server's last byte."""


class Tee(Protocol):
    """Takes copies; every method returns at once and never raises."""

    def request_bytes(self, connection: int, at: float, data: bytes) -> None: ...

    def response_bytes(self, connection: int, at: float, data: bytes) -> None: ...

    def closed(self, connection: int, at: float) -> None: ...


class _Side(asyncio.Protocol):
    """One of the two sockets of a connection."""

    def __init__(self, connection: _Connection, *, client: bool) -> None:
        self._connection = connection
        self._client = client
        self.transport: asyncio.Transport | None = None
        self.peer: _Side | None = None
        self.ended = False
        """The remote side sent its end of stream."""
        self.write_full = False
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        if self._client:
            self._connection.client_arrived()

    def data_received(self, data: bytes) -> None:
        peer = self.peer
        if peer is None:
            # The model server is still being connected. uvloop ignores a pause before the first byte.
            self._early.append(data)
            if self.transport is not None:
                self.transport.pause_reading()
        elif peer.transport is not None:
            peer.transport.write(data)
        self._connection.copy(data, from_client=self._client)

    def join(self, peer: _Side) -> None:
        """The other side is there: pass on what came before it, then everything."""
        self.peer = peer
        if peer.transport is None or self.transport is None:
            return
        if self._early:
            peer.transport.writelines(self._early)
            self._early.clear()
            if not peer.write_full:
                self.transport.resume_reading()
        if self.ended:
            peer.transport.write_eof()

    def eof_received(self) -> bool:
        self.ended = True
        peer = self.peer
        if peer is not None:
            if peer.transport is None or peer.ended:
                self._connection.close()
                return False
            if not peer.transport.is_closing():
                peer.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        self.write_full = True
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        self.write_full = False
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._connection.lost(aborted=exc is not None)


class _Connection:
    """A client's connection and the one to the model server that belongs to it."""

    def __init__(self, server: SpliceServer, number: int) -> None:
        self._server = server
        self.number = number
        self.client = _Side(self, client=True)
        self.upstream = _Side(self, client=False)
        self._connecting: asyncio.Task[None] | None = None
        self.last_from_client = False
        self.last_at = time.monotonic()

    def client_arrived(self) -> None:
        self._server.connections[self.number] = self
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        target = self._server.upstream
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: self.upstream, target.host, target.port
                )
        except OSError as error:
            self._server.upstream_failed(error)
            self.close()
            return
        if self.client.transport is None or self.upstream.transport is None:
            self.close()
            return
        self.upstream.join(self.client)
        self.client.join(self.upstream)

    def copy(self, data: bytes, *, from_client: bool) -> None:
        self.last_from_client = from_client
        self.last_at = time.monotonic()
        if from_client:
            self._server.tee.request_bytes(self.number, self.last_at, data)
        else:
            self._server.tee.response_bytes(self.number, self.last_at, data)

    def lost(self, *, aborted: bool) -> None:
        """One side is gone: end the other, with what is still to be written unless it was aborted."""
        self.close(abort=aborted)
        if self.client.transport is None and self._server.connections.pop(self.number, None) is not None:
            self._server.tee.closed(self.number, time.monotonic())

    def close(self, *, abort: bool = False) -> None:
        for side in (self.client, self.upstream):
            if side.transport is not None:
                if abort:
                    side.transport.abort()
                else:
                    side.transport.close()

    def idle(self, now: float) -> bool:
        return not self.last_from_client and now - self.last_at >= QUIET_SECONDS


class SpliceServer:
    """Listens, and joins every client to a connection of its own to the model server.

    Parameters
    ----------
    listen, upstream
        Where clients connect, and where the model server is.
    tee
        Takes the copies.
    """

    def __init__(self, listen: Endpoint, upstream: Endpoint, tee: Tee) -> None:
        self._listen = listen
        self.upstream = upstream
        self.tee = tee
        self.connections: dict[int, _Connection] = {}
        self.upstream_failures = 0
        self.accepted = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen and return the port; :class:`PortInUse` when somebody else listens there."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._accept, self._listen.host, self._listen.port, backlog=1024
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(
                    f"cannot listen on {self._listen}: another process uses the port; "
                    "stop it or choose another address with --listen"
                ) from error
            raise InvalidInput(f"cannot listen on {self._listen}: {error}") from error
        return int(self._server.sockets[0].getsockname()[1])

    def _accept(self) -> asyncio.Protocol:
        self.accepted += 1
        return _Connection(self, self.accepted).client

    def upstream_failed(self, error: OSError) -> None:
        """Count a refused or timed-out connection; the first of a row of them is logged."""
        self.upstream_failures += 1
        if self.upstream_failures & (self.upstream_failures - 1) == 0:
            _log.warning(
                "model server cannot be reached, clients are disconnected",
                upstream=str(self.upstream),
                error=str(error) or type(error).__name__,
                failures=self.upstream_failures,
            )

    async def drain(self, seconds: float) -> None:
        """Stop listening, let requests in flight be answered, then close every connection."""
        if self._server is not None:
            self._server.close()
        deadline = time.monotonic() + seconds
        while self.connections and (now := time.monotonic()) < deadline:
            for connection in list(self.connections.values()):
                if connection.idle(now):
                    connection.close()
            await asyncio.sleep(0.05)
        for connection in list(self.connections.values()):
            connection.close(abort=True)
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1.0)
