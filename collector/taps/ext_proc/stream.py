"""One request through Envoy: the messages of its stream, put together to an exchange."""

from __future__ import annotations

import math
import time
from datetime import datetime
from typing import Any

from collector.codecs.routes import find_route
from collector.exchange import BodyBudget, Exchange, Identity, Message, Request, Response
from collector.reasons import DropReason
from collector.taps.ext_proc.messages import attribute, header_pairs
from collector.taps.sink import SelectiveSink

NODE_ATTRIBUTE = "xds.node.id"
TIME_ATTRIBUTE = "request.time"
UPSTREAM_TIME_HEADER = "x-envoy-upstream-service-time"


class StreamedExchange:
    """Takes the messages of one stream, in any interleaving of its two directions.

    Parameters
    ----------
    sink
        Takes the exchange, or what was lost of it.
    budget
        Bound of the bodies that all streams hold.
    """

    def __init__(self, sink: SelectiveSink, budget: BodyBudget) -> None:
        self._sink = sink
        self._budget = budget
        self._request: Request | None = None
        self._response: Response | None = None
        self._instance = ""
        self._at = math.nan

    def take(self, message: Any) -> bool:
        """Take a ``ProcessingRequest``; whether the rest of the stream is of no interest."""
        now = time.monotonic()
        if message.HasField("request_headers"):
            self._release()  # headers that come a second time begin anew
            return self._begin_request(message, now)
        request = self._request
        if request is None:
            return True  # a stream that does not begin with a request: nothing can be made of it
        if message.HasField("request_body"):
            self._add(request, message.request_body, now)
        elif message.HasField("request_trailers"):
            request.ended_at = now
        elif message.HasField("response_headers"):
            if self._response is not None:
                self._response.release(self._budget)
            self._begin_response(message.response_headers, now)
        elif self._response is not None:
            if message.HasField("response_body"):
                self._add(self._response, message.response_body, now)
            elif message.HasField("response_trailers"):
                self._response.headers.update(header_pairs(message.response_trailers.trailers))
                self._response.ended_at = now
        return self._settled(request, self._response)

    @staticmethod
    def _settled(request: Request, response: Response | None) -> bool:
        """Whether more messages would add nothing: both halves are complete, or a body passed its bound."""
        if request.overflowed or (response is not None and response.overflowed):
            return True
        return request.ended_at is not None and response is not None and response.ended_at is not None

    def finish(self) -> None:
        """The stream is over: hand the exchange over, or what there is of it."""
        request, response = self._request, self._response
        if request is None or not request.wanted:
            return
        if request.overflowed or (response is not None and response.overflowed):
            self._lose(request, "body_too_large")
        elif response is not None and response.ended_at is not None:
            self._hand_over(request, response, self._took_ms(response))
        elif request.ended_at is not None:
            self._hand_over(request, None, math.nan)
        else:
            self._lose(request, "no_response")
        self._release()

    def _release(self) -> None:
        for half in (self._request, self._response):
            if half is not None:
                half.release(self._budget)
        self._request = self._response = None

    def refuse(self, message: Any) -> None:
        """Count the request that begins with ``message`` as one too many."""
        self._begin_request(message, time.monotonic())
        if self._request is not None and self._request.wanted:
            self._lose(self._request, "tap_overflow")

    def _begin_request(self, message: Any, now: float) -> bool:
        headers, pseudo = _split(message.request_headers)
        request = Request(now, headers, method=pseudo.get(":method", ""), target=pseudo.get(":path", ""))
        request.wanted = self._sink.wants(request)
        if message.request_headers.end_of_stream:
            request.ended_at = now
        self._request = request
        self._instance = instance_name(attribute(message, NODE_ATTRIBUTE))
        self._at = _epoch_seconds(attribute(message, TIME_ATTRIBUTE))
        return not request.wanted

    def _begin_response(self, part: Any, now: float) -> None:
        headers, pseudo = _split(part)
        status = pseudo.get(":status", "")
        self._response = Response(
            now, headers, wanted=True, status=int(status) if status.isascii() and status.isdigit() else 0
        )
        if part.end_of_stream:
            self._response.ended_at = now

    def _add(self, half: Message, part: Any, now: float) -> None:
        if part.body:
            half.add(part.body, self._budget)
        if part.end_of_stream:
            half.ended_at = now

    def _hand_over(self, request: Request, response: Response | None, took_ms: float) -> None:
        identity = Identity(instance=self._instance)
        self._sink.exchange(Exchange(request, response, "ext_proc", identity, self._at, took_ms))

    def _took_ms(self, response: Response) -> float:
        """Latency as Envoy measured it, from the request's last byte to the response's first.

        Times of arrival here would grow with this process's backlog. Envoy writes whole milliseconds, cut
        off: half a millisecond more is right on average. NaN where Envoy does not tell.
        """
        told = response.headers.get(UPSTREAM_TIME_HEADER, "")
        return int(told) + 0.5 if told.isascii() and told.isdigit() else math.nan

    def _lose(self, request: Request, reason: DropReason) -> None:
        route = find_route(request.method, request.target, request.headers.get("content-type", ""))
        if route is not None:
            identity = Identity(model=route.model, version=route.version, instance=self._instance)
            self._sink.lost(identity, 1, reason, "ext_proc")


def instance_name(node: str) -> str:
    """The model instance that an Envoy node stands beside: Istio's ids name the pod, others are taken whole.

    >>> instance_name("sidecar~10.4.0.9~digits-7d9f-x2x8k.ocr~ocr.svc.cluster.local")
    'digits-7d9f-x2x8k.ocr'
    >>> instance_name("edge-1")
    'edge-1'
    """
    parts = node.split("~")
    return parts[2] if len(parts) == 4 else node


def _split(part: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Headers, and the pseudo-headers that begin with a colon; a repeated header is one with commas."""
    headers: dict[str, str] = {}
    pseudo: dict[str, str] = {}
    for name, value in header_pairs(part.headers):
        into = pseudo if name.startswith(":") else headers
        into[name] = f"{into[name]}, {value}" if name in into else value
    return headers, pseudo


def _epoch_seconds(timestamp: str) -> float:
    try:
        return datetime.fromisoformat(timestamp).timestamp() if timestamp else math.nan
    except (ValueError, OverflowError):
        return math.nan
