"""Submit an Argo workflow under a name of the action's: the cluster itself refuses the second one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from driftline.errors import PermanentDelivery, RetryableDelivery
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, field_of, segment
from integrations.kubernetes.object_name import object_name

PHASES: Final[Mapping[str, RunState]] = {
    # Before the controller has seen it, a workflow has no phase.
    "": "queued",
    "Pending": "queued",
    "Running": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Error": "failed",
}


class ArgoWorkflowsHook:
    """Workflows of one template in one namespace.

    Argo has no phase for a workflow that was shut down: it becomes ``Failed``, keeps in its ``spec`` how it
    was shut down, and reads as cancelled by that.
    """

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel", "deduplicate"})

    def __init__(self, api: JsonApi, url: str, namespace: str, template_kind: str, template: str) -> None:
        self._api = api
        self._namespace = namespace
        self._template = {"resourceKind": template_kind, "resourceName": template}
        self._pages = f"{url}/workflows/{segment(namespace)}"
        self._workflows = f"/api/v1/workflows/{segment(namespace)}"

    def trigger(self, request: PipelineRequest) -> Run:
        parameters = [f"{name}={value}" for name, value in request.parameters().items()]
        body = {
            "namespace": self._namespace,
            **self._template,
            "submitOptions": {
                "name": object_name(request.action_id),
                "parameters": parameters,
                "labels": "app.kubernetes.io/managed-by=driftline",
            },
        }
        response = self._api.send("POST", f"{self._workflows}/submit", json=body, accept=(409,))
        if response.status_code != 409:
            found = self._api.read_object(response)
            field_of(found, "metadata", "the submission")
            return self._run(found)
        run = self.find(request)
        if run is None:
            # It was removed between the two calls, or is still being removed.
            raise RetryableDelivery(f"{self._pages} answered 409: {response.text[:200]!r}", "server_error")
        return run

    def find(self, request: PipelineRequest) -> Run | None:
        name = object_name(request.action_id)
        response = self._api.send("GET", f"{self._workflows}/{name}", accept=(404,))
        if response.status_code == 404:
            return None
        found = self._api.read_object(response)
        parameters = (_spec(found).get("arguments") or {}).get("parameters") or []
        if not any(
            (one.get("name"), one.get("value")) == ("DRIFTLINE_ACTION_ID", request.action_id)
            for one in parameters
        ):
            raise PermanentDelivery(
                f"workflow {name} exists and is not of action {request.action_id}: remove it", "rejected"
            )
        return self._run(found)

    def follow(self, run_id: str) -> Run:
        return self._run(self._api.object("GET", f"{self._workflows}/{segment(run_id)}"))

    def cancel(self, run_id: str) -> Run:
        run = self.follow(run_id)
        if run.ended:
            return run
        body = {"namespace": self._namespace, "name": run_id}
        path = f"{self._workflows}/{segment(run_id)}/terminate"
        return self._run(self._api.object("PUT", path, json=body))

    def close(self) -> None:
        self._api.close()

    def _run(self, found: Mapping[str, Any]) -> Run:
        name = str((found.get("metadata") or {}).get("name", ""))
        status = found.get("status") or {}
        phase = str(status.get("phase") or "")
        state = PHASES.get(phase, "unknown")
        shutdown = _spec(found).get("shutdown")
        # `Stop` lets exit handlers run, so it has not ended yet; nothing runs after `Terminate`.
        if (shutdown and state == "failed") or (shutdown == "Terminate" and state != "succeeded"):
            state = "cancelled"
        detail = {"phase": phase, "message": str(status.get("message") or "")}
        return Run(name, f"{self._pages}/{segment(name)}", state, detail)


def _spec(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found.get("spec") or {}
