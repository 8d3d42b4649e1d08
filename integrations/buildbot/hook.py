"""Force a build in Buildbot 4.

A forced build is a build set with a build request for each builder. The action's id is in the set's reason,
whatever parameters the scheduler declares, and there it is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx2

from driftline.errors import AmbiguousDelivery, PermanentDelivery
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, objects, segment

RESULTS: Final[Mapping[object, RunState]] = {
    0: "succeeded",
    1: "succeeded",
    2: "failed",
    3: "cancelled",
    4: "failed",
    6: "cancelled",
}
"""Buildbot's numbers: success, warnings, failure, skipped, exception, (5: retry,) cancelled."""

INVALID_PARAMS: Final = -32602


class BuildbotHook:
    """Build sets of one force scheduler.

    Parameters
    ----------
    login
        User and password, where forcing a build needs them; Buildbot answers with a session's cookie.
    """

    abilities: frozenset[Ability] = frozenset({"find", "follow", "cancel"})

    def __init__(
        self, api: JsonApi, url: str, scheduler: str, builder: str | None, login: tuple[str, str] | None
    ) -> None:
        self._api = api
        self._url = url
        self._scheduler = scheduler
        self._builder = builder
        self._login = login
        self._in_session = False

    def trigger(self, request: PipelineRequest) -> Run:
        # Parameters that the scheduler does not declare are left out by Buildbot.
        params: dict[str, Any] = {**request.parameters(), "reason": _reason(request)}
        if self._builder is not None:
            params["builderNames"] = [self._builder]
        result = self._control(f"/forceschedulers/{segment(self._scheduler)}", "force", params)
        if not isinstance(result, list) or not result or not isinstance(result[0], int):
            raise AmbiguousDelivery(
                f"the build was forced, but its set is not told: {result!r:.200}", "malformed"
            )
        return Run(str(result[0]), self._page(result[1] if len(result) > 1 else None), "queued")

    def find(self, request: PipelineRequest) -> Run | None:
        whole = re.compile(rf"{re.escape(_reason(request))}(?![\w-])")
        for found in self._list("/buildsets", "buildsets", {"reason__contains": request.action_id}):
            if whole.search(str(found.get("reason", ""))):
                return self._run(found)
        return None

    def follow(self, run_id: str) -> Run:
        if not run_id.isdigit():
            raise PermanentDelivery(f"{run_id!r} is not the number of a build set", "malformed")
        return self._run(self._list(f"/buildsets/{run_id}", "buildsets", {})[0])

    def cancel(self, run_id: str) -> Run:
        run = self.follow(run_id)
        if run.ended:
            return run
        for asked in self._requests(run_id):
            if not asked.get("complete"):
                # It stops the builds of the request as well.
                cancelled = {"reason": "cancelled by Driftline"}
                self._control(f"/buildrequests/{int(asked['buildrequestid'])}", "cancel", cancelled)
        return self.follow(run_id)

    def close(self) -> None:
        self._api.close()

    def _run(self, found: Mapping[str, Any]) -> Run:
        run_id = str(found.get("bsid", ""))
        requests = self._requests(run_id)
        state: RunState
        if found.get("complete"):
            state = RESULTS.get(found.get("results"), "unknown")
        else:
            state = "running" if any(asked.get("claimed") for asked in requests) else "queued"
        page = self._page({"": requests[0].get("buildrequestid")} if requests else None)
        return Run(run_id, page, state, {"results": found.get("results")})

    def _page(self, requests: object) -> str:
        """The page of the first build request, which leads on to its build."""
        if not isinstance(requests, dict) or not requests:
            return ""
        return f"{self._url}/#/buildrequests/{next(iter(requests.values()))}"

    def _requests(self, run_id: str) -> list[dict[str, Any]]:
        return self._list("/buildrequests", "buildrequests", {"buildsetid": run_id})

    def _list(self, path: str, name: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        response = self._api.send("GET", f"/api/v2{path}", params=params)
        return objects(self._api.read_object(response).get(name), response)

    def _control(self, path: str, method: str, params: Mapping[str, Any]) -> object:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        response = self._posted(f"/api/v2{path}", call)
        if response.status_code >= 400:
            raise PermanentDelivery(
                f"Buildbot refused to {method} at {path}: {response.text[:300]!r}",
                "misconfigured" if str(INVALID_PARAMS) in response.text else "rejected",
            )
        return self._api.read_object(response).get("result")

    def _posted(self, path: str, call: Mapping[str, Any]) -> httpx2.Response:
        """The answer to a call with a session, renewed once when it has ended: a refusal is no act."""
        if self._login is None:
            return self._api.send("POST", path, json=call, accept=(400, 404))
        if self._in_session:
            try:
                return self._api.send("POST", path, json=call, accept=(400, 404))
            except PermanentDelivery as error:
                if error.reason != "unauthorized":
                    raise
        # The session is a cookie, which the client keeps.
        self._api.send("GET", "/auth/login", basic=self._login, accept=(302,))
        self._in_session = True
        return self._api.send("POST", path, json=call, accept=(400, 404))


def _reason(request: PipelineRequest) -> str:
    return f"{request.type} {request.action_id}"
