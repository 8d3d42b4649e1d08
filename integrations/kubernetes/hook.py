"""Create a Kubernetes Job under a name of the action's: the cluster itself refuses the second one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.kubernetes.action_objects import ActionObjects


class KubernetesJobHook:
    """Jobs of one namespace.

    A Job is cancelled by suspending it, which ends its pods and keeps the Job: were it deleted, a late
    repetition of the action could create it anew.
    """

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel", "deduplicate"})

    def __init__(self, jobs: ActionObjects, spec: Mapping[str, Any]) -> None:
        self._jobs = jobs
        self._spec = dict(spec)

    def trigger(self, request: PipelineRequest) -> Run:
        return _run(self._jobs.create(request, self._spec_with(request.parameters())))

    def find(self, request: PipelineRequest) -> Run | None:
        found = self._jobs.find(request)
        return None if found is None else _run(found)

    def follow(self, run_id: str) -> Run:
        return _run(self._jobs.read(run_id))

    def cancel(self, run_id: str) -> Run:
        run = self.follow(run_id)
        if run.ended:
            return run
        return _run(self._jobs.merge(run_id, {"spec": {"suspend": True}}))

    def close(self) -> None:
        self._jobs.close()

    def _spec_with(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        spec = copy.deepcopy(self._spec)
        variables = [{"name": name, "value": value} for name, value in parameters.items()]
        for container in spec["template"]["spec"]["containers"]:
            container["env"] = [*container.get("env", []), *variables]
        return spec


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
