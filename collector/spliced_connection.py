"""A client's connection joined with one to the model server: bytes, ends of stream and pressure pass on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import Protocol, cast

WRITE_BUFFER_BYTES = 64 * 1024
"""Above this the other side is not read any further. One read brings 256 KB at most, so a side that does not
take what it is sent costs at most 320 KB, whatever its peer sends."""
QUIET_SECONDS = 0.5
"""While draining, a connection is idle once this long has passed since the server's last byte."""
AFTER_END_SECONDS = 300.0
"""A connection whose server has ended is kept as long for a client that stays, while nothing passes."""
KEEPALIVE_SECONDS = 60
"""A peer that is silent for as long is asked whether it is still there, as its machine may be gone."""
_PROBES, _PROBE_SECONDS = 4, 15
_CONTROL_BYTES = 64
_CONTROL_FRAMES = frozenset({0x04, 0x06, 0x08})
_FRAME_HEADER_BYTES = 9


class Tee(Protocol):
    """Takes copies; every method returns at once and never raises."""

    def request_bytes(self, connection: int, at: float, data: bytes) -> None: ...

    def response_bytes(self, connection: int, at: float, data: bytes) -> None: ...

    def closed(self, connection: int, at: float) -> None: ...


class Owner(Protocol):
    """The server that a connection belongs to."""

    @property
    def tee(self) -> Tee: ...

    async def connect(self, side: Side) -> None: ...

    def arrived(self, connection: SplicedConnection) -> bool: ...

    def ended(self, connection: SplicedConnection) -> None: ...

    def upstream_failed(self, error: OSError) -> None: ...


class Side(asyncio.Protocol):
    """One of the two sockets of a connection."""

    def __init__(self, connection: SplicedConnection, *, client: bool) -> None:
        self._connection = connection
        self._client = client
        self.transport: asyncio.Transport | None = None
        self.peer: Side | None = None
        self.ended = False
        """The remote side sent its end of stream."""
        self.write_full = False
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        _keep_alive(transport.get_extra_info("socket"))
        if self._client:
            self._connection.client_arrived()

    def data_received(self, data: bytes) -> None:
        peer = self.peer
        if peer is None:
            # The model server is still being connected. uvloop ignores a pause before the first byte.
            self._early.append(data)
            if self.transport is not None:
                self.transport.pause_reading()
        elif peer.transport is not None and not peer.transport.is_closing():
            peer.transport.write(data)
        self._connection.copy(data, from_client=self._client)

    def join(self, peer: Side) -> None:
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
        if not self._client:
            self._connection.server_ended()
        return True

    def pause_writing(self) -> None:
        self.write_full = True
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        self.write_full = False
        peer = self.peer
        if peer is not None and peer.transport is not None and not peer.transport.is_closing():
            peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._connection.lost(aborted=exc is not None)


class SplicedConnection:
    """A client's connection and the one to the model server that belongs to it.

    Parameters
    ----------
    owner
        Connects to the model server and takes the copies.
    number
        Names the connection to the tee; never used twice.
    """

    def __init__(self, owner: Owner, number: int) -> None:
        self._owner = owner
        self.number = number
        self.client = Side(self, client=True)
        self.upstream = Side(self, client=False)
        self._connecting: asyncio.Task[None] | None = None
        self._last_said = b""
        """By the client, if it was short."""
        self._last_from_client = False
        self._last_at = time.monotonic()

    def client_arrived(self) -> None:
        """The client is connected: so should the model server be, unless there are too many."""
        if not self._owner.arrived(self):
            self.close(abort=True)
            return
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await self._owner.connect(self.upstream)
        except OSError as error:
            self._owner.upstream_failed(error)
            self.close()
            return
        if self.client.transport is None or self.upstream.transport is None:
            self.close()
            return
        self.upstream.join(self.client)
        self.client.join(self.upstream)

    def copy(self, data: bytes, *, from_client: bool) -> None:
        """Offer bytes that were passed on to the tee."""
        self._last_from_client = from_client
        self._last_at = time.monotonic()
        if from_client:
            self._last_said = data if len(data) <= _CONTROL_BYTES else b""
            self._owner.tee.request_bytes(self.number, self._last_at, data)
        else:
            self._owner.tee.response_bytes(self.number, self._last_at, data)

    def server_ended(self) -> None:
        """The server will say no more; a client that does not notice does not keep both sockets for ever."""

        def close_if_silent() -> None:
            if time.monotonic() - self._last_at >= AFTER_END_SECONDS:
                self.close()
            elif self.client.transport is not None:
                self.server_ended()

        asyncio.get_running_loop().call_later(AFTER_END_SECONDS, close_if_silent)

    def lost(self, *, aborted: bool) -> None:
        """One side is gone: end the other, with what is still to be written unless it was aborted."""
        self.close(abort=aborted)
        if self.client.transport is None:
            self._owner.ended(self)

    def close(self, *, abort: bool = False) -> None:
        """End both sides."""
        for side in (self.client, self.upstream):
            if side.transport is not None:
                if abort:
                    side.transport.abort()
                else:
                    side.transport.close()

    def idle(self, now: float) -> bool:
        """Whether no request seems to be in flight, as far as that can be told from outside.

        Over HTTP/1.1 that is certain: after an answer the server has the last word. Over HTTP/2 open streams
        cannot be seen from here; what a client says after its last answer are acknowledgements, so those do
        not count. An answer that pauses for ``QUIET_SECONDS`` in the middle is taken for a whole one.
        """
        if now - self._last_at < QUIET_SECONDS:
            return False
        return not self._last_from_client or _only_acknowledges(self._last_said)


def _only_acknowledges(chunk: bytes) -> bool:
    """Whether a chunk of a client is nothing but HTTP/2 settings, pings and window updates.

    >>> _only_acknowledges(bytes.fromhex("000004 08 00 00000000 0000ffff 000000 04 01 00000000"))
    True
    >>> _only_acknowledges(b"GET / HTTP/1.1")
    False
    """
    at = 0
    while at + _FRAME_HEADER_BYTES <= len(chunk):
        if chunk[at + 3] not in _CONTROL_FRAMES:
            return False
        at += _FRAME_HEADER_BYTES + int.from_bytes(chunk[at : at + 3])
    return at == len(chunk) > 0


def _keep_alive(sock: socket.socket | None) -> None:
    if sock is None or sock.family == socket.AF_UNIX:
        return
    # uvloop has set TCP_NODELAY. A socket that the other side has already reset refuses every option.
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
