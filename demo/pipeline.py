"""The deploy pipeline: ``python -m demo.pipeline …`` takes Driftline's webhooks and retrains the model."""

from __future__ import annotations

import argparse
import os
import queue
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from demo.alert_log import AlertLog
from demo.api import DriftlineApi
from demo.callbacks import OutcomeReporter
from demo.digits import load_pools
from demo.labelled_pool import LabelledPool
from demo.repository import ModelRepository
from demo.retrain_run import Plant, RetrainRequest, run_retrain
from demo.run_ledger import RunLedger
from demo.webhooks import Message, open_message
from driftline.errors import DeliveryError, DriftlineError, InvalidSettings, PermanentDelivery
from driftline.logs import configure_logs, get_logger
from driftline.webhooks import checked_secret

SECRET_VARIABLE = "DRIFTLINE_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable, no secret
_log = get_logger(__name__)


class RunQueue:
    """Does accepted runs one after the other in a thread, those of a crashed predecessor first."""

    def __init__(self, ledger: RunLedger, plant: Plant) -> None:
        self._ledger = ledger
        self._plant = plant
        self._waiting: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="retrain", daemon=True)

    def start(self) -> None:
        """Begin."""
        for message in self._ledger.unfinished():
            self._waiting.put(message)
        self._thread.start()

    def accept(self, message: Message) -> bool:
        """Queue a run unless its message came before."""
        RetrainRequest.parse(message)
        if not self._ledger.accept(message):
            return False
        self._waiting.put(message)
        return True

    def stop(self) -> None:
        """Stop after the present step; an unfinished run is done again at the next start."""
        self._plant.stop.set()
        self._waiting.put(None)
        self._thread.join()
        self._plant.reporter.close()

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None and not self._plant.stop.is_set():
            try:
                run_retrain(RetrainRequest.parse(message), self._plant)
                self._ledger.finish(message)
            except PermanentDelivery as error:
                _log.error("outcome refused", message_id=message.id, error=error.message)
                self._ledger.finish(message)
            except DeliveryError as error:
                _log.error("run stays open", message_id=message.id, error=error.message)
            except Exception:  # noqa: BLE001 - the thread's boundary: one broken run must not end the others
                _log.exception("run broke", message_id=message.id)


def create_app(secret: SecretStr, runs: RunQueue, alerts: AlertLog) -> FastAPI:
    """The pipeline's two webhooks, and what it has been told so far."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        runs.start()
        yield
        runs.stop()

    app = FastAPI(title="Deploy pipeline", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(DriftlineError)
    async def refuse(_request: Request, error: DriftlineError) -> JSONResponse:
        return JSONResponse({"code": error.code, "message": error.message}, status_code=error.http_status)

    @app.post("/retrain", status_code=202)
    async def start_retrain(request: Request) -> dict[str, Any]:
        message = open_message(secret, request.headers, await request.body())
        return {"accepted": message.id, "new": runs.accept(message)}

    @app.post("/alerts", status_code=204)
    async def take_alert(request: Request) -> Response:
        alerts.take(open_message(secret, request.headers, await request.body()))
        return Response(status_code=204)

    @app.get("/alerts")
    async def taken_alerts() -> list[dict[str, Any]]:
        return alerts.taken()

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        return {"status": "ok"}

    return app


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo.pipeline", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="loopback port to listen on")
    parser.add_argument("--state", type=Path, required=True, help="folder for accepted runs and alerts")
    parser.add_argument("--repository", type=Path, required=True, help="folder with the model's versions")
    parser.add_argument("--pool", type=Path, required=True, help="folder with labelled captures")
    parser.add_argument("--model-server-url", required=True, help="V2 server that loads new versions")
    parser.add_argument("--driftline-url", required=True, help="driftline serve")
    options = parser.parse_args()
    configure_logs()
    if SECRET_VARIABLE not in os.environ:
        raise SystemExit(InvalidSettings(f"set {SECRET_VARIABLE} to the key that signs webhooks").message)
    secret = checked_secret(SecretStr(os.environ[SECRET_VARIABLE]))
    stop = threading.Event()
    with (
        DriftlineApi(options.driftline_url, timeout_seconds=30.0) as api,
        httpx2.Client(base_url=options.model_server_url, timeout=10.0, trust_env=False) as model_server,
    ):
        plant = Plant(
            pools=load_pools(),
            labelled=LabelledPool(options.pool),
            repository=ModelRepository(options.repository),
            api=api,
            model_server=model_server,
            reporter=OutcomeReporter(secret, stop),
            stop=stop,
        )
        runs = RunQueue(RunLedger(options.state / "runs"), plant)
        app = create_app(secret, runs, AlertLog(options.state / "alerts.jsonl"))
        uvicorn.run(app, host="127.0.0.1", port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
