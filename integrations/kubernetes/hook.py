"""Create a Kubernetes Job under a name of the action's: the cluster itself refuses the second one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import httpx2

from driftline.errors import PermanentDelivery, RetryableDelivery
from driftline.secret_source import SecretSource
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, segment
from integrations.kubernetes.object_name import ACTION_ANNOTATION, object_name


class KubernetesJobHook:
    """Jobs of one namespace.

    A Job is cancelled by suspending it, which ends its pods and keeps the Job: were it deleted, a late
    repetition of the action could create it anew.
    """

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel", "deduplicate"})

    def __init__(self, api: JsonApi, token: SecretSource, namespace: str, spec: Mapping[str, Any]) -> None:
        self._api = api
        self._token = token
        self._jobs = f"/apis/batch/v1/namespaces/{segment(namespace)}/jobs"
        self._spec = dict(spec)

    def trigger(self, request: PipelineRequest) -> Run:
        response = self._send("POST", self._jobs, json=self._job(request), accept=(409,))
        if response.status_code != 409:
            return _run(self._api.read_object(response))
        run = self.find(request)
        if run is None:
            raise RetryableDelivery(f"{self._jobs} answered 409: {response.text[:200]!r}", "server_error")
        return run

    def find(self, request: PipelineRequest) -> Run | None:
        name = object_name(request.action_id)
        response = self._send("GET", f"{self._jobs}/{name}", accept=(404,))
        if response.status_code == 404:
            return None
        found = self._api.read_object(response)
        annotations = (found.get("metadata") or {}).get("annotations") or {}
        if annotations.get(ACTION_ANNOTATION) != request.action_id:
            raise PermanentDelivery(
                f"job {name} exists and is not of action {request.action_id}: remove it", "rejected"
            )
        return _run(found)

    def follow(self, run_id: str) -> Run:
        return _run(self._api.read_object(self._send("GET", f"{self._jobs}/{segment(run_id)}")))

    def cancel(self, run_id: str) -> Run:
        run = self.follow(run_id)
        if run.ended:
            return run
        patch = {"spec": {"suspend": True}}
        merge = {"content-type": "application/merge-patch+json"}
        response = self._send("PATCH", f"{self._jobs}/{segment(run_id)}", json=patch, headers=merge)
        return _run(self._api.read_object(response))

    def close(self) -> None:
        self._api.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> httpx2.Response:
        # Read at every call: a pod's token is replaced about every hour.
        bearer = {"authorization": f"Bearer {self._token.read().get_secret_value()}"}
        return self._api.send(method, path, json=json, headers={**bearer, **(headers or {})}, accept=accept)

    def _job(self, request: PipelineRequest) -> dict[str, Any]:
        spec = copy.deepcopy(self._spec)
        variables = [{"name": name, "value": value} for name, value in request.parameters().items()]
        for container in spec["template"]["spec"]["containers"]:
            container["env"] = [*container.get("env", []), *variables]
        metadata = {
            "name": object_name(request.action_id),
            "annotations": {ACTION_ANNOTATION: request.action_id},
        }
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _run(job: Mapping[str, Any]) -> Run:
    status = job.get("status") or {}
    true = {one.get("type") for one in status.get("conditions") or [] if one.get("status") == "True"}
    state: RunState = "queued"
    if "Complete" in true:
        state = "succeeded"
    elif "Failed" in true:
        state = "failed"
    elif (job.get("spec") or {}).get("suspend"):
        state = "cancelled"
    elif status.get("active"):
        state = "running"
    return Run(
        str((job.get("metadata") or {}).get("name", "")), "", state, {"conditions": sorted(map(str, true))}
    )
