"""A Job hook against a Kubernetes API that keeps objects and refuses a second one of a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from driftline.errors import AmbiguousDelivery, PermanentDelivery
from driftline.secret_source import SecretSource
from integrations.hookspecs import PipelineRequest
from integrations.kubernetes.config import KubernetesJobConfig
from integrations.kubernetes.hook import KubernetesJobHook
from integrations.kubernetes.object_name import object_name
from tests.contract.hooks.target_server import Answer, Call, TargetServer, target_server

REQUEST = PipelineRequest("ac_1", '{"type": "retrain.requested", "data": {"model": "ocr", "version": "3"}}')


class FakeKubernetes:
    """Jobs by name; answers as an API server does."""

    trigger_path = "/jobs"

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != "Bearer tok":
            return Answer(401, {"kind": "Status", "code": 401})
        if call.method == "POST":
            name = call.json["metadata"]["name"]
            if name in self.jobs:
                return Answer(409, {"kind": "Status", "reason": "AlreadyExists"})
            self.jobs[name] = call.json
            return Answer(201, call.json)
        job = self.jobs.get(call.path[-1])
        if job is None:
            return Answer(404, {"kind": "Status", "reason": "NotFound"})
        if call.method == "PATCH":
            if call.headers["content-type"] != "application/merge-patch+json":
                return Answer(415, {"kind": "Status"})
            job["spec"].update(call.json["spec"])
        return Answer(200, job)


@pytest.fixture
def cluster() -> FakeKubernetes:
    return FakeKubernetes()


@pytest.fixture
def server(cluster: FakeKubernetes) -> Iterator[TargetServer]:
    with target_server(cluster) as running:
        yield running


@pytest.fixture
def hook(server: TargetServer, tmp_path: Path) -> Iterator[KubernetesJobHook]:
    (tmp_path / "token").write_text("tok")
    made = KubernetesJobConfig(
        url=server.url,
        namespace="ml",
        timeout_seconds=0.2,
        token=SecretSource(file=tmp_path / "token"),
        template={"template": {"spec": {"containers": [{"name": "train", "image": "t:1"}]}}},
    ).connect()
    yield made
    made.close()


def test_a_repetition_is_the_same_job(hook: KubernetesJobHook, cluster: FakeKubernetes) -> None:
    assert hook.find(REQUEST) is None
    assert hook.trigger(REQUEST) == hook.trigger(REQUEST)
    (job,) = cluster.jobs.values()
    variables = {one["name"]: one["value"] for one in job["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert variables["DRIFTLINE_ACTION_ID"] == "ac_1"


@pytest.mark.parametrize("fault", ["lost", "slow"])
def test_a_lost_reply_is_ambiguous_and_the_job_is_found(
    hook: KubernetesJobHook, server: TargetServer, fault: Any
) -> None:
    server.trigger_fault = fault
    with pytest.raises(AmbiguousDelivery):
        hook.trigger(REQUEST)
    run = hook.find(REQUEST)
    assert run is not None
    assert run.run_id == object_name("ac_1")


def test_a_job_of_somebody_else_is_not_taken(hook: KubernetesJobHook, cluster: FakeKubernetes) -> None:
    cluster.jobs[object_name("ac_1")] = {"metadata": {"name": object_name("ac_1")}}
    with pytest.raises(PermanentDelivery, match="not of action"):
        hook.trigger(REQUEST)


@pytest.mark.parametrize(("condition", "state"), [("Complete", "succeeded"), ("Failed", "failed")])
def test_the_outcome_is_read_from_the_conditions(
    hook: KubernetesJobHook, cluster: FakeKubernetes, condition: str, state: str
) -> None:
    run = hook.trigger(REQUEST)
    assert run.state == "queued"
    cluster.jobs[run.run_id]["status"] = {"active": 1}
    assert hook.follow(run.run_id).state == "running"
    cluster.jobs[run.run_id]["status"] = {"conditions": [{"type": condition, "status": "True"}]}
    assert hook.follow(run.run_id).state == state
    assert hook.cancel(run.run_id).state == state


def test_a_cancelled_job_stays_known(hook: KubernetesJobHook) -> None:
    run = hook.trigger(REQUEST)
    assert hook.cancel(run.run_id).state == "cancelled"
    assert hook.trigger(REQUEST).state == "cancelled"


def test_an_expired_token_is_said(hook: KubernetesJobHook, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    with pytest.raises(PermanentDelivery) as refused:
        hook.trigger(REQUEST)
    assert refused.value.reason == "unauthorized"
    (tmp_path / "token").write_text("tok")
    assert hook.trigger(REQUEST).state == "queued"


def test_a_redirect_is_not_followed(hook: KubernetesJobHook, server: TargetServer) -> None:
    server.trigger_fault = Answer(302, headers={"location": server.url})
    with pytest.raises(PermanentDelivery) as refused:
        hook.trigger(REQUEST)
    assert refused.value.reason == "redirected"
