"""What a person writes of a GitHub repository whose workflow is to be started."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from driftline.secret_source import SecretSource
from integrations.github.dispatch_hook import GithubDispatchHook
from integrations.github.runs import GithubRuns
from integrations.github.workflow_hook import GithubWorkflowHook
from integrations.hookspecs import PARAMETERS, Ability
from integrations.json_api import ApiConfig


class GithubConfig(ApiConfig):
    """A repository, its token, and whether its runs can be told apart by their name."""

    url: str = Field(
        default="https://api.github.com", description="The API's address.", validate_default=True
    )
    repository: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", description="`owner/name`.")
    token: SecretSource = Field(description="Token that may dispatch, and read and write actions.")
    run_name_has_action_id: bool = Field(
        default=False,
        description="Whether the workflow's `run-name` has the action's id: only then is a run found.",
    )

    @property
    def displayed(self) -> str:
        return f"{self.url}/repos/{self.repository}"

    def _runs(self) -> GithubRuns:
        headers = {
            "authorization": f"Bearer {self.token.read().get_secret_value()}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }
        return GithubRuns(self.api(headers=headers), self.repository)


class GithubDispatchConfig(GithubConfig):
    """A ``repository_dispatch`` event; it answers without a run id."""

    kind: Literal["github_dispatch"] = "github_dispatch"
    event_type: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="The event's type; by default the request's, such as `retrain.requested`.",
    )

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel"})

    def connect(self) -> GithubDispatchHook:
        return GithubDispatchHook(self._runs(), self.event_type, named=self.run_name_has_action_id)


class GithubWorkflowConfig(GithubConfig):
    """A ``workflow_dispatch`` event; it answers with the id of the run."""

    kind: Literal["github_workflow"] = "github_workflow"
    workflow: str = Field(
        min_length=1, description="The workflow's file name, such as `retrain.yml`, or its id."
    )
    ref: str = Field(default="main", min_length=1, description="Branch or tag whose workflow runs.")
    inputs: tuple[str, ...] = Field(
        default=PARAMETERS, description="The inputs that the workflow declares, of those Driftline can give."
    )

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel"})

    @field_validator("inputs")
    @classmethod
    def _known_inputs(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(inputs) - set(PARAMETERS))
        if unknown:
            raise ValueError(f"inputs {', '.join(unknown)} are unknown: any of {', '.join(PARAMETERS)}")
        if "DRIFTLINE_ACTION_ID" not in inputs:
            raise ValueError(
                "inputs must contain DRIFTLINE_ACTION_ID: without it a run cannot be told from another"
            )
        return inputs

    def connect(self) -> GithubWorkflowHook:
        return GithubWorkflowHook(
            self._runs(), self.workflow, self.ref, self.inputs, named=self.run_name_has_action_id
        )
