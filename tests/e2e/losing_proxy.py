"""A reverse proxy that loses requests and replies, as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Loss = Literal["none", "request", "reply", "bad gateway"]
"""What is lost: nothing, the request before the server has it, its reply, or its reply with a 502 instead."""


@dataclass
class LosingProxy:
    """Losses of the next calls whose path begins with ``path``, in turn; then nothing is lost."""

    path: str
    url: str = ""
    losses: list[Loss] = field(default_factory=list)


@contextmanager
def losing_proxy(port: int, path: str) -> Iterator[LosingProxy]:
    """Stand before a server on loopback until the block ends."""
    proxy = LosingProxy(path)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            counts = self.command == "POST" and self.path.startswith(proxy.path) and proxy.losses
            loss: Loss = proxy.losses.pop(0) if counts else "none"
            if loss == "request":
                self.close_connection = True
                return
            server = HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                server.request(self.command, self.path, raw, dict(self.headers.items()))
                answer = server.getresponse()
                body = answer.read()
            finally:
                server.close()
            if loss == "reply":
                self.close_connection = True
                return
            if loss == "bad gateway":
                self.send_response(502)
                body = b"<html>Bad Gateway</html>"
            else:
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in (
                        "content-length",
                        "transfer-encoding",
                        "connection",
                        "date",
                        "server",
                    ):
                        self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            return

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.block_on_close = False
    proxy.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
