"""What surrounds every request: its id, its log context, its metrics, and the last line of defence."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driftline.logs import get_logger

REQUEST_ID_HEADER = "x-request-id"
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = get_logger(__name__)


def request_id_of(scope: Scope) -> str:
    """The id of the request that ``scope`` belongs to."""
    return str(scope.get("state", {}).get("request_id", ""))


def _route_label(scope: Scope, path: str) -> str:
    """Template of the route that answered, with the prefix it is mounted under: a label of few values."""
    template = getattr(scope.get("route"), "path", None)
    if template is None:
        return str(scope.get("root_path")) or "unmatched"
    filled = template
    for name, value in scope.get("path_params", {}).items():
        filled = filled.replace(f"{{{name}}}", str(value)).replace(f"{{{name}:path}}", str(value))
    return f"{path.removesuffix(filled)}{template}" if path.endswith(filled) else str(template)


class RequestContext:
    """ASGI middleware: gives each request an id, counts it, and answers what nobody else caught.

    Parameters
    ----------
    unexpected
        Builds the answer to an exception that no handler knows.
    registry
        Where requests and their durations are counted.
    """

    def __init__(
        self, app: ASGIApp, unexpected: Callable[[Request], Response], registry: CollectorRegistry
    ) -> None:
        self._app = app
        self._unexpected = unexpected
        self._requests = Counter(
            "driftline_http_requests",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "driftline_http_request_seconds", "Time to answer an HTTP request.", ["route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        received = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = received if _ACCEPTED_ID.fullmatch(received) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:  # the boundary of the process: the caller gets an answer, the log the detail
                _log.exception("request failed unexpectedly", method=request.method, path=request.url.path)
                if status:
                    raise  # the answer has begun; the server must break the connection
                await self._unexpected(request)(scope, receive, send_with_id)
        route = _route_label(scope, scope["path"])
        self._requests.labels(request.method, route, str(status)).inc()
        self._seconds.labels(route).observe(time.perf_counter() - started)
