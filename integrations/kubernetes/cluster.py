"""What a person writes of a cluster in which objects are to be created."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field

from driftline.secret_source import SecretSource
from integrations.json_api import ApiConfig

NAMESPACE: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its own token and the cluster's certificates."""


class ClusterConfig(ApiConfig):
    """A namespace of a cluster, and the token that may create objects in it."""

    url: str = Field(default="https://kubernetes.default.svc", description="The API server's address.")
    namespace: str = Field(pattern=NAMESPACE, description="The namespace.")
    token: SecretSource = Field(
        default=SecretSource(file=SERVICE_ACCOUNT / "token"), description="Bearer token; the pod's own."
    )
