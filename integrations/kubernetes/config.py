"""What a person writes of a Job that is to be run in a Kubernetes cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from driftline.secret_source import SecretSource
from integrations.hookspecs import Ability
from integrations.json_api import ApiConfig
from integrations.kubernetes.hook import KubernetesJobHook

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its own token and the cluster's certificates."""


class KubernetesJobConfig(ApiConfig):
    """A Job (batch/v1) made from a template; its name is derived from the action's id."""

    kind: Literal["kubernetes"] = "kubernetes"
    url: str = Field(default="https://kubernetes.default.svc", description="The API server's address.")
    namespace: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", description="The namespace.")
    token: SecretSource = Field(
        default=SecretSource(file=SERVICE_ACCOUNT / "token"), description="Bearer token; the pod's own."
    )
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
        self.token.read()
        return KubernetesJobHook(self.api(), self.token, self.namespace, self.template)
