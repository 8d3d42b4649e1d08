"""Sockets to listen on: every address of a host name, or a unix socket that may have been left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat

from collector.endpoint import Endpoint
from driftline.errors import InvalidInput, PortInUse

UNIX_MODE = 0o660
"""Who may connect to a unix socket: its owner and group."""
_PROBE_SECONDS = 1.0
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bound_sockets(endpoint: Endpoint) -> list[socket.socket]:
    """Bind every address that ``endpoint`` names (``localhost`` is often two of them).

    Returns
    -------
    Sockets that are bound and do not listen yet. All have the same port, also when that is chosen here
    because the endpoint's is 0.

    Raises
    ------
    PortInUse
        Somebody else listens there.
    InvalidInput
        The address cannot be used: an unknown host, a missing folder, no permission.
    """
    try:
        return [_unix(endpoint.path)] if endpoint.path else _tcp(endpoint.host, endpoint.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"cannot listen on {endpoint}: another process uses the "
                f"{'path' if endpoint.path else 'port'}; stop it or choose another address"
            ) from error
        raise InvalidInput(f"cannot listen on {endpoint}: {error}") from error


def inode(path: str) -> int:
    """Which file a path is at the moment, 0 for none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def remove_socket_file(path: str, bound_as: int) -> None:
    """Remove the file of a unix socket, unless somebody has put another in its place."""
    if inode(path) == bound_as:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _tcp(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, address in addresses:
            try:
                sockets.append(_tcp_socket(family, (address[0], port, *address[2:])))
            except OSError as error:
                # A name may have an address that this machine lacks, as where IPv6 is switched off.
                if error.errno not in _NO_SUCH_ADDRESS:
                    raise
                absent = error
            else:
                port = int(sockets[-1].getsockname()[1])
    except OSError:
        for bound in sockets:
            bound.close()
        raise
    if not sockets:
        raise absent or OSError(errno.EADDRNOTAVAIL, "the name has no address")
    return sockets


def _tcp_socket(family: int, address: tuple[str | int, ...]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _unix(path: str) -> socket.socket:
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(path)
        # Nobody can connect before it listens, so there is no moment with wider permissions.
        os.chmod(path, UNIX_MODE)
    except OSError:
        bound.close()
        raise
    return bound


def _remove_stale(path: str) -> None:
    """Remove a socket that nobody listens on; anything else is left, and binding will fail."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            return
