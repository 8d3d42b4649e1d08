"""Programs of the demo as real processes, with a stand-in for what they talk to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from demo.children import Children
from demo.configuration import new_webhook_secret


class RecordingApi:
    """Takes every request as ``driftline serve`` would and remembers it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.refuse = 0
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.requests.append(("POST", self.path, headers, body))
                status = 200
                if recorder.refuse > 0:
                    recorder.refuse -= 1
                    status = 503
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def bodies(self, path: str) -> list[dict[str, object]]:
        """JSON bodies of the requests to a path, in order."""
        return [orjson.loads(body) for _, asked, _, body in list(self.requests) if asked == path]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def driftline_api() -> Iterator[RecordingApi]:
    api = RecordingApi()
    yield api
    api.close()


@pytest.fixture
def secret() -> str:
    return new_webhook_secret()


@pytest.fixture
def children(tmp_path: Path, secret: str) -> Iterator[Children]:
    with Children(tmp_path / "logs", {"DRIFTLINE_WEBHOOK_SECRET": secret}) as running:
        yield running
