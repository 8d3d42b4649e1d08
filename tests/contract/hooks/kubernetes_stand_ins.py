"""Stand-ins for what runs pipelines in Kubernetes: what documents say of the calls that the hooks make."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.contract.hooks.target_server import Answer, Call


@dataclass
class ArgoWorkflows:
    """One template, ``retrain``, in the namespace ``ml``; a test sets the phases, as the controller does."""

    trigger_path: str = "/submit"
    workflows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != "Bearer argo-1":
            return Answer(401, {"code": 16, "message": "token not valid"})
        if call.path[:4] != ["api", "v1", "workflows", "ml"]:
            return Answer(403, {"code": 7, "message": "permission denied"})
        match call.method, *call.path[4:]:
            case ["POST", "submit"]:
                return self._submit(call.json)
            case [method, name, *rest]:
                workflow = self.workflows.get(name)
                if workflow is None:
                    return Answer(404, {"code": 5, "message": f'workflows.argoproj.io "{name}" not found'})
                if (method, rest) == ("PUT", ["terminate"]):
                    workflow["spec"]["shutdown"] = "Terminate"
                elif (method, rest) != ("GET", []):
                    return Answer(501, {"code": 12, "message": "Method Not Allowed"})
                return Answer(200, workflow)
        return Answer(404, {"code": 5, "message": "Not Found"})

    def _submit(self, body: dict[str, Any]) -> Answer:
        options = body["submitOptions"]
        if (body["resourceKind"], body["resourceName"]) != ("WorkflowTemplate", "retrain"):
            missing = f'workflowtemplates.argoproj.io "{body["resourceName"]}" not found'
            return Answer(404, {"code": 5, "message": missing})
        name = options["name"]
        if name in self.workflows:
            return Answer(409, {"code": 6, "message": f'workflows.argoproj.io "{name}" already exists'})
        pairs = [one.partition("=") for one in options["parameters"]]
        self.workflows[name] = {
            "metadata": {"name": name, "namespace": "ml", "uid": f"uid-{len(self.workflows)}"},
            "spec": {
                "arguments": {"parameters": [{"name": key, "value": value} for key, _, value in pairs]},
                "workflowTemplateRef": {"name": "retrain"},
            },
            "status": {"phase": "", "startedAt": None, "finishedAt": None},
        }
        return Answer(200, self.workflows[name])

    def runs(self, action_id: str) -> int:
        wanted = {"name": "DRIFTLINE_ACTION_ID", "value": action_id}
        return sum(wanted in one["spec"]["arguments"]["parameters"] for one in self.workflows.values())

    def become(self, said: str) -> None:
        list(self.workflows.values())[-1]["status"]["phase"] = said


@dataclass
class Kubeflow:
    """One experiment, ``exp-1``, and one pipeline, ``pipe-1``, that takes two parameters."""

    trigger_path: str = "/apis/v2beta1/runs"
    found: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != "Bearer kfp-1":
            return Answer(401, {"code": 16, "message": "Request header error: there is no user identity"})
        match call.method, *call.path:
            case ["POST", "apis", "v2beta1", "runs"]:
                return self._start(call.json)
            case ["GET", "apis", "v2beta1", "runs"]:
                return self._list(call.query)
            case [method, "apis", "v2beta1", "runs", name]:
                run_id, _, verb = name.partition(":")
                run = next((one for one in self.found if one["run_id"] == run_id), None)
                if run is None:
                    return Answer(404, {"code": 5, "message": f"Run {run_id} not found"})
                if (method, verb) == ("POST", "terminate"):
                    if run["state"] not in ("PENDING", "RUNNING", "PAUSED"):
                        return Answer(400, {"code": 3, "message": f"Failed to terminate a run {run_id}"})
                    run["state"] = "CANCELING"
                    return Answer(200, {})
                return Answer(200, run)
        return Answer(404, {"code": 5, "message": "Not Found"})

    def _start(self, body: dict[str, Any]) -> Answer:
        extra = set(body["runtime_config"]["parameters"]) - {"DRIFTLINE_MODEL", "DRIFTLINE_LINEAGE"}
        if extra:
            said = f"parameter(s) provided are not required by pipeline: {', '.join(sorted(extra))}"
            return Answer(400, {"code": 3, "message": said})
        if body["pipeline_version_reference"]["pipeline_id"] != "pipe-1":
            return Answer(404, {"code": 5, "message": "Pipeline not found"})
        self.found.append({**body, "run_id": f"run-{len(self.found)}", "state": "PENDING"})
        return Answer(200, self.found[-1])

    def _list(self, query: dict[str, str]) -> Answer:
        (predicate,) = json.loads(query["filter"])["predicates"]
        if (predicate["key"], predicate["operation"]) != ("display_name", "EQUALS"):
            return Answer(400, {"code": 3, "message": "Invalid filter"})
        wanted = predicate["string_value"].lower()
        runs = [
            one
            for one in self.found
            if (one["experiment_id"], one["display_name"].lower()) == (query["experiment_id"], wanted)
        ]
        start, size = int(query.get("page_token", 0)), int(query["page_size"])
        page: dict[str, Any] = {"runs": runs[start : start + size], "total_size": len(runs)}
        if start + size < len(runs):
            page["next_page_token"] = str(start + size)
        return Answer(200, page if runs else {})

    def runs(self, action_id: str) -> int:
        return sum(one["display_name"].split()[-1] == action_id for one in self.found)

    def become(self, said: str) -> None:
        self.found[-1]["state"] = said
