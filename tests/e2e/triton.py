"""A real Triton server on the CPU, with models of the Python backend."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from driftline.engine.config import free_port
from tests.e2e.servers import running, venv_with

REQUIREMENTS = Path(__file__).with_name("requirements-triton.txt")
VALUES = 16
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_CONFIG = """
name: "{name}"
backend: "python"
max_batch_size: 8
input [{{ name: "x", data_type: TYPE_FP32, dims: [{inputs}] }}]
output [{{ name: "y", data_type: TYPE_FP32, dims: [{outputs}] }}]
instance_group [{{ kind: KIND_CPU, count: 1 }}]
"""
_MODEL = """
import triton_python_backend_utils as backend

class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = backend.get_input_tensor_by_name(request, "x").as_numpy()
            answers.append(backend.InferenceResponse([backend.Tensor("y", {answer})]))
        return answers
"""
MODELS = {
    "echo": (str(VALUES), str(VALUES), "x"),
    "largest": ("-1", "1", "x.max(axis=1, keepdims=True)"),
}
"""Name to inputs of a row, outputs of a row, and how the second comes from the first."""


@dataclass(frozen=True)
class Triton:
    """A running server; ``echo`` gives 16 numbers back, ``largest`` the maximum of any number."""

    http_port: int
    grpc_port: int
    metrics_port: int
    pid: int


@contextmanager
def triton(folder: Path) -> Iterator[Triton]:
    """Triton until the block ends; its models are loaded when this yields."""
    venv = venv_with(REQUIREMENTS)
    packages = venv / "lib" / f"python{PYTHON}" / "site-packages"
    server = packages / "pytriton" / "tritonserver"
    _prepare(folder, server)
    ports = {kind: free_port() for kind in ("http", "grpc", "metrics")}
    command: list[str | Path] = [
        server / "bin" / "tritonserver",
        f"--model-repository={folder / 'models'}",
        f"--backend-directory={folder / 'backends'}",
    ]
    for kind, port in ports.items():
        command += [f"--{kind}-address=127.0.0.1", f"--{kind}-port={port}"]
    environment = {
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(map(str, [packages / "nvidia_pytriton.libs", *_libpython()])),
        "PYTHONPATH": str(packages),
    }

    def ready() -> bool:
        connection = HTTPConnection("127.0.0.1", ports["http"], timeout=2)
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200

    with running(command, folder=folder, ready=ready, environment=environment) as process:
        yield Triton(ports["http"], ports["grpc"], ports["metrics"], process.pid)


def _prepare(folder: Path, server: Path) -> None:
    backend = folder / "backends" / "python"
    shutil.copytree(server / "backends" / "python", backend)
    shutil.copy(server / "python_backend_stubs" / PYTHON / "triton_python_backend_stub", backend)
    for name, (inputs, outputs, answer) in MODELS.items():
        model = folder / "models" / name
        (model / "1").mkdir(parents=True)
        (model / "config.pbtxt").write_text(_CONFIG.format(name=name, inputs=inputs, outputs=outputs))
        (model / "1" / "model.py").write_text(_MODEL.format(answer=answer))


def _libpython() -> list[Path]:
    """Where this Python's shared library is, unless the system finds it by itself."""
    if ctypes.util.find_library(f"python{PYTHON}"):
        return []
    folder = Path(str(sysconfig.get_config_var("LIBDIR")))
    assert list(folder.glob(f"libpython{PYTHON}.so*")), (
        f"Triton's Python backend needs libpython{PYTHON}.so: sh tests/system-tools.sh installs it"
    )
    return [folder]
