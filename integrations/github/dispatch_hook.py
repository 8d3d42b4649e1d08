"""Start GitHub workflows by a ``repository_dispatch`` event."""

from __future__ import annotations

from integrations.github.runs import GithubRuns
from integrations.hookspecs import Ability, PipelineRequest, Run

EVENT = "repository_dispatch"


class GithubDispatchHook:
    """The event is answered without a run id: the run is found by its name.

    Parameters
    ----------
    event_type
        By default the request's type.
    named
        Whether the workflow's ``run-name`` contains ``github.event.client_payload.action_id`` as a word.
    """

    def __init__(self, runs: GithubRuns, event_type: str | None, *, named: bool) -> None:
        self._runs = runs
        self._event_type = event_type
        self._named = named

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset[Ability]({"find", "follow", "cancel"}) if self._named else frozenset[Ability]()

    def trigger(self, request: PipelineRequest) -> Run:
        # A payload may have ten keys at the top: all but the id is one of them.
        payload = {
            "action_id": request.action_id,
            "request": {"type": request.type, "data": dict(request.data)},
        }
        self._runs.post(
            "/dispatches", json={"event_type": self._event_type or request.type, "client_payload": payload}
        )
        return Run("", "", "queued")

    def find(self, request: PipelineRequest) -> Run | None:
        self._must_be_named()
        return self._runs.named(request, EVENT)

    def follow(self, run_id: str) -> Run:
        self._must_be_named()
        return self._runs.follow(run_id)

    def cancel(self, run_id: str) -> Run:
        self._must_be_named()
        return self._runs.cancel(run_id)

    def close(self) -> None:
        self._runs.close()

    def _must_be_named(self) -> None:
        if not self._named:
            raise NotImplementedError
