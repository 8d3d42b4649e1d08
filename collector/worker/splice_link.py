"""The worker's end of the socket pair: frames from the splice, parsed connection by connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import orjson

from collector.exchange import BodyBudget
from collector.frames import Frame, FrameKind, FrameReader, unpack_gap
from collector.worker.connection import TappedConnection
from collector.worker.pipeline import Pipeline
from driftline.logs import get_logger

_log = get_logger(__name__)


class SplicedConnections:
    """Every connection that the splice copies, each with a parser of its own."""

    def __init__(self, pipeline: Pipeline, budget: BodyBudget) -> None:
        self._pipeline = pipeline
        self._budget = budget
        self._connections: dict[int, TappedConnection] = {}
        self.splice_stats: dict[str, int] = {}
        """What the splice last said of itself."""

    def handle(self, frame: Frame) -> None:
        """Take one frame; a connection whose traffic trips a fault of ours is left alone from then on."""
        try:
            self._handle(frame)
        # The boundary between the traffic of strangers and the worker: it must outlive any of it.
        except Exception:  # noqa: BLE001
            _log.exception("a tapped connection could not be handled", connection=frame.connection)
            connection = self._connections[frame.connection] = self._new()
            connection.gap(0, answered=False)

    def _new(self) -> TappedConnection:
        return TappedConnection(self._pipeline, self._budget)

    def _handle(self, frame: Frame) -> None:
        if frame.kind is FrameKind.STATS:
            self.splice_stats = orjson.loads(frame.payload)
            return
        if frame.kind is FrameKind.CLOSED:
            connection = self._connections.pop(frame.connection, None)
            if connection is not None:
                connection.closed(frame.at)
            return
        connection = self._connections.get(frame.connection)
        if connection is None:
            connection = self._connections[frame.connection] = self._new()
        if frame.kind is FrameKind.REQUEST_BYTES:
            connection.request_bytes(frame.at, frame.payload)
        elif frame.kind is FrameKind.RESPONSE_BYTES:
            connection.response_bytes(frame.at, frame.payload)
        elif frame.kind is FrameKind.GAP:
            gap = unpack_gap(frame.payload)
            connection.gap(gap.requests, answered=gap.answered, asked=gap.asked, replied=gap.replied)


class LinkReader(asyncio.Protocol):
    """Cuts the stream into frames and hands them on; ``closed`` is set when the splice is gone."""

    def __init__(self, on_frame: Callable[[Frame], None]) -> None:
        self._reader = FrameReader()
        self._on_frame = on_frame
        self.closed = asyncio.Event()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.WriteTransport, transport)

    def say(self, line: str) -> None:
        """The one thing the worker says to the splice: that a tap cannot listen."""
        if self._transport is not None:
            self._transport.write(" ".join(line.split()).encode() + b"\n")

    def data_received(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._on_frame(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
