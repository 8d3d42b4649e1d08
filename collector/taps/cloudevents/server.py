"""The CloudEvents tap: an HTTP endpoint that inference loggers post to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections import Counter
from collections.abc import Mapping

import orjson

from collector.endpoint import Endpoint
from collector.exchange import NOBODY, BodyBudget, Identity, Message
from collector.reasons import DropReason, Undecodable
from collector.taps.cloudevents.connection import Connection, Refused
from collector.taps.cloudevents.event import (
    BadEvent,
    Event,
    binary_event,
    is_binary_mode,
    structured_events,
)
from collector.taps.cloudevents.half import half_of, identity_of, kind_of
from collector.taps.cloudevents.pairing import WAIT_SECONDS, Pairing
from collector.taps.sink import TapSink
from driftline.errors import InvalidInput, PortInUse
from driftline.logs import get_logger

_log = get_logger(__name__)

CONNECTIONS = 1000
CHECK_SECONDS = 1.0
_NAMED_FAULTS = 20
_REASONS: dict[str, DropReason] = {
    "body_too_large": "body_too_large",
    "busy": "tap_overflow",
    "too_many_connections": "tap_overflow",
}


class CloudEventsTap:
    """Takes events in all three modes and on any path, answers at once, and pairs them in memory.

    The answer to an accepted event is 200 and not 202: KServe's agent logs any other status as an error.

    Parameters
    ----------
    listen
        Where loggers post to; port 0 takes a free one.
    sink
        Takes the exchanges.
    wait_seconds
        Time a request waits for its response before it is handed over without one.
    budget
        Bound of the bodies that are being received; one of its own when not given.

    Attributes
    ----------
    counts
        Events since the start by fate: ``accepted``, ``ignored`` (well-formed, but no inference), or the code
        of the refusal. What became of the accepted ones is counted by ``pairing.counts``.
    """

    def __init__(
        self,
        listen: Endpoint,
        sink: TapSink,
        *,
        wait_seconds: float = WAIT_SECONDS,
        budget: BodyBudget | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self._listen = listen
        self._sink = sink
        self._limit = connections
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.budget = budget or BodyBudget()
        self.pairing = Pairing(sink.exchange, wait_seconds=wait_seconds)
        self.counts: Counter[str] = Counter()

    async def start(self) -> int:
        """Listen and return the port; :class:`PortInUse` when somebody else listens there."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self), self._listen.host, self._listen.port, backlog=1024
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(
                    f"cannot listen on {self._listen} for CloudEvents: another process uses the port; "
                    "stop it or choose another address with --cloudevents"
                ) from error
            raise InvalidInput(f"cannot listen on {self._listen} for CloudEvents: {error}") from error
        self._check()
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, close every connection, and hand over the halves that wait."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1.0)
        self.pairing.flush()

    def opened(self, connection: Connection) -> bool:
        """Whether there is room for one more connection."""
        self._connections.add(connection)
        return len(self._connections) <= self._limit

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def received(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Take the event or events of a request; raises :class:`Refused` when none of them is sound."""
        try:
            if is_binary_mode(headers):
                self._accept(binary_event(headers, body))
                return b""
            data = Message(0.0, dict(headers), [body]).body()
            events = structured_events(headers["content-type"], data)
        except BadEvent as error:
            raise self._bad(error, headers) from error
        except Undecodable as error:
            raise self._bad(BadEvent(f"{error.reason}: {error}"), headers) from error
        return self._accept_all(events)

    def refused(self, headers: Mapping[str, str], code: str) -> None:
        """Count a request that did not get as far as :meth:`received`."""
        self._lose(headers, code)

    def _accept_all(self, events: list[Event | BadEvent]) -> bytes:
        faults: list[dict[str, object]] = []
        bad = 0
        for index, event in enumerate(events):
            try:
                if isinstance(event, BadEvent):
                    raise event
                self._accept(event)
            except BadEvent as error:
                bad += 1
                self._lose({}, "malformed_event")
                if len(faults) < _NAMED_FAULTS:
                    faults.append({"index": index, "message": str(error)})
        if bad and bad == len(events):
            raise Refused(400, "malformed_event", f"no event is sound; the first: {faults[0]['message']}")
        if not faults:
            return b""
        return orjson.dumps({"accepted": len(events) - bad, "refused": bad, "faults": faults})

    def _accept(self, event: Event) -> None:
        kind = kind_of(event)
        if kind is None:
            self.counts["ignored"] += 1
            return
        self.pairing.add(half_of(event, kind))
        self.counts["accepted"] += 1

    def _bad(self, error: BadEvent, headers: Mapping[str, str]) -> Refused:
        self._lose(headers, "malformed_event")
        return Refused(400, "malformed_event", str(error))

    def _lose(self, headers: Mapping[str, str], code: str) -> None:
        self.counts[code] += 1
        if self.counts[code] & (self.counts[code] - 1) == 0:
            _log.warning("CloudEvents request refused", code=code, times=self.counts[code])
        if code != "method_not_allowed":  # a probe, not an event
            self._sink.lost(_identity(headers), 1, _REASONS.get(code, "malformed_event"), "cloudevents")

    def _check(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections):
            connection.check(now)
        self.pairing.expire(now)
        self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check)


def _identity(headers: Mapping[str, str]) -> Identity:
    """Whose event a refused request was, if its headers tell."""
    if not headers:
        return NOBODY
    return identity_of(
        Event({name[3:]: value for name, value in headers.items() if name[:3] == "ce-"}, b"", {})
    )
