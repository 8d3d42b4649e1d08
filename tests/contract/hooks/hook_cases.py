"""Every hook of a CI server or orchestrator, with a stand-in for it: what the sweeps go over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import orjson

from integrations.hookspecs import HookConfig, PipelineHook, PipelineRequest
from integrations.table import hook_config
from tests.contract.hooks.ci_stand_ins import Github, Gitlab, Jenkins
from tests.contract.hooks.kubernetes_stand_ins import ArgoWorkflows, Kubeflow
from tests.contract.hooks.orchestrator_stand_ins import Airflow, Buildbot
from tests.contract.hooks.target_server import StandIn, TargetServer, target_server

SECRETS = {
    "GITLAB_TRIGGER": "gltrigger-1",
    "GITLAB_API": "glpat-1",
    "GITHUB_TOKEN": "ghp-1",
    "JENKINS_TOKEN": "jk-1",
    "AIRFLOW_PASSWORD": "af-1",
    "BUILDBOT_PASSWORD": "bb-1",
    "ARGO_TOKEN": "argo-1",
    "KUBEFLOW_TOKEN": "kfp-1",
}


class Pipeline(StandIn, Protocol):
    """A stand-in that can be asked and moved on by a test."""

    def runs(self, action_id: str) -> int: ...

    def become(self, said: str) -> None: ...


@dataclass(frozen=True)
class Case:
    """A kind of hook as it is configured, its stand-in, and what its target's words mean."""

    kind: str
    settings: Mapping[str, Any]
    stand_in: Callable[[], Pipeline]
    words: Mapping[str, str]
    name: str = ""


@dataclass(frozen=True)
class Setup:
    """A hook connected to its stand-in."""

    config: HookConfig
    hook: PipelineHook
    server: TargetServer
    target: Pipeline


GITHUB_WORDS = {
    "queued": "queued",
    "in_progress": "running",
    "success": "succeeded",
    "failure": "failed",
    "timed_out": "failed",
    "skipped": "cancelled",
    "a new word": "unknown",
}
AIRFLOW_WORDS = {"queued": "queued", "running": "running", "success": "succeeded", "failed": "failed"}
AIRFLOW = {"dag": "retrain", "user": "driftline", "password": {"env": "AIRFLOW_PASSWORD"}}
GITHUB = {"repository": "team/ocr", "token": {"env": "GITHUB_TOKEN"}, "run_name_has_action_id": True}

CASES = (
    Case(
        "gitlab",
        {
            "project": "team/ocr",
            "trigger_token": {"env": "GITLAB_TRIGGER"},
            "api_token": {"env": "GITLAB_API"},
        },
        Gitlab,
        {
            "created": "queued",
            "manual": "queued",
            "running": "running",
            "success": "succeeded",
            "failed": "failed",
            "skipped": "cancelled",
            "a new word": "unknown",
        },
    ),
    Case("github_dispatch", GITHUB, Github, GITHUB_WORDS),
    Case(
        "github_workflow",
        {**GITHUB, "workflow": "retrain.yml", "inputs": ["DRIFTLINE_ACTION_ID", "DRIFTLINE_MODEL"]},
        Github,
        GITHUB_WORDS,
    ),
    Case(
        "jenkins",
        {"job": "team/retrain", "user": "driftline", "api_token": {"env": "JENKINS_TOKEN"}},
        Jenkins,
        {
            "waiting": "queued",
            "building": "running",
            "SUCCESS": "succeeded",
            "UNSTABLE": "failed",
            "FAILURE": "failed",
            "NOT_BUILT": "cancelled",
            "A_NEW_WORD": "unknown",
        },
    ),
    Case("airflow", {**AIRFLOW, "version": 2}, partial(Airflow, 2), AIRFLOW_WORDS, "airflow2"),
    Case("airflow", {**AIRFLOW, "version": 3}, partial(Airflow, 3), AIRFLOW_WORDS, "airflow3"),
    Case(
        "buildbot",
        {"scheduler": "force-retrain", "user": "driftline", "password": {"env": "BUILDBOT_PASSWORD"}},
        Buildbot,
        {
            "waiting": "queued",
            "claimed": "running",
            "0": "succeeded",
            "1": "succeeded",
            "2": "failed",
            "6": "cancelled",
        },
    ),
    Case(
        "argo_workflows",
        {"namespace": "ml", "template": "retrain", "token": {"env": "ARGO_TOKEN"}},
        ArgoWorkflows,
        {
            "Pending": "queued",
            "Running": "running",
            "Succeeded": "succeeded",
            "Failed": "failed",
            "Error": "failed",
            "A new word": "unknown",
        },
    ),
    Case(
        "kubeflow",
        {
            "experiment": "exp-1",
            "pipeline": "pipe-1",
            "version": "v-1",
            "parameters": ["DRIFTLINE_MODEL", "DRIFTLINE_LINEAGE"],
            "token": {"env": "KUBEFLOW_TOKEN"},
        },
        Kubeflow,
        {
            "PENDING": "queued",
            "RUNNING": "running",
            "PAUSED": "running",
            "SUCCEEDED": "succeeded",
            "SKIPPED": "cancelled",
            "FAILED": "failed",
            "CANCELING": "cancelled",
            "CANCELED": "cancelled",
            "A_NEW_WORD": "unknown",
        },
    ),
)


def request_for(action_id: str = "ac-1") -> PipelineRequest:
    """A request to retrain ``ocr``, version 3."""
    body = {
        "type": "retrain.requested",
        "timestamp": "2026-11-01T12:00:00+00:00",
        "data": {"action_id": action_id, "model": "ocr", "version": "3", "lineage": {"dataset": "d1"}},
    }
    return PipelineRequest(action_id, orjson.dumps(body).decode())


@contextmanager
def connected(case: Case, stand_in: Pipeline | None = None, **changed: Any) -> Iterator[Setup]:
    """A hook and its target until the block ends; secrets are in the environment already."""
    target = case.stand_in() if stand_in is None else stand_in
    with target_server(target) as server:
        written = {"kind": case.kind, "url": server.url, "timeout_seconds": 0.25, **case.settings, **changed}
        config = hook_config(case.kind).model_validate(written)
        hook = config.connect()
        try:
            yield Setup(config, hook, server, target)
        finally:
            hook.close()
