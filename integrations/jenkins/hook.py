"""Build a Jenkins job with parameters.

Jenkins answers with the queue item, which becomes a build and is forgotten minutes later; a build keeps the
number of its queue item. So a run is known by that number as long as Jenkins keeps its builds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from driftline.errors import AmbiguousDelivery, PermanentDelivery
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, segment

RESULTS: Final[Mapping[str, RunState]] = {
    "SUCCESS": "succeeded",
    "UNSTABLE": "failed",
    "FAILURE": "failed",
    "ABORTED": "cancelled",
    "NOT_BUILT": "cancelled",
}

ID_PARAMETER: Final = "DRIFTLINE_ACTION_ID"
MOST_BUILDS: Final = 1000
PARAMETERS: Final = "actions[parameters[name,value]]"
BUILD: Final = f"number,url,building,result,queueId,{PARAMETERS}"


class JenkinsHook:
    """Builds of one job, whose folders stand before its name."""

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel"})

    def __init__(self, api: JsonApi, job: str) -> None:
        self._api = api
        self._name = job
        self._job = "".join(f"/job/{segment(part)}" for part in job.split("/"))
        self._declares_id = False

    def trigger(self, request: PipelineRequest) -> Run:
        self._check_declaration()
        response = self._api.send("POST", f"{self._job}/buildWithParameters", form=request.parameters())
        location = response.headers.get("location", "")
        item = re.search(r"/queue/item/(\d+)/?$", location)
        if item is None:
            raise AmbiguousDelivery(
                f"job {self._name} was built, but told no queue item: location {location!r}", "malformed"
            )
        return Run(item[1], "", "queued")

    def find(self, request: PipelineRequest) -> Run | None:
        # The queue first: what leaves it meanwhile is a build when the builds are read.
        queue = self._api.object(
            "GET", "/queue/api/json", params={"tree": f"items[id,why,task[url],{PARAMETERS}]"}
        )
        for item in _objects(queue.get("items")):
            if _action_id(item) == request.action_id:
                return _queued(item)
        for build in self._builds():
            if _action_id(build) == request.action_id:
                return _built(build)
        self._check_declaration()
        return None

    def follow(self, run_id: str) -> Run:
        return self._now(run_id)[0]

    def cancel(self, run_id: str) -> Run:
        run, number = self._now(run_id)
        if run.ended:
            return run
        # Both answer with a redirect to a page for people.
        if number is None:
            self._api.send("POST", "/queue/cancelItem", params={"id": run_id}, accept=(302, 303, 404))
        else:
            self._api.send("POST", f"{self._job}/{number}/stop", accept=(302, 303))
        return self._now(run_id)[0]

    def close(self) -> None:
        self._api.close()

    def _now(self, run_id: str) -> tuple[Run, int | None]:
        """The run of a queue item, and the number of its build when it has one."""
        if not run_id.isdigit():
            raise PermanentDelivery(f"{run_id!r} is not the number of a queue item", "malformed")
        response = self._api.send("GET", f"/queue/item/{run_id}/api/json", accept=(404,))
        if response.status_code != 404:
            item = self._api.read_object(response)
            executable = item.get("executable")
            if not isinstance(executable, dict):
                return _queued(item), None
            number = int(executable.get("number", 0))
            build = self._api.object("GET", f"{self._job}/{number}/api/json", params={"tree": BUILD})
            return _built({**build, "queueId": run_id}), number
        for build in self._builds():
            if str(build.get("queueId")) == run_id:
                return _built(build), int(build.get("number", 0))
        return Run(
            run_id, "", "unknown", {"status": "neither queued nor among the builds that are kept"}
        ), None

    def _builds(self) -> list[dict[str, Any]]:
        tree = f"allBuilds[{BUILD}]{{0,{MOST_BUILDS}}}"
        return _objects(
            self._api.object("GET", f"{self._job}/api/json", params={"tree": tree}).get("allBuilds")
        )

    def _check_declaration(self) -> None:
        """Jenkins drops parameters that a job does not declare; without the id no run could be found."""
        if self._declares_id:
            return
        tree = "property[parameterDefinitions[name]]"
        job = self._api.object("GET", f"{self._job}/api/json", params={"tree": tree})
        declared = {
            definition.get("name")
            for declaration in _objects(job.get("property"))
            for definition in _objects(declaration.get("parameterDefinitions"))
        }
        if ID_PARAMETER not in declared:
            raise PermanentDelivery(
                f"job {self._name} declares no parameter {ID_PARAMETER}, so Jenkins drops it and no "
                "build can be told from another: add it to the job as a string parameter",
                "misconfigured",
            )
        self._declares_id = True


def _objects(value: object) -> list[dict[str, Any]]:
    """Jenkins puts empty objects in its lists for what has none of the fields asked for."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _action_id(found: Mapping[str, Any]) -> str | None:
    for action in _objects(found.get("actions")):
        for parameter in _objects(action.get("parameters")):
            if parameter.get("name") == ID_PARAMETER:
                return str(parameter.get("value"))
    return None


def _queued(item: Mapping[str, Any]) -> Run:
    state: RunState = "cancelled" if item.get("cancelled") else "queued"
    return Run(str(item.get("id", "")), "", state, {"status": str(item.get("why") or state)})


def _built(build: Mapping[str, Any]) -> Run:
    result = str(build.get("result") or "")
    state: RunState = "running" if build.get("building") else RESULTS.get(result, "unknown")
    return Run(
        str(build.get("queueId", "")),
        str(build.get("url") or ""),
        state,
        {"status": result or state, "build": build.get("number")},
    )
