"""Run a pipeline of Kubeflow Pipelines 2, and look for the run again by its display name.

Kubeflow gives every run an id of its own and lets many runs have one name, so it drops no repetition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from driftline.errors import PermanentDelivery
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, field_of, objects, segment

STATES: Final[Mapping[str, RunState]] = {
    # Before its first task is known, a run may have no state.
    "": "queued",
    "RUNTIME_STATE_UNSPECIFIED": "queued",
    "PENDING": "queued",
    "RUNNING": "running",
    "PAUSED": "running",
    "SUCCEEDED": "succeeded",
    "SKIPPED": "cancelled",
    "FAILED": "failed",
    "CANCELING": "cancelled",
    "CANCELED": "cancelled",
}
"""A run that was terminated is ``CANCELING``. Once its pods have ended, some servers say ``FAILED`` of it and
no more that it was terminated, so it is taken for cancelled from the first."""

RUNS: Final = "/apis/v2beta1/runs"
PAGE: Final = 50
MOST_PAGES: Final = 10


class KubeflowHook:
    """Runs of one pipeline in one experiment.

    Parameters
    ----------
    pipeline
        Ids of the pipeline and, unless it is the newest, of its version.
    parameters
        Names of those that the pipeline takes: Kubeflow refuses any other.
    """

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel"})

    def __init__(
        self, api: JsonApi, url: str, experiment: str, pipeline: Mapping[str, str], parameters: frozenset[str]
    ) -> None:
        self._api = api
        self._pages = f"{url}/#/runs/details"
        self._experiment = experiment
        self._pipeline = dict(pipeline)
        self._parameters = parameters

    def trigger(self, request: PipelineRequest) -> Run:
        parameters = {name: value for name, value in request.parameters().items() if name in self._parameters}
        body = {
            "display_name": _display_name(request),
            "experiment_id": self._experiment,
            "pipeline_version_reference": self._pipeline,
            "runtime_config": {"parameters": parameters},
        }
        found = self._api.object("POST", RUNS, json=body)
        field_of(found, "run_id", "the request for a run")
        return self._run(found)

    def find(self, request: PipelineRequest) -> Run | None:
        wanted = _display_name(request)
        for found in self._named(wanted):
            # A database may take capital letters and small ones for the same.
            if found.get("display_name") == wanted:
                return self._run(found)
        return None

    def follow(self, run_id: str) -> Run:
        return self._run(self._api.object("GET", f"{RUNS}/{segment(run_id)}"))

    def cancel(self, run_id: str) -> Run:
        run = self.follow(run_id)
        if run.ended:
            return run
        self._api.send("POST", f"{RUNS}/{segment(run_id)}:terminate")
        return self.follow(run_id)

    def close(self) -> None:
        self._api.close()

    def _named(self, display_name: str) -> Iterator[dict[str, Any]]:
        """The experiment's runs of this name, the first of them first."""
        predicate = {"key": "display_name", "operation": "EQUALS", "string_value": display_name}
        params = {
            "experiment_id": self._experiment,
            "filter": orjson.dumps({"predicates": [predicate]}).decode(),
            "sort_by": "created_at asc",
            "page_size": str(PAGE),
        }
        for _ in range(MOST_PAGES):
            response = self._api.send("GET", RUNS, params=params)
            page = self._api.read_object(response)
            # A list of none is left out of the answer.
            yield from objects(page.get("runs") or [], response)
            following = page.get("next_page_token")
            if not following:
                return
            params["page_token"] = str(following)
        raise PermanentDelivery(
            f"more than {PAGE * MOST_PAGES} runs are listed for {display_name!r}: the server does not filter",
            "rejected",
        )

    def _run(self, found: Mapping[str, Any]) -> Run:
        run_id = str(found.get("run_id", ""))
        said = str(found.get("state") or "")
        error = found.get("error")
        detail = {"state": said, "error": str(error.get("message", "")) if isinstance(error, dict) else ""}
        return Run(run_id, f"{self._pages}/{segment(run_id)}", STATES.get(said, "unknown"), detail)


def _display_name(request: PipelineRequest) -> str:
    return f"{request.type} {request.action_id}"
