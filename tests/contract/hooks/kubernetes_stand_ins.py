"""Stand-ins for what runs pipelines in Kubernetes: what documents say of the calls that the hooks make."""

from __future__ import annotations

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
