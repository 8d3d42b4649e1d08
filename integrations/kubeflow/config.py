"""What a person writes of a Kubeflow pipeline that is to be run."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from driftline.secret_source import SecretSource
from integrations.hookspecs import PARAMETERS, Ability
from integrations.json_api import ApiConfig
from integrations.kubeflow.hook import KubeflowHook


class KubeflowConfig(ApiConfig):
    """A pipeline of Kubeflow Pipelines 2; the display name of its run has the action's id."""

    kind: Literal["kubeflow"] = "kubeflow"
    url: str = Field(description="The pipelines' address, such as `https://kubeflow.example/pipeline`.")
    experiment: str = Field(min_length=1, description="Id of the experiment that gets the runs.")
    pipeline: str = Field(min_length=1, description="The pipeline's id.")
    version: str | None = Field(
        default=None, min_length=1, description="Id of the pipeline's version; by default the newest."
    )
    parameters: tuple[str, ...] = Field(
        default=PARAMETERS, description="The parameters that the pipeline takes, of those Driftline can give."
    )
    token: SecretSource | None = Field(
        default=None, description="Bearer token, such as of a service account; none where none is asked."
    )

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel"})

    @field_validator("parameters")
    @classmethod
    def _known_parameters(cls, parameters: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(parameters) - set(PARAMETERS))
        if unknown:
            raise ValueError(f"parameters {', '.join(unknown)} are unknown: any of {', '.join(PARAMETERS)}")
        return parameters

    @property
    def displayed(self) -> str:
        return f"{self.url}/#/pipelines/details/{self.pipeline}"

    def connect(self) -> KubeflowHook:
        reference = {"pipeline_id": self.pipeline}
        if self.version is not None:
            reference["pipeline_version_id"] = self.version
        return KubeflowHook(
            self.api(bearer=self.token), self.url, self.experiment, reference, frozenset(self.parameters)
        )
