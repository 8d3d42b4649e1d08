"""The tap in the path: forwards bytes between client and model server, and offers a copy of each chunk.

Nothing is parsed, added or held back here. A slow reader on one side pauses reading on the other, so
memory is bounded by the write buffers; the copy goes to a tee that never blocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time

from collector.endpoint import Endpoint
from collector.listening import bound_sockets, inode, remove_socket_file
from collector.spliced_connection import Side, SplicedConnection, Tee
from driftline.logs import get_logger

_log = get_logger(__name__)

CONNECT_SECONDS = 5.0
BACKLOG = 1024
RESERVED_FILES = 64
"""File descriptors that are no client's: the worker's link, the log, the listeners."""
MOST_FILES = 1_000_000


class SpliceServer:
    """Listens, and joins every client to a connection of its own to the model server.

    Every client costs two file descriptors. When they are used up, further clients are disconnected at
    once and counted: a client that is told can go elsewhere, one that waits in the backlog cannot.

    Parameters
    ----------
    listen, upstream
        Where clients connect, and where the model server is: TCP addresses or unix sockets.
    tee
        Takes the copies.
    """

    def __init__(self, listen: Endpoint, upstream: Endpoint, tee: Tee) -> None:
        self._listen = listen
        self._upstream = upstream
        self.tee: Tee = _Guarded(tee)
        self.connections: dict[int, SplicedConnection] = {}
        self.upstream_failures = 0
        self.accepted = 0
        self.refused = 0
        self.limit = _connection_limit()
        self._servers: list[asyncio.Server] = []
        self._socket_file = 0

    async def start(self) -> int:
        """Listen on every address of the endpoint and return the port, 0 for a unix socket.

        Raises
        ------
        PortInUse, InvalidInput
            See :func:`collector.listening.bound_sockets`.
        """
        sockets = bound_sockets(self._listen)
        if self._listen.path:
            self._socket_file = inode(self._listen.path)
        loop = asyncio.get_running_loop()
        for bound in sockets:
            if self._listen.path:
                server = await loop.create_unix_server(self._accept, sock=bound, backlog=BACKLOG)
            else:
                server = await loop.create_server(self._accept, sock=bound, backlog=BACKLOG)
            self._servers.append(server)
        return 0 if self._listen.path else int(sockets[0].getsockname()[1])

    async def connect(self, side: Side) -> None:
        """Connect ``side`` to the model server, the first address that answers; raises ``OSError``."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            if self._upstream.path:
                await loop.create_unix_connection(lambda: side, self._upstream.path)
            else:
                await loop.create_connection(lambda: side, self._upstream.host, self._upstream.port)

    def arrived(self, connection: SplicedConnection) -> bool:
        """A client is connected; ``False`` when there is no room for it."""
        if len(self.connections) >= self.limit:
            self.refused += 1
            if _notable(self.refused):
                _log.warning(
                    "too many clients, more are disconnected", limit=self.limit, refused=self.refused
                )
            return False
        self.connections[connection.number] = connection
        return True

    def ended(self, connection: SplicedConnection) -> None:
        """A client's connection is over."""
        if self.connections.pop(connection.number, None) is not None:
            self.tee.closed(connection.number, time.monotonic())

    def upstream_failed(self, error: OSError) -> None:
        """Count a refused or timed-out connection; the first of a row of them is logged."""
        self.upstream_failures += 1
        if _notable(self.upstream_failures):
            _log.warning(
                "model server cannot be reached, clients are disconnected",
                upstream=str(self._upstream),
                error=str(error) or type(error).__name__,
                failures=self.upstream_failures,
            )

    async def drain(self, seconds: float) -> None:
        """Stop listening, let requests in flight be answered, then close every connection.

        A connection is closed once it is quiet (:meth:`SplicedConnection.idle`), all of them after
        ``seconds``.
        """
        for server in self._servers:
            server.close()
        if self._socket_file:
            remove_socket_file(self._listen.path, self._socket_file)
        deadline = time.monotonic() + seconds
        while self.connections and (now := time.monotonic()) < deadline:
            for connection in list(self.connections.values()):
                if connection.idle(now):
                    connection.close()
            await asyncio.sleep(0.05)
        for connection in list(self.connections.values()):
            connection.close(abort=True)
        for server in self._servers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 1.0)

    def _accept(self) -> asyncio.Protocol:
        self.accepted += 1
        return SplicedConnection(self, self.accepted).client


class _Guarded:
    """A tee whose faults stay its own."""

    def __init__(self, tee: Tee) -> None:
        self._tee = tee
        self._faults = 0

    def request_bytes(self, connection: int, at: float, data: bytes) -> None:
        try:
            self._tee.request_bytes(connection, at, data)
        # The boundary between the inference path and everything that watches it.
        except Exception:  # noqa: BLE001
            self._fault()

    def response_bytes(self, connection: int, at: float, data: bytes) -> None:
        try:
            self._tee.response_bytes(connection, at, data)
        # As above.
        except Exception:  # noqa: BLE001
            self._fault()

    def closed(self, connection: int, at: float) -> None:
        try:
            self._tee.closed(connection, at)
        # As above.
        except Exception:  # noqa: BLE001
            self._fault()

    def _fault(self) -> None:
        self._faults += 1
        if _notable(self._faults):
            _log.exception("copies cannot be taken; requests are forwarded all the same", faults=self._faults)


def _notable(count: int) -> bool:
    """Whether the ``count``-th of a kind is worth a line in the log: the first, second, fourth, eighth..."""
    return count & (count - 1) == 0


def _connection_limit() -> int:
    """How many clients the file descriptors suffice for, after taking all that may be had."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    files = MOST_FILES if soft == resource.RLIM_INFINITY else min(soft, MOST_FILES)
    return max(1, (files - RESERVED_FILES) // 2)
