"""One connection of an in-process client: its frames, bounded, as exchanges."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, cast, get_args
from urllib.parse import quote

import orjson

from collector.exchange import MESSAGE_BYTES, BodyBudget, Exchange, Identity, Request, Response
from collector.reasons import DropReason
from collector.taps.sink import TapSink
from driftline.client.frames import LENGTHS, TAKEN
from driftline.logs import get_logger

_log = get_logger(__name__)

HEAD_BYTES = 256 * 1024
FRAME_SECONDS = 30.0
"""From the first byte of a frame to its last."""
UNREAD_BYTES = 64 * 1024
"""Confirmations that a client may leave unread; later ones say the same and more."""
_DROP_REASONS = frozenset(get_args(DropReason))
_TRUSTED_ROWS = 1_000_000_000


class ClientConnection(asyncio.Protocol):
    """Takes frames and confirms how many.

    A frame whose bodies find no room is read past and counted; one that is none ends the connection.
    """

    def __init__(
        self, sink: TapSink, budget: BodyBudget, connections: set[ClientConnection], limit: int
    ) -> None:
        self._sink = sink
        self._budget = budget
        self._connections = connections
        self._limit = limit
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._lengths: tuple[int, int, int] | None = None
        self._reserved = 0
        self._to_skip = 0
        self._taken = 0
        self._frame_began_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        if len(self._connections) > self._limit:
            _log.warning("too many clients are connected", limit=self._limit)
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        self._connections.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        before = self._taken
        self._buffer += data
        try:
            while self._take_frame():
                self._taken += 1
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._sink.lost(Identity(), 1, "malformed_event", "client")
            _log.warning("a client sent what is no frame and is disconnected", error=str(error))
            self.close()
            return
        began = self._lengths is not None or self._to_skip or self._buffer
        if not began:
            self._frame_began_at = None
        elif self._frame_began_at is None or self._taken > before:
            self._frame_began_at = time.monotonic()
        transport = self._transport
        if self._taken > before and transport and transport.get_write_buffer_size() < UNREAD_BYTES:
            transport.write(TAKEN.pack(self._taken))

    def check(self, now: float) -> None:
        """End the connection when a frame takes too long."""
        if self._frame_began_at is not None and now - self._frame_began_at > FRAME_SECONDS:
            self._sink.lost(Identity(), 1, "malformed_event", "client")
            self.close()

    def close(self) -> None:
        """Close; what is not a whole frame yet is dropped."""
        if self._transport is not None:
            self._transport.abort()

    def _take_frame(self) -> bool:
        """Whether a frame was complete and is dealt with."""
        buffer = self._buffer
        if self._to_skip:
            skipped = min(self._to_skip, len(buffer))
            del buffer[:skipped]
            self._to_skip -= skipped
            return self._to_skip == 0
        if self._lengths is None:
            if len(buffer) < LENGTHS.size:
                return False
            lengths = cast(tuple[int, int, int], LENGTHS.unpack_from(buffer))
            if lengths[0] > HEAD_BYTES or max(lengths[1:]) > MESSAGE_BYTES:
                raise ValueError(f"lengths {lengths}")
            self._lengths = lengths
        head_length, *body_lengths = self._lengths
        head_end = LENGTHS.size + head_length
        if len(buffer) < head_end:
            return False
        bodies = sum(body_lengths)
        if not self._reserved and bodies:
            if not self._budget.take(bodies):
                self._skip(head_end, bodies)
                return self._to_skip == 0
            self._reserved = bodies
        if len(buffer) < head_end + bodies:
            return False
        head = orjson.loads(memoryview(buffer)[LENGTHS.size : head_end])
        request_end = head_end + body_lengths[0]
        request = bytes(memoryview(buffer)[head_end:request_end])
        response = bytes(memoryview(buffer)[request_end : head_end + bodies])
        del buffer[: head_end + bodies]
        self._release()
        self._deliver(head, request, response)
        return True

    def _skip(self, head_end: int, bodies: int) -> None:
        """Count a frame by its head and read past it."""
        head = orjson.loads(memoryview(self._buffer)[LENGTHS.size : head_end])
        self._sink.lost(_identity(head), 1, "tap_overflow", "client")
        del self._buffer[:head_end]
        self._lengths = None
        skipped = min(bodies, len(self._buffer))
        del self._buffer[:skipped]
        self._to_skip = bodies - skipped

    def _release(self) -> None:
        self._budget.give_back(self._reserved)
        self._reserved = 0
        self._lengths = None

    def _deliver(self, head: dict[str, Any], request: bytes, response: bytes) -> None:
        if "lost" in head:
            for loss in head["lost"]:
                known = loss["reason"] in _DROP_REASONS
                reason = cast(DropReason, loss["reason"]) if known else "client_overflow"
                identity = Identity(
                    model=str(loss["model"]), version=str(loss["version"]), instance=str(head["instance"])
                )
                self._sink.lost(identity, min(max(0, int(loss["rows"])), _TRUSTED_ROWS), reason, "client")
            return
        identity = _identity(head)
        if not identity.model:
            self._sink.lost(identity, 1, "malformed_event", "client")
            return
        self._sink.exchange(
            Exchange(
                _request(head, request, identity),
                _response(head, response),
                tap="client",
                identity=identity,
                at=_number(head.get("at")),
                took_ms=_number(head.get("took_ms")),
            )
        )


def _identity(head: dict[str, Any]) -> Identity:
    return Identity(
        model=str(head.get("model", "")),
        version=str(head.get("version", "")),
        instance=str(head.get("instance", "")),
        event_id=str(head.get("event_id", "")),
        trace_id=str(head.get("trace_id", "")),
    )


def _request(head: dict[str, Any], body: bytes, identity: Identity) -> Request | None:
    if not body:
        return None
    now = time.monotonic()
    return Request(
        now,
        _headers(head["request_json"]),
        [body],
        len(body),
        wanted=True,
        ended_at=now,
        method="POST",
        target=f"/v2/models/{quote(identity.model, safe='')}/infer",
    )


def _response(head: dict[str, Any], body: bytes) -> Response | None:
    failed = head["status"] != "ok"
    if not body and not failed:
        return None
    now = time.monotonic()
    return Response(
        now,
        _headers(head["response_json"]) if body else {},
        [body] if body else [],
        len(body),
        wanted=True,
        ended_at=now,
        status=500 if failed else 200,
    )


def _headers(json_length: int) -> dict[str, str]:
    return {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(int(json_length)),
    }


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else math.nan
