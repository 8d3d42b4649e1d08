"""HTTP/1.1 in both directions of a tapped connection, and the pairing of requests with responses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import httptools

from collector.exchange import BodyBudget, Exchange, Request, Response
from collector.worker.exchange_sink import ExchangeSink
from collector.worker.readers import RequestReader, ResponseReader

METHODS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ")
PIPELINED = 1000
"""Requests that may wait for their answers; a client that sends more is not followed any further."""


def begins_with_method(chunk: bytes) -> bool:
    """Whether a chunk may begin a request."""
    return chunk.startswith(METHODS)


@dataclass(slots=True)
class _Pair:
    request: Request
    response: Response | None = None


class Http1Connection:
    """Parses both directions of one connection that speaks HTTP/1.1.

    After a gap or a parse error the connection waits for a chunk from the client that begins with an
    HTTP method and follows bytes of the server: there a request begins and nothing is outstanding.

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
        self._pairs: deque[_Pair] = deque()
        self._lost = False
        self._answered = False
        self._opaque = False
        self._last_wanted: Request | None = None
        self._at = 0.0
        self.upgraded: tuple[Request, bytes] | None = None
        """The request that the server answers in HTTP/2 from now on, and what it said in it so far."""
        self._restart()

    def request_bytes(self, at: float, data: bytes) -> None:
        """Bytes from the client at splice time ``at``."""
        if self._opaque:
            return
        if self._lost:
            if not (self._answered and begins_with_method(data)):
                self._answered = False
                return
            self._lost = False
            self._restart()
        self._at = at
        self._feed_request(data)

    def response_bytes(self, at: float, data: bytes) -> None:
        """Bytes from the model server at splice time ``at``."""
        if self._opaque:
            return
        if self._lost:
            self._answered = True
            return
        self._at = at
        try:
            self._response_parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if self._responses.headless:
                self._resynchronise(answered=True)
            else:
                self._lose()

    def gap(self, requests: int, answered: bool, asked: int | None, replied: int | None) -> None:
        """Bytes of about so many requests are missing; the last came from the server if ``answered``."""
        if requests:
            # The first of them is one that was being answered, if any; pipelined ones are lost with it.
            waiting = sum(pair.request.wanted for pair in self._pairs)
            self._sink.missed(self._last_wanted, requests + max(0, waiting - 1))
        self._resynchronise(answered=answered)

    def _resynchronise(self, *, answered: bool) -> None:
        self._forget()
        self._lost = True
        self._answered = answered

    def closed(self, at: float) -> None:
        """The connection ended: a response without a length ends with it, others are cut off."""
        self._at = at
        if not self._opaque and not self._lost:
            self._responses.end_of_stream()
        for pair in self._pairs:
            if pair.request.wanted:
                self._sink.unanswered(pair.request)
        self._forget()

    def begin_request(self, request: Request) -> None:
        """Headers of a request are complete."""
        request.wanted = self._sink.wants(request)
        if request.wanted:
            self._last_wanted = request
        self._pairs.append(_Pair(request))

    def end_request(self, request: Request) -> None:
        """A request is complete; its response may have come before."""
        request.ended_at = self._at
        self._deliver()

    def begin_response(self, response: Response) -> bool:
        """Headers of a final response are complete; ``False`` when nobody asked."""
        pair = next((pair for pair in self._pairs if pair.response is None), None)
        if pair is None:
            return False
        pair.response = response
        response.wanted = pair.request.wanted
        return True

    def end_response(self, response: Response) -> None:
        """A final response is complete."""
        response.ended_at = self._at
        self._deliver()

    def expects_no_body(self) -> bool:
        """Whether the next response answers a HEAD request and so has no body whatever it says."""
        pair = next((pair for pair in self._pairs if pair.response is None), None)
        return pair is not None and pair.request.method == "HEAD"

    @property
    def now(self) -> float:
        """Splice time of the chunk that is being parsed."""
        return self._at

    @property
    def budget(self) -> BodyBudget:
        """Where bodies reserve their bytes."""
        return self._budget

    def _feed_request(self, data: bytes) -> None:
        while data:
            try:
                self._request_parser.feed_data(data)
                if len(self._pairs) > PIPELINED:
                    self._lose()
                return
            except httptools.HttpParserUpgrade as upgrade:
                # The parser skips the body of a request that offers an upgrade (h2c), but the server may
                # decline and answer it; only a 101 settles it. So read it again without the offer.
                data = self._requests.head_without_upgrade() + data[upgrade.args[0] :]
                self._restart_requests()
            except httptools.HttpParserError:
                self._lose()
                return

    def _deliver(self) -> None:
        while self._pairs:
            pair = self._pairs[0]
            request, response = pair.request, pair.response
            if request.ended_at is None or response is None or response.ended_at is None:
                return
            self._pairs.popleft()
            if request.wanted:
                self._sink.exchange(Exchange(request, response))
            request.release(self._budget)
            response.release(self._budget)

    def _upgrade(self, rest: bytes) -> None:
        """The server switches protocols: to HTTP/2, with the request as its first stream, or to another."""
        self._opaque = True
        if self._responses.switches_to == "h2c" and len(self._pairs) == 1:
            self.upgraded = self._pairs.popleft().request, rest
        self._forget()

    def _lose(self) -> None:
        wanted = next((pair.request for pair in self._pairs if pair.request.wanted), None)
        self._sink.unparsable(wanted)
        self._resynchronise(answered=False)

    def _forget(self) -> None:
        for pair in self._pairs:
            pair.request.release(self._budget)
            if pair.response is not None:
                pair.response.release(self._budget)
        self._pairs.clear()

    def _restart(self) -> None:
        self._restart_requests()
        self._responses = ResponseReader(self)
        self._response_parser = httptools.HttpResponseParser(self._responses)
        self._responses.status = self._response_parser.get_status_code

    def _restart_requests(self) -> None:
        self._requests = RequestReader(self)
        self._request_parser = httptools.HttpRequestParser(self._requests)
        self._requests.parser = self._request_parser
