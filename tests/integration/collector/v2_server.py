"""A small real V2 server: ``y = 2 x`` for one number a row, and two class scores."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from driftline.engine.config import free_port


def build_app(version: str = "7") -> FastAPI:
    """The application; request headers choose how it answers."""
    app = FastAPI()

    @app.get("/v2/health/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.post("/v2/models/{model}/infer")
    async def infer(model: str, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if model == "absent":
            return Response(b'{"error":"unknown model"}', status_code=404)
        asked: dict[str, Any] = orjson.loads(body)
        values: list[float] = asked["inputs"][0]["data"]
        if any(value < 0 for value in values):
            return Response(b'{"error":"negative"}', status_code=400)
        scores = [score for value in values for score in (0.25, 0.75)]
        answer = orjson.dumps(
            {
                "model_name": model,
                "model_version": version,
                "id": asked.get("id", ""),
                "outputs": [
                    {
                        "name": "y",
                        "shape": [len(values), 1],
                        "datatype": "FP32",
                        "data": [2 * v for v in values],
                    },
                    {"name": "scores", "shape": [len(values), 2], "datatype": "FP32", "data": scores},
                ],
            }
        )
        if request.headers.get("x-answer") == "gzip-chunked":

            def pieces() -> Iterator[bytes]:
                packed = gzip.compress(answer)
                for start in range(0, len(packed), 17):
                    yield packed[start : start + 17]

            return StreamingResponse(pieces(), headers={"content-encoding": "gzip"})
        return Response(answer, media_type="application/json")

    return app


class V2Server:
    """Serves :func:`build_app` on a free loopback port from a thread."""

    def __init__(self) -> None:
        self.port = free_port()
        config = uvicorn.Config(
            build_app(), host="127.0.0.1", port=self.port, log_level="warning", http="httptools"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the test server did not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def ask(values: list[float], request_id: str = "") -> bytes:
    """Body of a request for ``values``, one row each."""
    body: dict[str, Any] = {
        "inputs": [{"name": "x", "shape": [len(values), 1], "datatype": "FP32", "data": values}]
    }
    if request_id:
        body["id"] = request_id
    return orjson.dumps(body)
