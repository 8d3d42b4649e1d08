"""The runs of GitHub workflows in one repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx2

from driftline.errors import PermanentDelivery, RetryableDelivery
from integrations.hookspecs import PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, objects, segment
from integrations.requested_at import earliest

CONCLUSIONS: Final[Mapping[str, RunState]] = {
    "success": "succeeded",
    "neutral": "succeeded",
    "failure": "failed",
    "timed_out": "failed",
    "startup_failure": "failed",
    "action_required": "failed",
    "stale": "cancelled",
    "cancelled": "cancelled",
    "skipped": "cancelled",
}

PAGE: Final = 100
MOST_PAGES: Final = 10
"""GitHub lists no more than 1,000 runs of a search."""


class GithubRuns:
    """Dispatches events in a repository, and reads and cancels the runs they start."""

    def __init__(self, api: JsonApi, repository: str) -> None:
        self._api = api
        self._base = f"/repos/{repository}"

    def post(self, path: str, *, json: Any = None, accept: tuple[int, ...] = ()) -> httpx2.Response:
        """Post to a path of the repository."""
        return self._send("POST", path, json=json, accept=accept)

    def read_object(self, response: httpx2.Response) -> dict[str, Any]:
        """The JSON object in an answer."""
        return self._api.read_object(response)

    def named(self, request: PipelineRequest, event: str) -> Run | None:
        """The run of that event whose name contains the action's id, or ``None``."""
        params = {"event": event, "per_page": str(PAGE)}
        since = earliest(request)
        if since is not None:
            params["created"] = f">={since.strftime('%Y-%m-%dT%H:%M:%S+00:00')}"
        whole = re.compile(rf"(?<![\w-]){re.escape(request.action_id)}(?![\w-])")
        for page in range(1, MOST_PAGES + 1):
            response = self._send("GET", "/actions/runs", params={**params, "page": str(page)})
            runs = objects(self._api.read_object(response).get("workflow_runs"), response)
            for run in runs:
                if whole.search(str(run.get("display_title") or "")):
                    return _run(run)
            if len(runs) < PAGE:
                return None
        raise PermanentDelivery(
            f"more than {PAGE * MOST_PAGES} runs were started by {event} since {since}: whether "
            f"{request.action_id} is among them is not known; look for it by hand, then redo it or leave it",
            "rejected",
        )

    def follow(self, run_id: str) -> Run:
        """The run as it is now."""
        return _run(self._api.read_object(self._send("GET", f"/actions/runs/{segment(run_id)}")))

    def cancel(self, run_id: str) -> Run:
        """Ask for the run's end; 409 says that it has ended already."""
        self.post(f"/actions/runs/{segment(run_id)}/cancel", accept=(409,))
        return self.follow(run_id)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _send(self, method: str, path: str, *, accept: tuple[int, ...] = (), **call: Any) -> httpx2.Response:
        response = self._api.send(method, self._base + path, accept=(403, *accept), **call)
        if response.status_code != 403:
            return response
        # GitHub says 403 both of a token that may not and of one that asked too often.
        said = f"{self._base} answered 403: {response.text[:200]!r}"
        after = response.headers.get("retry-after", "")
        if after.isdigit():
            raise RetryableDelivery(said, "rate_limited", min(float(after), 86400.0))
        if response.headers.get("x-ratelimit-remaining") == "0":
            raise RetryableDelivery(said, "rate_limited")
        raise PermanentDelivery(f"{said}; check the token in its settings", "unauthorized")


def _run(found: Mapping[str, Any]) -> Run:
    status, conclusion = str(found.get("status", "")), str(found.get("conclusion") or "")
    state: RunState
    if status == "completed":
        state = CONCLUSIONS.get(conclusion, "unknown")
    elif status == "in_progress":
        state = "running"
    elif status in ("queued", "waiting", "requested", "pending"):
        state = "queued"
    else:
        state = "unknown"
    return Run(
        str(found.get("id", "")),
        str(found.get("html_url") or ""),
        state,
        {"status": status, "conclusion": conclusion},
    )
