"""``driftline serve``: control loop, API and pages in one process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler

from driftline.engine.config import write_private
from driftline.engine.lock import StateFolderLock
from driftline.errors import InvalidSettings, PortInUse, StoreUnavailable
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store.opening import open_store
from driftline.store.retention import apply_retention
from service.api.app import create_app
from service.api.gates import gate_router
from service.api.services import ApiServices
from service.api.stage_graphs import stage_graphs_router
from service.api.write import write_router
from service.api.write_baselines import baselines_router
from service.api.write_interventions import interventions_router
from service.application import Application
from service.control_loop import ControlLoop

_log = get_logger(__name__)

HOLDER_FILE = "control.holder"

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM.

    Raises
    ------
    PortInUse
        Something listens on ``api_port``.
    StateFolderInUse
        Another ``driftline serve`` uses the state folder.
    InvalidSettings
        The API would listen beyond this machine without a token.
    """
    if settings.api_host not in LOOPBACK and settings.api_token is None:
        raise InvalidSettings(
            f"api_host {settings.api_host} is reachable from other machines and api_token is not set: "
            "set DRIFTLINE_API_TOKEN, or listen on 127.0.0.1"
        )
    with listening_socket(settings.api_host, settings.api_port) as listener:
        port = listener.getsockname()[1]
        base_url = (settings.public_url or f"http://{settings.api_host}:{port}").rstrip("/")
        lock = StateFolderLock(settings.state_dir, "serve.lock")
        try:
            with open_store(settings, own_engine=True) as store:
                apply_retention(store, settings)
                _run(Application(store, settings, base_url, _holder(settings)), listener)
        finally:
            lock.release()


def _run(application: Application, listener: socket.socket) -> None:
    loop = ControlLoop(application)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        loop.run_once,
        "interval",
        seconds=application.settings.cycle_seconds,
        max_instances=1,
        coalesce=True,
        id="control-loop",
    )
    app = create_app(
        ApiServices(application.store, application.settings, application.metrics.registry),
        extra_routers=[
            write_router(application),
            baselines_router(application),
            interventions_router(application),
            gate_router(application),
            stage_graphs_router(application),
        ],
    )
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10)
    )
    scheduler.start()
    _log.info("serving", page=application.base_url, database=application.store.address)
    try:
        server.run(sockets=[listener])
    finally:
        scheduler.shutdown(wait=True)
        application.sender.close()
        try:
            application.lease.release()
        except StoreUnavailable as error:
            _log.warning("term not given back: it ends by itself", error=error.message)


def _holder(settings: Settings) -> str:
    """Name of the control loop of a state folder, which is locked: a restart goes on where it was."""
    path = settings.state_dir / HOLDER_FILE
    if not path.exists():
        write_private(path, uuid4().hex)
    return path.read_text(encoding="utf-8").strip()


@contextmanager
def listening_socket(host: str, port: int) -> Iterator[socket.socket]:
    """A bound TCP socket; :class:`PortInUse` says what to do when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as error:
            raise PortInUse(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another with "
                "DRIFTLINE_API_PORT (0 takes a free one)"
            ) from error
        yield listener
