"""MLServer with one model that answers what it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from driftline.engine.config import free_port
from tests.e2e.servers import running, venv_with

REQUIREMENTS = Path(__file__).with_name("requirements-mlserver.txt")
ECHO = """
from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput


class Echo(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        asked = payload.inputs[0]
        answer = ResponseOutput(name="y", shape=asked.shape, datatype=asked.datatype, data=asked.data)
        return InferenceResponse(
            model_name=self.name, model_version=self.version, id=payload.id, outputs=[answer]
        )
"""


@dataclass(frozen=True)
class MLServer:
    """A running server; its model is ``echo``, version 3."""

    http_port: int
    grpc_port: int


@contextmanager
def mlserver(folder: Path, model: str = ECHO, *, python_path: Path | None = None) -> Iterator[MLServer]:
    """MLServer until the block ends; ``model`` is a module with a class ``Echo``, loaded when this yields."""
    server = MLServer(free_port(), free_port())
    (folder / "echo_model.py").write_text(model)
    (folder / "model-settings.json").write_text(
        json.dumps({"name": "echo", "implementation": "echo_model.Echo", "parameters": {"version": "3"}})
    )
    (folder / "settings.json").write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "http_port": server.http_port,
                "grpc_port": server.grpc_port,
                "metrics_port": free_port(),
                "parallel_workers": 0,
            }
        )
    )

    def ready() -> bool:
        client = HTTPConnection("127.0.0.1", server.http_port, timeout=2)
        try:
            client.request("GET", "/v2/models/echo/ready")
            return client.getresponse().status == 200
        finally:
            client.close()

    command: list[str | Path] = [venv_with(REQUIREMENTS) / "bin" / "mlserver", "start", "."]
    environment = {"PYTHONPATH": str(python_path)} if python_path is not None else {}
    with running(command, folder=folder, ready=ready, environment=environment):
        yield server
