"""Clients of a model server that cost as little as Python allows: bytes made once, answers barely read."""

from __future__ import annotations

import asyncio
import json
import random
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import uvloop
from hpack import Encoder
from tritonclient.grpc import service_pb2

T = TypeVar("T")

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME = struct.Struct("!BHBBI")
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_WIDE = 1 << 30


@dataclass
class Outcome:
    """What came of some requests: seconds that each took, and why some failed."""

    took: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Dialogue(Protocol):
    """One connection's side of the conversation."""

    def opening(self) -> bytes:
        """What is said first."""

    def ask(self) -> bytes:
        """The next request."""

    def hear(self, data: bytes) -> tuple[str | None, bytes]:
        """Take bytes of the server.

        Returns
        -------
        ``None`` while the answer is not complete, empty when it is and right, else what is wrong with it;
        and what has to be said at once.
        """


class JsonDialogue:
    """V2 JSON over HTTP/1.1."""

    def __init__(self, model: str, values: int) -> None:
        body = json_body(values)
        head = f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: triton\r\nContent-Type: application/json\r\n"
        self._request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        self._answer = b""
        self._size = 0

    def opening(self) -> bytes:
        return b""

    def ask(self) -> bytes:
        self._answer, self._size = b"", 0
        return self._request

    def hear(self, data: bytes) -> tuple[str | None, bytes]:
        self._answer += data
        if not self._size:
            end = self._answer.find(b"\r\n\r\n")
            if end < 0:
                return None, b""
            at = self._answer.lower().find(b"content-length: ", 0, end) + 16
            self._size = end + 4 + int(self._answer[at : self._answer.find(b"\r", at)])
        if len(self._answer) < self._size:
            return None, b""
        if len(self._answer) > self._size:
            return "more than an answer", b""
        return "" if self._answer.startswith(b"HTTP/1.1 200 ") else self._answer[:20].decode("latin-1"), b""


class GrpcDialogue:
    """ModelInfer over HTTP/2, without header compression state and with windows that never close."""

    def __init__(self, model: str, values: int) -> None:
        message = service_pb2.ModelInferRequest(model_name=model)
        message.inputs.add(name="x", datatype="FP32", shape=[1, values])
        message.raw_input_contents.append(struct.pack(f"<{values}f", *_numbers(values)))
        packed = message.SerializeToString()
        encoder = Encoder()
        encoder.header_table_size = 0
        headers = [
            (":method", "POST"), (":scheme", "http"), (":authority", "triton"),
            (":path", "/inference.GRPCInferenceService/ModelInfer"),
            ("te", "trailers"), ("content-type", "application/grpc"),
        ]  # fmt: skip
        self._first_block = encoder.encode(headers)
        self._block = encoder.encode(headers)
        self._data = b"\0" + struct.pack("!I", len(packed)) + packed
        self._stream = -1
        self._rest = b""
        self._body = 0

    def opening(self) -> bytes:
        self._stream, self._rest = -1, b""
        settings = struct.pack("!HI", 4, _WIDE)  # initial window
        return PREFACE + frame(_SETTINGS, 0, 0, settings) + frame(8, 0, 0, struct.pack("!I", _WIDE))

    def ask(self) -> bytes:
        block = self._first_block if self._stream < 0 else self._block
        self._stream += 2
        self._body = 0
        return frame(_HEADERS, 4, self._stream, block) + frame(_DATA, 1, self._stream, self._data)

    def hear(self, data: bytes) -> tuple[str | None, bytes]:
        data = self._rest + data
        at, say, verdict = 0, b"", None
        while at + 9 <= len(data):
            high, low, kind, flags, stream = FRAME.unpack_from(data, at)
            length = high << 16 | low
            if at + 9 + length > len(data):
                break
            payload = data[at + 9 : at + 9 + length]
            at += 9 + length
            if kind == _PING and not flags:
                say += frame(_PING, 1, 0, payload)
            elif kind == _SETTINGS and not flags:
                say += frame(_SETTINGS, 1, 0, b"")
            elif kind == _DATA:
                self._body += length
            elif kind in (_RESET, _GOAWAY):
                verdict = f"frame of type {kind}"
            elif kind == _HEADERS and flags & 1 and stream == self._stream:
                verdict = "" if self._body > 5 else "no message"
        self._rest = data[at:]
        return verdict, say


class Load:
    """Sends requests over several connections, each one after the other.

    Parameters
    ----------
    make
        Makes the dialogue of a connection.
    port
        Of the server.
    connections
        How many there are; they stay open until the block ends.
    """

    def __init__(self, make: Callable[[], Dialogue], port: int, connections: int) -> None:
        self._make = make
        self._port = port
        self._count = connections
        self._clients: list[_Client] = []
        self._loop = uvloop.new_event_loop()
        # A thread of its own: the caller's may have a loop that runs, and its signals stay its own.
        self._thread = threading.Thread(target=self._loop.run_forever, name="load", daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        self.send(self._count * 5)  # connected and warm
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, requests: int) -> Outcome:
        """Send as many requests and wait for their answers; a broken connection is made anew."""
        return self._run(self._send(requests))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _hang_up(self) -> None:
        for client in self._clients:
            client.close()
        await asyncio.sleep(0.05)

    async def _send(self, requests: int) -> Outcome:
        outcome = Outcome()
        left = [requests]
        while len(self._clients) < self._count:
            self._clients.append(_Client(self._make()))
        await asyncio.gather(*(self._drive(client, left, outcome) for client in self._clients))
        return outcome

    async def _drive(self, client: _Client, left: list[int], outcome: Outcome) -> None:
        while left[0] > 0:
            if client.transport is None:
                try:
                    await self._loop.create_connection(lambda: client, "127.0.0.1", self._port)
                except OSError as error:
                    left[0] -= 1
                    outcome.failures.append(f"connect: {error}")
                    await asyncio.sleep(0.01 * random.random())
                    continue
            await client.work(left, outcome)


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self.transport: asyncio.Transport | None = None
        self._left = [0]
        self._outcome = Outcome()
        self._idle: asyncio.Future[None] | None = None
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._dialogue.opening())

    def close(self) -> None:
        """End the connection."""
        if self.transport is not None:
            self.transport.close()

    async def work(self, left: list[int], outcome: Outcome) -> None:
        """Send requests until none are left or the connection breaks."""
        self._left, self._outcome = left, outcome
        self._idle = asyncio.get_running_loop().create_future()
        self._next()
        await self._idle

    def data_received(self, data: bytes) -> None:
        verdict, say = self._dialogue.hear(data)
        if say and self.transport is not None:
            self.transport.write(say)
        if verdict is None:
            return
        if verdict:
            self._outcome.failures.append(verdict)
        else:
            self._outcome.took.append(time.perf_counter() - self._began)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._idle is not None and not self._idle.done():
            self._outcome.failures.append(f"connection lost: {exc}")
            self._idle.set_result(None)

    def _next(self) -> None:
        assert self._idle is not None
        if self._left[0] <= 0 or self.transport is None:
            if not self._idle.done():
                self._idle.set_result(None)
            return
        self._left[0] -= 1
        self._began = time.perf_counter()
        self.transport.write(self._dialogue.ask())


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """An HTTP/2 frame."""
    return FRAME.pack(len(payload) >> 16, len(payload) & 0xFFFF, kind, flags, stream) + payload


def json_body(values: int) -> bytes:
    """A V2 request for one row of as many numbers."""
    tensor = {"name": "x", "shape": [1, values], "datatype": "FP32", "data": _numbers(values)}
    return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()


def _numbers(count: int) -> list[float]:
    dice = random.Random(7)
    return [round(dice.random(), 5) for _ in range(count)]
