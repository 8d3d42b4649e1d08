"""Start one GitHub workflow by a ``workflow_dispatch`` event."""

from __future__ import annotations

from collections.abc import Collection

from integrations.github.runs import GithubRuns
from integrations.hookspecs import Ability, PipelineRequest, Run
from integrations.json_api import field_of, segment

EVENT = "workflow_dispatch"


class GithubWorkflowHook:
    """The event is answered with the id of the run (``return_run_details``).

    Parameters
    ----------
    inputs
        Those that the workflow declares; GitHub refuses any other.
    named
        Whether the workflow's ``run-name`` contains ``inputs.DRIFTLINE_ACTION_ID`` as a word.
    """

    def __init__(
        self, runs: GithubRuns, workflow: str, ref: str, inputs: Collection[str], *, named: bool
    ) -> None:
        self._runs = runs
        self._workflow = workflow
        self._ref = ref
        self._inputs = inputs
        self._named = named

    @property
    def abilities(self) -> frozenset[Ability]:
        by_id = frozenset[Ability]({"follow", "cancel"})
        return by_id | {"find"} if self._named else by_id

    def trigger(self, request: PipelineRequest) -> Run:
        inputs = {name: value for name, value in request.parameters().items() if name in self._inputs}
        response = self._runs.post(
            f"/actions/workflows/{segment(self._workflow)}/dispatches",
            json={"ref": self._ref, "inputs": inputs, "return_run_details": True},
        )
        if response.status_code == 204:
            # A server that is older than return_run_details.
            return Run("", "", "queued")
        found = self._runs.read_object(response)
        run_id = field_of(found, "workflow_run_id", "the dispatch")
        return Run(str(run_id), str(found.get("html_url") or ""), "queued")

    def find(self, request: PipelineRequest) -> Run | None:
        if not self._named:
            raise NotImplementedError
        return self._runs.named(request, EVENT)

    def follow(self, run_id: str) -> Run:
        return self._runs.follow(run_id)

    def cancel(self, run_id: str) -> Run:
        return self._runs.cancel(run_id)

    def close(self) -> None:
        self._runs.close()
