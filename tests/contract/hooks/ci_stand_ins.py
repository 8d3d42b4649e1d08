"""Stand-ins for GitLab, GitHub and Jenkins: what their documents say of the calls that the hooks make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.contract.hooks.target_server import Answer, Call

NOT_FOUND = Answer(404, {"message": "404 Not Found"})


@dataclass
class Gitlab:
    """One project, ``team/ocr``."""

    trigger_path: str = "/trigger/pipeline"
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[int, dict[str, str]] = field(default_factory=dict)

    def answer(self, call: Call) -> Answer:
        if call.path[:4] != ["api", "v4", "projects", "team/ocr"]:
            return NOT_FOUND
        rest = call.path[4:]
        if rest == ["trigger", "pipeline"]:
            return self._trigger(call.form)
        if call.headers.get("private-token") != "glpat-1":
            return Answer(401, {"message": "401 Unauthorized"})
        if rest == ["pipelines"]:
            size, page = int(call.query["per_page"]), int(call.query["page"])
            found = [one for one in reversed(self.pipelines) if one["ref"] == call.query["ref"]]
            return Answer(200, found[size * (page - 1) : size * page])
        number = int(rest[1])
        pipeline = next((one for one in self.pipelines if one["id"] == number), None)
        if pipeline is None:
            return NOT_FOUND
        if rest[2:] == ["variables"]:
            variables = self.variables.get(number, {})
            return Answer(200, [{"key": key, "value": value} for key, value in variables.items()])
        if rest[2:] == ["cancel"] and pipeline["status"] not in ("success", "failed"):
            pipeline["status"] = "canceled"
        return Answer(200, pipeline)

    def _trigger(self, form: dict[str, str]) -> Answer:
        if form.get("token") != "gltrigger-1":
            return NOT_FOUND
        number = 100 + len(self.pipelines)
        url = f"https://gitlab.example/team/ocr/-/pipelines/{number}"
        pipeline = {"id": number, "ref": form["ref"], "status": "created", "web_url": url}
        self.pipelines.append(pipeline)
        self.variables[number] = {
            key.removeprefix("variables[").rstrip("]"): value
            for key, value in form.items()
            if key.startswith("variables[")
        }
        return Answer(201, pipeline)

    def runs(self, action_id: str) -> int:
        return sum(one.get("DRIFTLINE_ACTION_ID") == action_id for one in self.variables.values())

    def become(self, said: str) -> None:
        self.pipelines[-1]["status"] = said


@dataclass
class Github:
    """One repository, ``team/ocr``, whose workflows' ``run-name`` has the action's id."""

    trigger_path: str = "/dispatches"
    found: list[dict[str, Any]] = field(default_factory=list)
    told: bool = True
    """Whether ``return_run_details`` is known."""

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != "Bearer ghp-1":
            return Answer(401, {"message": "Bad credentials"})
        if call.path[:3] != ["repos", "team", "ocr"]:
            return NOT_FOUND
        match call.method, *call.path[3:]:
            case ["POST", "dispatches"]:
                body = call.json
                if len(body["event_type"]) > 100 or len(body["client_payload"]) > 10:
                    return Answer(422, {"message": "Invalid request"})
                self._start("repository_dispatch", body["client_payload"]["action_id"])
                return Answer(204)
            case ["POST", "actions", "workflows", "retrain.yml", "dispatches"]:
                body = call.json
                if not set(body["inputs"]) <= {"DRIFTLINE_ACTION_ID", "DRIFTLINE_MODEL"}:
                    return Answer(422, {"message": "Unexpected inputs provided"})
                run = self._start("workflow_dispatch", body["inputs"]["DRIFTLINE_ACTION_ID"])
                if not (self.told and body.get("return_run_details")):
                    return Answer(204)
                return Answer(200, {"workflow_run_id": run["id"], "html_url": run["html_url"]})
            case ["GET", "actions", "runs"]:
                runs = [run for run in reversed(self.found) if run["event"] == call.query["event"]]
                size, page = int(call.query["per_page"]), int(call.query["page"])
                listed = runs[size * (page - 1) : size * page]
                return Answer(200, {"total_count": len(runs), "workflow_runs": listed})
            case [method, "actions", "runs", number, *rest]:
                run = next((run for run in self.found if str(run["id"]) == number), {})
                if not run:
                    return NOT_FOUND
                if method == "GET":
                    return Answer(200, run)
                if rest == ["cancel"] and run["status"] == "completed":
                    return Answer(409, {"message": "Cannot cancel a workflow run that is completed."})
                run.update(status="completed", conclusion="cancelled")
                return Answer(202, {})
        return NOT_FOUND

    def _start(self, event: str, action_id: str) -> dict[str, Any]:
        number = 500 + len(self.found)
        run = {
            "id": number,
            "event": event,
            "display_title": f"Retrain ({action_id})",
            "status": "queued",
            "conclusion": None,
            "html_url": f"https://github.example/team/ocr/actions/runs/{number}",
        }
        self.found.append(run)
        return run

    def runs(self, action_id: str) -> int:
        return sum(f"({action_id})" in run["display_title"] for run in self.found)

    def become(self, said: str) -> None:
        ends = said not in ("queued", "in_progress", "waiting")
        self.found[-1].update(status="completed" if ends else said, conclusion=said if ends else None)


@dataclass
class Jenkins:
    """One job, ``team/retrain``; a queue item stays until :meth:`leave_queue`, and is then forgotten."""

    trigger_path: str = "/buildWithParameters"
    declared: tuple[str, ...] = ("DRIFTLINE_ACTION_ID", "DRIFTLINE_MODEL")
    queue: dict[int, dict[str, Any]] = field(default_factory=dict)
    builds: list[dict[str, Any]] = field(default_factory=list)
    started: int = 40

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != "Basic ZHJpZnRsaW5lOmprLTE=":
            return Answer(401, "<html>Invalid password/token</html>")
        job = ["job", "team", "job", "retrain"]
        match call.path:
            case ["queue", "api", "json"]:
                waiting = [item for item in self.queue.values() if "executable" not in item]
                return Answer(200, {"items": waiting})
            case ["queue", "cancelItem"]:
                self.queue[int(call.query["id"])]["cancelled"] = True
                return Answer(204)
            case ["queue", "item", number, "api", "json"]:
                item = self.queue.get(int(number))
                return Answer(404, "<html>Not Found</html>") if item is None else Answer(200, item)
            case [*path, "buildWithParameters"] if path == job:
                return self._queue(call)
            case [*path, number, "stop"] if path == job:
                self._build(int(number)).update(building=False, result="ABORTED")
                return Answer(302, "", {"location": "/job/team/job/retrain/1/"})
            case [*path, "api", "json"] if path == job:
                declarations = [{"name": name} for name in self.declared]
                properties = [{}, {"parameterDefinitions": declarations}]
                return Answer(200, {"property": properties, "allBuilds": self.builds[::-1]})
            case [*path, number, "api", "json"] if path == job:
                return Answer(200, self._build(int(number)))
        return Answer(404, "<html>Not Found</html>")

    def _build(self, number: int) -> dict[str, Any]:
        return next(build for build in self.builds if build["number"] == number)

    def _queue(self, call: Call) -> Answer:
        parameters = [
            {"name": name, "value": value} for name, value in call.form.items() if name in self.declared
        ]
        self.started += 1
        self.queue[self.started] = {
            "id": self.started,
            "why": "Waiting for next available executor",
            "actions": [{}, {"parameters": parameters}],
        }
        address = f"http://{call.headers['host']}/queue/item/{self.started}/"
        return Answer(201, "", {"location": address})

    def leave_queue(self, *, forget: bool = False) -> None:
        """The last item becomes a build; ``forget``: minutes pass besides."""
        item = self.queue[self.started]
        number = len(self.builds) + 1
        url = f"https://jenkins.example/job/team/job/retrain/{number}/"
        self.builds.append(
            {
                "number": number,
                "url": url,
                "building": True,
                "result": None,
                "queueId": item["id"],
                "actions": item["actions"],
            }
        )
        item["executable"] = {"number": number, "url": url}
        if forget:
            del self.queue[item["id"]]

    def runs(self, action_id: str) -> int:
        held = [*self.queue.values(), *self.builds]
        return len(
            {
                one.get("queueId", one.get("id"))
                for one in held
                if {"name": "DRIFTLINE_ACTION_ID", "value": action_id} in one["actions"][1]["parameters"]
            }
        )

    def become(self, said: str) -> None:
        if said == "waiting":
            return
        if not self.builds:
            self.leave_queue()
        self.builds[-1].update(building=said == "building", result=None if said == "building" else said)
