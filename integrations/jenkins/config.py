"""What a person writes of a Jenkins job that is to be built."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from driftline.secret_source import SecretSource
from integrations.hookspecs import Ability
from integrations.jenkins.hook import JenkinsHook
from integrations.json_api import ApiConfig


class JenkinsConfig(ApiConfig):
    """A job with the parameter ``DRIFTLINE_ACTION_ID``, and of the others those that it wants."""

    kind: Literal["jenkins"] = "jenkins"
    job: str = Field(
        pattern=r"^[^/]+(/[^/]+)*$", description="The job's name, folders before it: `team/retrain`."
    )
    user: str = Field(min_length=1, description="The user whose API token it is.")
    api_token: SecretSource = Field(description="That user's API token.")

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel"})

    @property
    def displayed(self) -> str:
        return f"{self.url}/{self.job}"

    def connect(self) -> JenkinsHook:
        token = self.api_token.read().get_secret_value()
        return JenkinsHook(self.api(basic=(self.user, token)), self.job)
