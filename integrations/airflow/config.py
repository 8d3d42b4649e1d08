"""What a person writes of an Airflow DAG that is to be run."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from driftline.secret_source import SecretSource
from integrations.airflow.hook import AirflowHook
from integrations.airflow.session import AirflowSession
from integrations.hookspecs import Ability
from integrations.json_api import ApiConfig


class AirflowConfig(ApiConfig):
    """A DAG of Airflow 2 or 3; the name of its run is the action's id."""

    kind: Literal["airflow"] = "airflow"
    version: Literal[2, 3] = Field(default=3, description="Airflow's major version.")
    dag: str = Field(min_length=1, description="The DAG's id.")
    user: str | None = Field(default=None, description="User that may trigger the DAG.")
    password: SecretSource | None = Field(default=None, description="That user's password.")
    token: SecretSource | None = Field(default=None, description="A bearer token, instead of a user.")

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel", "deduplicate"})

    @model_validator(mode="after")
    def _one_way_in(self) -> AirflowConfig:
        if (self.user is None) != (self.password is None) or (self.user is None) == (self.token is None):
            raise ValueError("give either `user` and `password`, or `token`")
        return self

    @property
    def displayed(self) -> str:
        return f"{self.url}/dags/{self.dag}"

    def connect(self) -> AirflowHook:
        if self.token is not None:
            session = AirflowSession(self.api(), token=self.token.read())
        else:
            assert self.user is not None
            assert self.password is not None
            login = (self.user, self.password.read().get_secret_value())
            if self.version == 2:
                session = AirflowSession(self.api(basic=login))
            else:
                session = AirflowSession(self.api(), login=login)
        return AirflowHook(session, self.url, self.version, self.dag)
