"""A target of hooks on loopback: a real HTTP server around a stand-in that behaves as the reference says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

SLOW_SECONDS = 0.4


@dataclass(frozen=True)
class Call:
    """A request as it arrived; ``path`` is decoded segment by segment."""

    method: str
    raw_path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def path(self) -> list[str]:
        return [unquote(part) for part in self.raw_path.strip("/").split("/")]

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What is answered; a text is sent as it is, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class StandIn(Protocol):
    """A target without its HTTP server."""

    trigger_path: str
    """What the path of the call that starts a run ends with."""

    def answer(self, call: Call) -> Answer: ...


Acted = Literal["lost", "slow"]
"""The target acts, then its reply is lost, or comes too late."""


@dataclass
class TargetServer:
    """A running target.

    Attributes
    ----------
    trigger_fault, reading_fault
        What befalls the next call that starts a run, or the next GET. An :class:`Answer` with ``acts`` false
        is given instead of acting.
    """

    url: str
    calls: list[Call] = field(default_factory=list)
    trigger_fault: Acted | Answer | None = None
    acts: bool = False
    reading_fault: Answer | None = None

    def triggers(self, stand_in: StandIn) -> list[Call]:
        """The calls that were to start a run."""
        return [call for call in self.calls if _starts(call, stand_in)]


def _starts(call: Call, stand_in: StandIn) -> bool:
    return call.method == "POST" and call.raw_path.endswith(stand_in.trigger_path)


@contextmanager
def target_server(stand_in: StandIn) -> Iterator[TargetServer]:
    """Serve a stand-in until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else the body waits 40 ms for the headers to be acknowledged.
        disable_nagle_algorithm = True

        def take(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), headers, raw)
            server.calls.append(call)
            fault: Acted | Answer | None = None
            if _starts(call, stand_in):
                fault, server.trigger_fault = server.trigger_fault, None
            elif call.method == "GET":
                fault, server.reading_fault = server.reading_fault, None
            if isinstance(fault, Answer):
                if server.acts:
                    stand_in.answer(call)
                self.reply(fault)
                return
            answer = stand_in.answer(call)
            if fault == "lost":
                self.close_connection = True
                return
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            self.reply(answer)

        do_GET = do_POST = do_PUT = do_PATCH = take  # noqa: N815

        def reply(self, answer: Answer) -> None:
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                raw = answer.raw
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
            except OSError:
                # The caller has gone, as it does when it is answered too late.
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            return

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.block_on_close = False
    server = TargetServer(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
