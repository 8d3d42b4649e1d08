"""Every hook by its kind; a kind's code is loaded when a target of it is configured."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from driftline.errors import InvalidInput
from integrations.hookspecs import HookConfig

HOOKS: Final[Mapping[str, str]] = {
    "airflow": "integrations.airflow.config:AirflowConfig",
    "argo_workflows": "integrations.argo_workflows.config:ArgoWorkflowsConfig",
    "buildbot": "integrations.buildbot.config:BuildbotConfig",
    "github_dispatch": "integrations.github.config:GithubDispatchConfig",
    "github_workflow": "integrations.github.config:GithubWorkflowConfig",
    "gitlab": "integrations.gitlab.config:GitlabConfig",
    "jenkins": "integrations.jenkins.config:JenkinsConfig",
    "kubeflow": "integrations.kubeflow.config:KubeflowConfig",
    "kubernetes": "integrations.kubernetes.config:KubernetesJobConfig",
    "webhook": "integrations.webhook.config:WebhookConfig",
}
"""Kind of target: module and class of its :class:`HookConfig`, ``module:Class``."""


def hook_config(kind: str) -> type[HookConfig]:
    """The configuration class of a kind; :class:`InvalidInput` when there is none."""
    try:
        module, _, name = HOOKS[kind].partition(":")
    except KeyError:
        known = ", ".join(sorted(HOOKS))
        raise InvalidInput(f"pipeline kind {kind!r} is unknown: one of {known}") from None
    config: type[HookConfig] = getattr(import_module(module), name)
    return config
