"""Start a GitLab pipeline by its trigger, and look for it again by its variables.

A trigger drops no repetition. The pipelines that triggers started since the request was made are listed, and
their variables read, until the action's id is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import SecretStr

from driftline.errors import PermanentDelivery
from integrations.hookspecs import Ability, PipelineRequest, Run, RunState
from integrations.json_api import JsonApi, field_of, segment
from integrations.requested_at import earliest

STATES: Final[Mapping[str, RunState]] = {
    "created": "queued",
    "waiting_for_resource": "queued",
    "preparing": "queued",
    "pending": "queued",
    "scheduled": "queued",
    "manual": "queued",
    "running": "running",
    "canceling": "running",
    "success": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
    "skipped": "cancelled",
}

PAGE: Final = 50
MOST_PAGES: Final = 10


class GitlabHook:
    """Pipelines of one project and ref.

    Parameters
    ----------
    known
        Whether ``api`` carries an access token, without which pipelines cannot be read.
    """

    def __init__(
        self, api: JsonApi, project: str, ref: str, trigger_token: SecretStr, *, known: bool
    ) -> None:
        self._api = api
        self._pipelines = f"/api/v4/projects/{segment(project)}"
        self._ref = ref
        self._trigger_token = trigger_token
        self._known = known

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset[Ability]({"find", "follow", "cancel"}) if self._known else frozenset[Ability]()

    def trigger(self, request: PipelineRequest) -> Run:
        variables = {f"variables[{name}]": value for name, value in request.parameters().items()}
        form = {"token": self._trigger_token.get_secret_value(), "ref": self._ref, **variables}
        found = self._api.object("POST", f"{self._pipelines}/trigger/pipeline", form=form)
        field_of(found, "id", "the trigger")
        return _run(found)

    def find(self, request: PipelineRequest) -> Run | None:
        self._must_know()
        for pipeline in self._triggered(request):
            variables = self._api.array("GET", f"{self._pipelines}/pipelines/{int(pipeline['id'])}/variables")
            if any(
                (variable.get("key"), variable.get("value")) == ("DRIFTLINE_ACTION_ID", request.action_id)
                for variable in variables
            ):
                return _run(pipeline)
        return None

    def follow(self, run_id: str) -> Run:
        self._must_know()
        return _run(self._api.object("GET", f"{self._pipelines}/pipelines/{segment(run_id)}"))

    def cancel(self, run_id: str) -> Run:
        self._must_know()
        return _run(self._api.object("POST", f"{self._pipelines}/pipelines/{segment(run_id)}/cancel"))

    def close(self) -> None:
        self._api.close()

    def _must_know(self) -> None:
        if not self._known:
            raise NotImplementedError

    def _triggered(self, request: PipelineRequest) -> Iterator[dict[str, Any]]:
        """Pipelines that triggers started since the request was made, newest first."""
        params = {
            "source": "trigger",
            "ref": self._ref,
            "order_by": "id",
            "sort": "desc",
            "per_page": str(PAGE),
        }
        since = earliest(request)
        if since is not None:
            params["updated_after"] = since.isoformat()
        for page in range(1, MOST_PAGES + 1):
            pipelines = self._api.array(
                "GET", f"{self._pipelines}/pipelines", params={**params, "page": str(page)}
            )
            yield from (pipeline for pipeline in pipelines if isinstance(pipeline.get("id"), int))
            if len(pipelines) < PAGE:
                return
        raise PermanentDelivery(
            f"more than {PAGE * MOST_PAGES} pipelines were triggered since {since}: whether "
            f"{request.action_id} is among them is not known; look for it by hand, then redo it or leave it",
            "rejected",
        )


def _run(pipeline: Mapping[str, Any]) -> Run:
    said = str(pipeline.get("status", ""))
    return Run(
        str(pipeline.get("id", "")),
        str(pipeline.get("web_url") or ""),
        STATES.get(said, "unknown"),
        {"status": said},
    )
