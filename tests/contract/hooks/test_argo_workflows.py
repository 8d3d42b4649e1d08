"""What is particular to workflows of Argo."""

from __future__ import annotations

import pytest

from driftline.errors import AmbiguousDelivery, PermanentDelivery, RetryableDelivery
from integrations.kubernetes.object_name import object_name
from tests.contract.hooks.hook_cases import CASES, connected, request_for
from tests.contract.hooks.kubernetes_stand_ins import ArgoWorkflows
from tests.contract.hooks.target_server import Answer

(ARGO,) = (case for case in CASES if case.kind == "argo_workflows")


def test_the_template_is_submitted_under_the_name_of_the_action() -> None:
    with connected(ARGO) as setup:
        run = setup.hook.trigger(request_for())
        (call,) = setup.server.triggers(setup.target)
    name = object_name("ac-1")
    assert call.raw_path == "/api/v1/workflows/ml/submit"
    assert (call.json["namespace"], call.json["resourceName"]) == ("ml", "retrain")
    assert call.json["submitOptions"]["name"] == name
    assert "DRIFTLINE_MODEL=ocr" in call.json["submitOptions"]["parameters"]
    assert 'DRIFTLINE_LINEAGE={"dataset":"d1"}' in call.json["submitOptions"]["parameters"]
    assert (run.run_id, run.url) == (name, f"{setup.server.url}/workflows/ml/{name}")


def test_a_template_that_is_not_there_is_refused() -> None:
    with connected(ARGO, template="misspelt") as setup, pytest.raises(PermanentDelivery, match="not found"):
        setup.hook.trigger(request_for())


@pytest.mark.parametrize(
    ("shutdown", "phase", "state"),
    [
        ("Terminate", "Running", "cancelled"),
        ("Terminate", "Failed", "cancelled"),
        ("Terminate", "Succeeded", "succeeded"),
        ("Stop", "Running", "running"),
        ("Stop", "Failed", "cancelled"),
    ],
)
def test_a_shut_down_workflow_is_told_from_a_failed_one(shutdown: str, phase: str, state: str) -> None:
    target = ArgoWorkflows()
    with connected(ARGO, target) as setup:
        run_id = setup.hook.trigger(request_for()).run_id
        target.workflows[run_id]["spec"]["shutdown"] = shutdown
        target.become(phase)
        assert setup.hook.follow(run_id).state == state


def test_a_workflow_of_somebody_else_is_not_taken() -> None:
    target = ArgoWorkflows(workflows={object_name("ac-1"): {"metadata": {"name": object_name("ac-1")}}})
    with connected(ARGO, target) as setup, pytest.raises(PermanentDelivery, match="not of action ac-1"):
        setup.hook.trigger(request_for())


def test_a_name_that_is_taken_by_nothing_is_tried_again() -> None:
    with connected(ARGO) as setup:
        setup.server.trigger_fault = Answer(409, {"code": 6, "message": "object is being deleted"})
        with pytest.raises(RetryableDelivery, match="being deleted") as raised:
            setup.hook.trigger(request_for())
    assert not isinstance(raised.value, AmbiguousDelivery)


def test_a_new_token_is_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(ARGO) as setup:
        monkeypatch.setenv("ARGO_TOKEN", "expired")
        with pytest.raises(PermanentDelivery) as raised:
            setup.hook.trigger(request_for())
        assert raised.value.reason == "unauthorized"
        monkeypatch.setenv("ARGO_TOKEN", "argo-1")
        assert setup.hook.trigger(request_for()).state == "queued"


def test_a_server_without_authentication_is_sent_no_token() -> None:
    with connected(ARGO, token=None) as setup, pytest.raises(PermanentDelivery):
        setup.hook.trigger(request_for())
    assert "authorization" not in setup.server.calls[0].headers
