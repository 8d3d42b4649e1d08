"""What a person writes of a GitLab project whose pipeline is to be started."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from driftline.secret_source import SecretSource
from integrations.gitlab.hook import GitlabHook
from integrations.hookspecs import Ability
from integrations.json_api import ApiConfig


class GitlabConfig(ApiConfig):
    """A pipeline trigger starts the run; only with an API token can it be found, followed and cancelled."""

    kind: Literal["gitlab"] = "gitlab"
    url: str = Field(default="https://gitlab.com", description="The server's address.", validate_default=True)
    project: str = Field(min_length=1, description="Number of the project, or its path such as `team/ocr`.")
    ref: str = Field(default="main", min_length=1, description="Branch or tag whose pipeline runs.")
    trigger_token: SecretSource = Field(description="The project's pipeline trigger token.")
    api_token: SecretSource | None = Field(
        default=None, description="Access token with scope `api` and the right to read pipeline variables."
    )

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel"})

    @property
    def displayed(self) -> str:
        return f"{self.url}/{self.project}"

    def connect(self) -> GitlabHook:
        api_token = None if self.api_token is None else self.api_token.read()
        headers = {} if api_token is None else {"private-token": api_token.get_secret_value()}
        return GitlabHook(
            self.api(headers=headers),
            self.project,
            self.ref,
            self.trigger_token.read(),
            known=api_token is not None,
        )
