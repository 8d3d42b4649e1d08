"""Callbacks of the HTTP parsers: they build messages and tell the connection about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import httptools

from collector.exchange import BodyBudget, Request, Response

HEADER_BYTES = 64 * 1024
"""Headers beyond this are dropped; the ones that matter here are short."""
_UPGRADE_HEADERS = frozenset({"upgrade", "connection", "http2-settings"})


class Receiver(Protocol):
    """The connection, as the readers see it."""

    @property
    def now(self) -> float: ...

    @property
    def budget(self) -> BodyBudget: ...

    def begin_request(self, request: Request) -> None: ...

    def end_request(self, request: Request) -> None: ...

    def begin_response(self, response: Response) -> bool: ...

    def end_response(self, response: Response) -> None: ...

    def expects_no_body(self) -> bool: ...


class RequestReader:
    """Callbacks of the request parser."""

    def __init__(self, connection: Receiver) -> None:
        self._connection = connection
        self.parser: httptools.HttpRequestParser | None = None
        self._request = Request(0.0)
        self._upgrading = False
        self._header_bytes = 0

    def on_message_begin(self) -> None:
        self._request = Request(self._connection.now)
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        if len(self._request.target) < HEADER_BYTES:
            self._request.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes <= HEADER_BYTES:
            self._request.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self.parser is not None
        self._request.method = self.parser.get_method().decode("latin-1")
        self._upgrading = self.parser.should_upgrade()
        if not self._upgrading:
            self._connection.begin_request(self._request)

    def on_body(self, body: bytes) -> None:
        self._request.add(body, self._connection.budget)

    def on_message_complete(self) -> None:
        if not self._upgrading:
            self._connection.end_request(self._request)

    def head_without_upgrade(self) -> bytes:
        """The request's head as it would be without the offer of an upgrade."""
        request = self._request
        lines = [f"{request.method} {request.target} HTTP/1.1"]
        lines += [
            f"{name}: {value}" for name, value in request.headers.items() if name not in _UPGRADE_HEADERS
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class ResponseReader:
    """Callbacks of the response parser; interim (1xx) responses are passed over."""

    def __init__(self, connection: Receiver) -> None:
        self._connection = connection
        self.status: Callable[[], int] = int
        self._response: Response | None = None
        self._header_bytes = 0
        self._interim = False
        self._open_ended = False
        self.headless = False
        """Parsing stopped at the answer to a HEAD request."""
        self.switches_to = ""
        """The protocol that the last interim answer named."""

    def on_message_begin(self) -> None:
        self._response = Response(self._connection.now)
        self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._response is not None and self._header_bytes <= HEADER_BYTES:
            self._response.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        response = self._response
        assert response is not None
        response.status = self.status()
        self._interim = 100 <= response.status < 200
        self._open_ended = not ({"content-length", "transfer-encoding"} & response.headers.keys())
        if self._interim:
            self.switches_to = response.headers.get("upgrade", "").strip().lower()
            return
        if self._connection.expects_no_body():
            # The parser cannot be told; what follows is found again at the next request.
            self.headless = True
            raise _Stop
        if not self._connection.begin_response(response):
            raise _Stop

    def on_body(self, body: bytes) -> None:
        if self._response is not None:
            self._response.add(body, self._connection.budget)

    def on_message_complete(self) -> None:
        response, self._response = self._response, None
        if response is not None and not self._interim:
            self._connection.end_response(response)

    def end_of_stream(self) -> None:
        """The server closed: completes a response that has no length of its own."""
        response = self._response
        if response is not None and response.status and self._open_ended and not self._interim:
            self.on_message_complete()


class _Stop(Exception):
    """Ends parsing from inside a callback."""
