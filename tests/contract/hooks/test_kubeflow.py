"""What is particular to runs of Kubeflow Pipelines."""

from __future__ import annotations

import pytest

from driftline.errors import AmbiguousDelivery, PermanentDelivery
from integrations.hookspecs import PARAMETERS
from integrations.table import hook_config
from tests.contract.hooks.hook_cases import CASES, connected, request_for
from tests.contract.hooks.kubernetes_stand_ins import Kubeflow
from tests.contract.hooks.target_server import Answer

(KUBEFLOW,) = (case for case in CASES if case.kind == "kubeflow")


def test_a_run_has_the_parameters_that_the_pipeline_takes_and_the_id_in_its_name() -> None:
    with connected(KUBEFLOW) as setup:
        run = setup.hook.trigger(request_for())
    assert setup.server.calls[0].json == {
        "display_name": "retrain.requested ac-1",
        "experiment_id": "exp-1",
        "pipeline_version_reference": {"pipeline_id": "pipe-1", "pipeline_version_id": "v-1"},
        "runtime_config": {"parameters": {"DRIFTLINE_MODEL": "ocr", "DRIFTLINE_LINEAGE": '{"dataset":"d1"}'}},
    }
    assert (run.run_id, run.url) == ("run-0", f"{setup.server.url}/#/runs/details/run-0")


def test_without_a_version_the_newest_runs() -> None:
    with connected(KUBEFLOW, version=None) as setup:
        setup.hook.trigger(request_for())
    assert setup.server.calls[0].json["pipeline_version_reference"] == {"pipeline_id": "pipe-1"}


def test_a_parameter_that_the_pipeline_does_not_take_is_refused() -> None:
    with connected(KUBEFLOW, parameters=PARAMETERS) as setup:
        with pytest.raises(PermanentDelivery, match="not required by pipeline"):
            setup.hook.trigger(request_for())
        assert setup.hook.find(request_for()) is None
    with pytest.raises(ValueError, match="COLOUR"):
        hook_config("kubeflow").model_validate(
            {"kind": "kubeflow", "url": "http://h", **KUBEFLOW.settings, "parameters": ["COLOUR"]}
        )


def test_an_answer_without_a_run_leaves_doubt() -> None:
    with connected(KUBEFLOW) as setup:
        setup.server.trigger_fault, setup.server.acts = Answer(200, {}), True
        with pytest.raises(AmbiguousDelivery, match="run_id"):
            setup.hook.trigger(request_for())
        assert setup.hook.find(request_for()) is not None


def test_the_first_of_several_runs_is_found_and_no_other_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.kubeflow.hook.PAGE", 1)
    with connected(KUBEFLOW) as setup:
        for action_id in ("AC-1", "ac-1", "ac-1"):
            setup.hook.trigger(request_for(action_id))
        run = setup.hook.find(request_for())
    assert run is not None
    assert run.run_id == "run-1"


def test_a_server_that_does_not_filter_has_not_said_that_there_is_no_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations.kubeflow.hook.PAGE", 1)
    with connected(KUBEFLOW) as setup:
        for _ in range(11):
            setup.hook.trigger(request_for("AC-1"))
        with pytest.raises(PermanentDelivery, match="does not filter"):
            setup.hook.find(request_for())


def test_a_terminated_run_is_cancelled_before_its_pods_have_ended() -> None:
    target = Kubeflow()
    with connected(KUBEFLOW, target) as setup:
        run_id = setup.hook.trigger(request_for()).run_id
        run = setup.hook.cancel(run_id)
        assert (run.state, run.detail["state"]) == ("cancelled", "CANCELING")
        # Kubeflow refuses to terminate it again, so it is not asked to.
        assert setup.hook.cancel(run_id) == run


def test_why_a_run_failed_is_told() -> None:
    target = Kubeflow()
    with connected(KUBEFLOW, target) as setup:
        run_id = setup.hook.trigger(request_for()).run_id
        target.found[0].update(state="FAILED", error={"code": 13, "message": "no data"})
        assert setup.hook.follow(run_id).detail["error"] == "no data"


def test_the_parameters_that_can_be_asked_for_are_those_that_a_request_has() -> None:
    assert set(request_for().parameters()) == set(PARAMETERS)
