"""The gRPC service that Envoy's ``ext_proc`` filter sends copies to.

Needs the extra ``envoy`` (grpcio, protobuf), which costs about 25 MiB of memory: import it only where asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

import grpc
import grpc.aio

from collector.endpoint import Endpoint
from collector.exchange import BodyBudget
from collector.taps.ext_proc.health import health_service
from collector.taps.ext_proc.messages import ProcessingRequest
from collector.taps.ext_proc.stream import StreamedExchange
from collector.taps.sink import SelectiveSink
from driftline.errors import PortInUse
from driftline.logs import get_logger

_log = get_logger(__name__)

METHOD = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
OPEN_STREAMS = 1000
"""Requests that may be in flight at once; more are counted as lost and let go."""
MESSAGE_BYTES = 4 * 1024 * 1024
"""Largest message; Envoy cuts bodies into pieces of at most its buffer limit, 1 MiB unless set."""
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or two collectors would share a port unnoticed
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    # An Envoy that vanished without a word is noticed, and its streams end.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Envoy may check as often that this side lives.
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ("grpc.http2.max_ping_strikes", 0),
)


class ExtProcTap:
    """Listens for Envoy; every stream is one request and its response.

    Parameters
    ----------
    listen
        Where Envoy connects; port 0 takes a free one.
    sink
        Takes the exchanges.
    budget
        Bound of the bodies of all requests in flight; one of its own when not given.
    open_streams
        Bound of the requests in flight.
    """

    def __init__(
        self,
        listen: Endpoint,
        sink: SelectiveSink,
        *,
        budget: BodyBudget | None = None,
        open_streams: int = OPEN_STREAMS,
    ) -> None:
        self._listen = listen
        self._sink = sink
        self._budget = budget or BodyBudget()
        self._open = 0
        self._limit = open_streams
        self._server: grpc.aio.Server | None = None

    async def start(self) -> int:
        """Listen and return the port; :class:`PortInUse` when the address cannot be had."""
        handler: grpc.RpcMethodHandler[Any, None] = grpc.stream_stream_rpc_method_handler(
            self._process, request_deserializer=ProcessingRequest.FromString
        )
        service, _, method = METHOD.strip("/").partition("/")
        server = grpc.aio.server(options=_OPTIONS)
        taps = grpc.method_handlers_generic_handler(service, {method: handler})
        server.add_generic_rpc_handlers((taps, health_service()))
        try:
            port = server.add_insecure_port(str(self._listen))
        except RuntimeError as error:
            raise PortInUse(
                f"cannot listen on {self._listen} for Envoy: another process uses the port; "
                "stop it or choose another address with --ext-proc"
            ) from error
        await server.start()
        self._server = server
        return port

    async def stop(self) -> None:
        """End all streams; what is complete of them is handed over."""
        if self._server is not None:
            await self._server.stop(0.5)
            self._server = None

    async def _process(self, messages: AsyncIterable[Any], _context: object) -> None:
        stream = StreamedExchange(self._sink, self._budget)
        if self._open >= self._limit:
            async for message in messages:
                stream.refuse(message)
                return
        self._open += 1
        try:
            # Returning ends the stream; otherwise Envoy holds it open for seconds after the response.
            async for message in messages:
                if stream.take(message):
                    return
        finally:  # also when Envoy resets the stream, because a client or the model server went away
            self._open -= 1
            stream.finish()
