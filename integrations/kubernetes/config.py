"""What a person writes of a Job that is to be run in a Kubernetes cluster."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from integrations.hookspecs import Ability
from integrations.kubernetes.action_objects import ActionObjects
from integrations.kubernetes.cluster import ClusterConfig
from integrations.kubernetes.hook import KubernetesJobHook


class KubernetesJobConfig(ClusterConfig):
    """A Job (batch/v1) made from a template; its name is derived from the action's id."""

    kind: Literal["kubernetes"] = "kubernetes"
    template: dict[str, Any] = Field(description="The Job's `spec`, as in a manifest.")

    abilities: ClassVar[frozenset[Ability]] = frozenset({"find", "follow", "cancel", "deduplicate"})

    @field_validator("template")
    @classmethod
    def _has_containers(cls, template: dict[str, Any]) -> dict[str, Any]:
        try:
            containers = template["template"]["spec"]["containers"]
        except (KeyError, TypeError):
            containers = None
        if (
            not isinstance(containers, list)
            or not containers
            or not all(isinstance(one, dict) and isinstance(one.get("env", []), list) for one in containers)
        ):
            raise ValueError("template must be a Job's spec with a list template.spec.containers")
        return template

    @property
    def displayed(self) -> str:
        return f"{self.url}/namespaces/{self.namespace}/jobs"

    def connect(self) -> KubernetesJobHook:
        jobs = ActionObjects(self.api(bearer=self.token), "batch/v1", "Job", self.namespace)
        return KubernetesJobHook(jobs, self.template)
