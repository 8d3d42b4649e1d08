"""Run an Airflow DAG under the action's id: Airflow itself refuses the second run of that name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

from driftline.errors import RetryableDelivery
from integrations.airflow.session import AirflowSession
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import segment

STATES: Final[Mapping[str, RunState]] = {
    "queued": "queued",
    "running": "running",
    "restarting": "running",
    "success": "succeeded",
    "failed": "failed",
}

CANCELLED_BY: Final = "Cancelled by Driftline"


class AirflowHook:
    """Runs of one DAG.

    Airflow has no state for a run that was cancelled: it is set to failed, with a note that says by whom, and
    reads as cancelled by that note.
    """

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel", "deduplicate"})

    def __init__(self, session: AirflowSession, url: str, version: Literal[2, 3], dag: str) -> None:
        self._session = session
        self._version = version
        self._pages = f"{url}/dags/{segment(dag)}"
        self._runs = f"/api/{'v1' if version == 2 else 'v2'}/dags/{segment(dag)}/dagRuns"

    def trigger(self, request: PipelineRequest) -> Run:
        body: dict[str, Any] = {
            "dag_run_id": request.action_id,
            "conf": orjson.loads(request.body),
            "note": f"Driftline, action {request.action_id}",
        }
        if self._version == 3:
            # It must be there, and be null: a run of no interval.
            body["logical_date"] = None
        response = self._session.send("POST", self._runs, json=body, accept=(409,))
        if response.status_code != 409:
            return self._run(self._session.api.read_object(response), request.action_id)
        run = self.find(request)
        if run is None:
            # Airflow 2 refuses two runs of one logical date too, which is the moment of the call.
            raise RetryableDelivery(f"{self._pages} answered 409: {response.text[:200]!r}", "server_error")
        return run

    def find(self, request: PipelineRequest) -> Run | None:
        response = self._session.send("GET", self._path(request.action_id), accept=(404,))
        if response.status_code == 404:
            # An unknown DAG is answered with the same status: its run does not exist either.
            return None
        return self._run(self._session.api.read_object(response), request.action_id)

    def follow(self, run_id: str) -> Run:
        return self._run(self._session.object("GET", self._path(run_id)), run_id)

    def cancel(self, run_id: str) -> Run:
        run = self.follow(run_id)
        if run.ended:
            # Setting the state would turn a success into a failure.
            return run
        self._session.object("PATCH", self._path(run_id), json={"state": "failed"})
        if self._version == 3:
            noted = {"note": CANCELLED_BY}
            return self._run(self._session.object("PATCH", self._path(run_id), json=noted), run_id)
        self._session.object("PATCH", f"{self._path(run_id)}/setNote", json={"note": CANCELLED_BY})
        return self.follow(run_id)

    def close(self) -> None:
        self._session.api.close()

    def _path(self, run_id: str) -> str:
        return f"{self._runs}/{segment(run_id)}"

    def _run(self, found: Mapping[str, Any], run_id: str) -> Run:
        said = str(found.get("state", ""))
        state = STATES.get(said, "unknown")
        if state == "failed" and found.get("note") == CANCELLED_BY:
            state = "cancelled"
        name = segment(run_id)
        page = f"/runs/{name}" if self._version == 3 else f"/grid?dag_run_id={name}"
        return Run(run_id, f"{self._pages}{page}", state, {"status": said})
