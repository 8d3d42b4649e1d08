"""One HTTP/1.1 connection of a logger: bounded in bytes and time, answered as soon as a request is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol, cast

import httptools
import orjson

from collector.exchange import MESSAGE_BYTES, BodyBudget

HEAD_BYTES = 64 * 1024
REQUEST_SECONDS = 30.0
"""From the first byte of a request to its last."""
IDLE_SECONDS = 90.0
"""Between requests; a little longer than Go's HTTP client keeps a connection."""
LINGER_SECONDS = 2.0
"""After a refusal, so that the client reads the answer before the connection is reset."""

_REASONS = {
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class Refused(Exception):
    """A request that is not accepted: the HTTP status, a code, and what was wrong."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Receiver(Protocol):
    """The tap, as its connections see it."""

    @property
    def budget(self) -> BodyBudget: ...

    def opened(self, connection: Connection) -> bool:
        """A client connected; ``False`` when there are too many."""

    def closed(self, connection: Connection) -> None: ...

    def received(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """A request is complete: the body of the answer; raises :class:`Refused`."""

    def refused(self, headers: Mapping[str, str], code: str) -> None:
        """A request was cut off or turned away before it was complete."""


class Connection(asyncio.Protocol):
    """Reads requests and answers each; pipelining and ``Expect: 100-continue`` work."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self._head_bytes = 0
        self._in_head = True
        self._began_at: float | None = None
        self._quiet_since = time.monotonic()
        self._lingers_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        if not self._receiver.opened(self):
            self._refuse(Refused(503, "too_many_connections", "too many connections; try again later"))

    def data_received(self, data: bytes) -> None:
        if self._lingers_since is not None:
            return
        if self._began_at is None:
            self._began_at = time.monotonic()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
            if self._in_head and self._head_bytes > HEAD_BYTES:
                raise Refused(431, "headers_too_large", f"headers beyond {HEAD_BYTES} bytes")
        except Refused as refused:
            self._refuse(refused)
        except httptools.HttpParserUpgrade:
            self._refuse(Refused(400, "malformed_http", "no upgrade is offered here"))
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, Refused):
                raise
            self._refuse(error.__context__)
        except httptools.HttpParserError as error:
            self._refuse(Refused(400, "malformed_http", f"not an HTTP/1.1 request: {error}"))

    def eof_received(self) -> bool:
        if self._began_at is not None and self._lingers_since is None:
            self._receiver.refused(self._headers, "cut_off")
            self._reset()
        return False  # every complete request was answered when it was read

    def connection_lost(self, exc: Exception | None) -> None:
        if self._began_at is not None and self._lingers_since is None:
            self._receiver.refused(self._headers, "cut_off")
        self._reset()
        self._transport = None
        self._receiver.closed(self)

    def pause_writing(self) -> None:
        # A client that does not read its answers gets no more of them.
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def check(self, now: float) -> None:
        """End the connection when it is too slow, idle for too long, or has lingered enough."""
        if self._transport is None:
            return
        if self._lingers_since is not None:
            if now - self._lingers_since > LINGER_SECONDS:
                self._transport.abort()
        elif self._began_at is None:
            if now - self._quiet_since > IDLE_SECONDS:
                self._transport.close()
        elif now - self._began_at > REQUEST_SECONDS:
            self._refuse(Refused(408, "too_slow", f"the request took more than {REQUEST_SECONDS:g} s"))

    def close(self) -> None:
        """Close after what was answered is written."""
        if self._transport is not None:
            self._transport.close()

    # Callbacks of the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        text = value.decode("utf-8", "replace")
        key = name.decode("latin-1").lower()
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        self._in_head = False
        method = self._parser.get_method().decode("latin-1")
        if method != "POST":
            raise Refused(405, "method_not_allowed", f"{method} is not supported: POST CloudEvents here")
        length = self._headers.get("content-length", "0")
        if length.isdecimal() and int(length) > MESSAGE_BYTES:
            raise _too_large()
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._size + len(body) > MESSAGE_BYTES:
            raise _too_large()
        if not self._receiver.budget.take(len(body)):
            raise Refused(503, "busy", "too many bytes are under way; try again later")
        self._size += len(body)
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        headers = self._headers
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._reset()
        try:
            answer, status = self._receiver.received(headers, body), 200
        except Refused as refused:
            answer, status = _error(refused), refused.status
        keep = self._parser.should_keep_alive()
        self._answer(status, answer, close=not keep)
        if not keep:
            self._linger()

    def _reset(self) -> None:
        self._receiver.budget.give_back(self._size)
        self._headers = {}
        self._chunks = []
        self._size = 0
        self._head_bytes = 0
        self._in_head = True
        self._began_at = None
        self._quiet_since = time.monotonic()

    def _refuse(self, refused: Refused) -> None:
        if self._lingers_since is not None:
            return  # more bytes after the last answer
        self._receiver.refused(self._headers, refused.code)
        self._reset()
        self._answer(refused.status, _error(refused), close=True)
        self._linger()

    def _answer(self, status: int, body: bytes, *, close: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Length: {len(body)}\r\n"
        if body:
            head += "Content-Type: application/json\r\n"
        if status == 405:
            head += "Allow: POST\r\n"
        if close:
            head += "Connection: close\r\n"
        self._transport.write(f"{head}\r\n".encode() + body)

    def _linger(self) -> None:
        self._lingers_since = time.monotonic()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()


def _too_large() -> Refused:
    return Refused(413, "body_too_large", f"the body has more than {MESSAGE_BYTES} bytes")


def _error(refused: Refused) -> bytes:
    return orjson.dumps({"code": refused.code, "message": str(refused)})
