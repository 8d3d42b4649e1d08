"""What a person writes of an Argo workflow template that is to be submitted."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from driftline.secret_source import SecretSource
from integrations.argo_workflows.hook import ArgoWorkflowsHook
from integrations.hookspecs import Ability
from integrations.json_api import ApiConfig
from integrations.kubernetes.cluster import NAMESPACE


class ArgoWorkflowsConfig(ApiConfig):
    """A template at an Argo server; the workflow's name is derived from the action's id."""

    kind: Literal["argo_workflows"] = "argo_workflows"
    namespace: str = Field(pattern=NAMESPACE, description="The namespace in which the workflow runs.")
    template: str = Field(min_length=1, description="The template's name.")
    template_kind: Literal["WorkflowTemplate", "ClusterWorkflowTemplate"] = Field(
        default="WorkflowTemplate", description="Whether the template is the namespace's or the cluster's."
    )
    token: SecretSource | None = Field(
        default=None,
        description="Bearer token that may submit, get and terminate workflows; none in auth mode `server`.",
    )

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel", "deduplicate"})

    @property
    def displayed(self) -> str:
        return f"{self.url}/workflow-templates/{self.namespace}/{self.template}"

    def connect(self) -> ArgoWorkflowsHook:
        return ArgoWorkflowsHook(
            self.api(bearer=self.token), self.url, self.namespace, self.template_kind, self.template
        )
