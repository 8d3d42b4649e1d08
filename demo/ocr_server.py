"""The model server: ``python -m demo.ocr_server --repository DIR --port N``, V2 over HTTP."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from demo.digits import MODEL
from demo.protocol import answer_body, model_metadata, parse_infer
from demo.repository import ModelRepository, ModelVersion
from driftline.errors import DriftlineError, InvalidInput, NotFound
from driftline.logs import configure_logs, get_logger

MAX_BODY_BYTES = 1 << 20
_log = get_logger(__name__)


class ServedModel:
    """The version in use; replacing it never disturbs a request that holds the old one."""

    def __init__(self, repository: ModelRepository) -> None:
        self.repository = repository
        self.version: ModelVersion = repository.load()

    def reload(self) -> ModelVersion:
        """Serve the newest version of the repository; on an error the present one stays."""
        self.version = self.repository.load()
        _log.info("model loaded", model=MODEL, version=self.version.number)
        return self.version


def create_app(repository: ModelRepository) -> FastAPI:
    """The server over a repository with at least one version (else ``NotFound``)."""
    served = ServedModel(repository)
    app = FastAPI(title="Digits OCR", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(DriftlineError)
    async def refuse(_request: Request, error: DriftlineError) -> JSONResponse:
        # V2 answers a wrong request with 400 and one member, error.
        status = 400 if isinstance(error, InvalidInput) else error.http_status
        return JSONResponse({"error": error.message}, status_code=status)

    @app.get("/v2")
    async def server_metadata() -> dict[str, Any]:
        return {"name": "driftline-demo-ocr", "version": "1", "extensions": ["model_repository"]}

    @app.get("/v2/health/live")
    @app.get("/v2/health/ready")
    async def healthy() -> Response:
        return Response()

    @app.get("/v2/models/{model}")
    async def metadata(model: str) -> dict[str, Any]:
        _known(model)
        return dict(model_metadata([served.version.number]))

    @app.get("/v2/models/{model}/ready")
    async def model_ready(model: str) -> Response:
        _known(model)
        return Response()

    @app.post("/v2/models/{model}/infer")
    async def infer(model: str, request: Request) -> Response:
        _known(model)
        inference = parse_infer(await _bounded_body(request))
        version = served.version
        scores = version.classifier.scores(inference.images)
        return Response(
            answer_body(inference.request_id, version.number, scores), media_type="application/json"
        )

    @app.post("/v2/repository/models/{model}/load")
    async def load(model: str) -> dict[str, str]:
        _known(model)
        return {"model_name": MODEL, "model_version": str(served.reload().number)}

    return app


def _known(model: str) -> None:
    if model != MODEL:
        raise NotFound(f"model {model!r} is not served here; {MODEL!r} is")


async def _bounded_body(request: Request) -> bytes:
    parts: list[bytes] = []
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > MAX_BODY_BYTES:
            raise InvalidInput(f"the body is larger than {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo.ocr_server", description=__doc__)
    parser.add_argument("--repository", type=Path, required=True, help="folder with the model's versions")
    parser.add_argument("--port", type=int, required=True, help="loopback port to listen on")
    options = parser.parse_args()
    configure_logs()
    app = create_app(ModelRepository(options.repository))
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
