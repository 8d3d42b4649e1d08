"""The collector's end of the in-process client: frames from servers of this machine become exchanges."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import stat
import time
from pathlib import Path

from collector.endpoint import Endpoint
from collector.exchange import BodyBudget
from collector.taps.client_frames import ClientConnection
from collector.taps.sink import TapSink
from driftline.errors import InvalidInput, PortInUse
from driftline.logs import get_logger

_log = get_logger(__name__)

CONNECTIONS = 256
"""Processes of model servers that may be connected at once."""
CHECK_SECONDS = 5.0


class ClientTap:
    """Listens for ``driftline.client``, on a unix socket or a loopback address.

    Parameters
    ----------
    address
        Path of the socket to make, or ``HOST:PORT`` of this machine (port 0 takes a free one).
    sink
        Takes the exchanges.
    mode
        Permissions of the socket: 0o600 for servers of the same user, 0o660 for those of its group.
    budget
        Bound of the bodies that are being received; one of its own when not given.
    """

    def __init__(
        self,
        address: str,
        sink: TapSink,
        *,
        mode: int = 0o600,
        budget: BodyBudget | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self._address = address.removeprefix("unix:")
        self._sink = sink
        self._mode = mode
        self._limit = connections
        self._budget = budget or BodyBudget()
        self._connections: set[ClientConnection] = set()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._inode: tuple[int, int] | None = None

    async def start(self) -> int | Path:
        """Listen and return the port, or the path of the socket.

        Raises
        ------
        PortInUse
            Another process listens there.
        InvalidInput
            The address is not of this machine, or the socket cannot be made.
        """
        sock, where = self._unix_socket() if "/" in self._address else self._tcp_socket()
        sock.setblocking(False)
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=sock, backlog=128)
        self._check()
        return where

    async def stop(self) -> None:
        """Stop listening, close every connection and remove the socket."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1.0)
        if self._inode is not None:
            with contextlib.suppress(OSError):
                # Somebody may have put another in its place.
                if _inode(self._address) == self._inode:
                    os.unlink(self._address)

    def _accept(self) -> asyncio.Protocol:
        return ClientConnection(self._sink, self._budget, self._connections, self._limit)

    def _check(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections):
            connection.check(now)
        self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check)

    def _unix_socket(self) -> tuple[socket.socket, Path]:
        path = Path(self._address)
        self._remove_stale(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made = f"{path}.{os.getpid()}"
        try:
            # Clients find it only when it has its permissions.
            sock.bind(made)
            os.chmod(made, self._mode)
            sock.listen(128)
            os.rename(made, path)
        except OSError as error:
            sock.close()
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise InvalidInput(f"cannot make the socket {path} for clients: {error}") from error
        self._inode = _inode(self._address)
        return sock, path

    def _remove_stale(self, path: Path) -> None:
        """Remove the socket that a collector which was killed has left."""
        try:
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise InvalidInput(f"{path} exists and is no socket: choose another path with --client")
        except FileNotFoundError:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except OSError:
                with contextlib.suppress(OSError):
                    path.unlink()
                return
        raise PortInUse(f"another process listens on {path}: stop it or choose another path with --client")

    def _tcp_socket(self) -> tuple[socket.socket, int]:
        endpoint = Endpoint.parse(self._address)
        host = "127.0.0.1" if endpoint.host == "localhost" else endpoint.host
        try:
            address = ipaddress.ip_address(host)
        except ValueError as error:
            raise InvalidInput(f"{endpoint.host!r} is not an address of this machine") from error
        if not address.is_loopback:
            raise InvalidInput(
                f"clients of other machines are not served: {endpoint} is not a loopback address; "
                "use 127.0.0.1 or a unix socket"
            )
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, endpoint.port))
        except OSError as error:
            sock.close()
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(
                    f"cannot listen on {endpoint} for clients: another process uses the port; "
                    "stop it or choose another address with --client"
                ) from error
            raise InvalidInput(f"cannot listen on {endpoint} for clients: {error}") from error
        return sock, int(sock.getsockname()[1])


def _inode(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino
