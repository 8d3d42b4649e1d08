"""What a person writes of a Buildbot force scheduler that is to start a build."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from driftline.secret_source import SecretSource
from integrations.buildbot.hook import BuildbotHook
from integrations.hookspecs import Ability
from integrations.json_api import ApiConfig


class BuildbotConfig(ApiConfig):
    """A force scheduler; its ``reasonString`` must contain the reason, as it does by default."""

    kind: Literal["buildbot"] = "buildbot"
    scheduler: str = Field(min_length=1, description="The force scheduler's name.")
    builder: str | None = Field(
        default=None, min_length=1, description="Which of the scheduler's builders; by default all of them."
    )
    user: str | None = Field(default=None, description="User that may force builds, where that is asked.")
    password: SecretSource | None = Field(default=None, description="That user's password.")

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel"})

    @model_validator(mode="after")
    def _whole_login(self) -> BuildbotConfig:
        if (self.user is None) != (self.password is None):
            raise ValueError("give both `user` and `password`, or neither")
        return self

    @property
    def displayed(self) -> str:
        return f"{self.url}/{self.scheduler}"

    def connect(self) -> BuildbotHook:
        login = None
        if self.user is not None and self.password is not None:
            login = (self.user, self.password.read().get_secret_value())
        return BuildbotHook(self.api(), self.url, self.scheduler, self.builder, login)
