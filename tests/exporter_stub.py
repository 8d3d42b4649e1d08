"""A real HTTP server that answers like an exporter, well or badly."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures" / "node"

HUGE_BYTES = 12 * 2**20
OLD_SECONDS = 3600


def fixture(name: str, now: float | None = None) -> str:
    """A recorded-style text with its times filled in: now, and long ago."""
    moment = time.time() if now is None else now
    text = (FIXTURES / name).read_text(encoding="utf-8")
    return text.replace("@NOW_MS@", str(int(moment * 1000))).replace(
        "@OLD_MS@", str(int((moment - OLD_SECONDS) * 1000))
    )


class ExporterStub:
    """Serves each fixture under its name, and bad answers under ``/bad/...``.

    ``slow`` sends a byte now and then, ``silent`` nothing, ``huge`` 12 MiB, ``redirect``, ``gzip``,
    ``openmetrics``, ``error`` (500), ``binary``, ``empty``, ``truncated`` (less than announced).
    """

    def __init__(self) -> None:
        self.tokens: list[str | None] = []
        self.stopping = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stub.tokens.append(self.headers.get("authorization"))
                try:
                    if self.path.startswith("/bad/"):
                        self.bad(self.path.removeprefix("/bad/"))
                    else:
                        self.text(fixture(self.path.strip("/")).encode())
                except OSError:
                    # The client has had enough: that is what some tests are about.
                    self.close_connection = True

            def text(self, body: bytes, status: int = 200, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"content_type": "text/plain; version=0.0.4", **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def bad(self, way: str) -> None:
                good = fixture("dcgm.prom").encode()
                if way == "slow":
                    self.send_response(200)
                    self.send_header("content-length", str(len(good)))
                    self.end_headers()
                    for byte in good:
                        if stub.stopping.wait(0.05):
                            return
                        self.wfile.write(bytes([byte]))
                elif way == "silent":
                    stub.stopping.wait(30)
                elif way == "huge":
                    self.send_response(200)
                    self.send_header("content-length", str(HUGE_BYTES))
                    self.end_headers()
                    for _ in range(HUGE_BYTES // 65536):
                        self.wfile.write(b"# nothing of use\n" * 3855 + b"\n")
                elif way == "redirect":
                    self.text(b"", 302, location="/dcgm.prom")
                elif way == "gzip":
                    self.text(gzip.compress(bytes(2**20)), content_encoding="gzip")
                elif way == "openmetrics":
                    self.text(good, content_type="application/openmetrics-text; version=1.0.0")
                elif way == "error":
                    self.text(b"out of order", 500)
                elif way == "binary":
                    self.text(bytes(range(256)) * 64)
                elif way == "truncated":
                    self.send_response(200)
                    self.send_header("content-length", str(len(good) + 1000))
                    self.end_headers()
                    self.wfile.write(good)
                    self.close_connection = True
                else:
                    self.text(b"")

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, name: str) -> str:
        """Address of a fixture, or of a bad answer."""
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def exporter_stub() -> Iterator[ExporterStub]:
    """A stub while the block runs."""
    stub = ExporterStub()
    try:
        yield stub
    finally:
        stub.close()
