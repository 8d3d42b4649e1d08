"""One tapped connection: finds out which HTTP it speaks and hands its bytes to the parser for it."""

from __future__ import annotations

from typing import Protocol

from collector.exchange import BodyBudget
from collector.worker.exchange_sink import ExchangeSink
from collector.worker.http1 import Http1Connection, begins_with_method
from collector.worker.http2 import PREFACE, Http2Connection
from collector.worker.http2_frames import begins_with_frames

EARLY_BYTES = 64 * 1024
"""Most that a server may say before its client said anything (HTTP/2 servers send their settings)."""


class Parser(Protocol):
    """Either HTTP, in both directions."""

    def request_bytes(self, at: float, data: bytes) -> None: ...

    def response_bytes(self, at: float, data: bytes) -> None: ...

    def gap(self, requests: int, answered: bool, asked: int | None, replied: int | None) -> None: ...

    def closed(self, at: float) -> None: ...


class TappedConnection:
    """Yields the exchanges of one connection.

    A connection that begins with the preface of HTTP/2 speaks that, any other HTTP/1.1. One that is seen
    from the middle, because what was before was not copied, is decided by the first chunk of its client
    that begins with a method or with frames that open a stream.

    Parameters
    ----------
    sink
        Takes complete exchanges and faults.
    budget
        Bound of the bodies that all connections hold.
    """

    def __init__(self, sink: ExchangeSink, budget: BodyBudget) -> None:
        self._sink = sink
        self._budget = budget
        self._parser: Parser | None = None
        self._asked = b""
        """What the client said while it could still be either."""
        self._early: list[tuple[float, bytes]] = []
        self._early_bytes = 0
        self._from_middle = False
        self._answered = False

    def request_bytes(self, at: float, data: bytes) -> None:
        """Bytes from the client at splice time ``at``."""
        if self._parser is None:
            self._decide(at, data)
            return
        self._parser.request_bytes(at, data)

    def response_bytes(self, at: float, data: bytes) -> None:
        """Bytes from the model server at splice time ``at``."""
        if self._parser is None:
            self._answered = True
            if not self._from_middle and self._early_bytes + len(data) <= EARLY_BYTES:
                self._early.append((at, data))
                self._early_bytes += len(data)
            else:
                self._from_middle = True
                self._early.clear()
            return
        self._parser.response_bytes(at, data)
        if isinstance(self._parser, Http1Connection) and self._parser.upgraded is not None:
            request, rest = self._parser.upgraded
            self._parser = Http2Connection(self._sink, self._budget, upgraded=request)
            self._parser.response_bytes(at, rest)

    def gap(
        self, requests: int, *, answered: bool, asked: int | None = None, replied: int | None = None
    ) -> None:
        """Bytes are missing.

        Parameters
        ----------
        requests
            About as many requests were among them.
        answered
            The last of them came from the server.
        asked, replied
            Number of bytes of client and server; ``None`` when it is not known.
        """
        if self._parser is None:
            self._from_middle, self._answered = True, answered
            self._asked = b""
            self._early.clear()
            if requests:
                self._sink.missed(None, requests)
        else:
            self._parser.gap(requests, answered, asked, replied)

    def closed(self, at: float) -> None:
        """The connection ended."""
        if self._parser is not None:
            self._parser.closed(at)

    def _decide(self, at: float, data: bytes) -> None:
        if self._from_middle:
            if begins_with_frames(data):
                self._parser = Http2Connection(self._sink, self._budget, from_middle=True)
            elif self._answered and begins_with_method(data):
                self._parser = Http1Connection(self._sink, self._budget)
            else:
                self._answered = False
                return
            self._parser.request_bytes(at, data)
            return
        data, self._asked = self._asked + data, b""
        if len(data) < len(PREFACE) and PREFACE.startswith(data):
            self._asked = data
            return
        speaks_http2 = data.startswith(PREFACE)
        self._parser = (Http2Connection if speaks_http2 else Http1Connection)(self._sink, self._budget)
        self._parser.request_bytes(at, data)
        for early_at, early in self._early:
            self._parser.response_bytes(early_at, early)
        self._early.clear()
