"""What is particular to one kind of hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from driftline.errors import AmbiguousDelivery, PermanentDelivery, RetryableDelivery
from integrations.hookspecs import PipelineHook
from integrations.table import hook_config
from tests.contract.hooks.ci_stand_ins import Github, Gitlab, Jenkins
from tests.contract.hooks.hook_cases import CASES, Case, connected, request_for
from tests.contract.hooks.orchestrator_stand_ins import Airflow
from tests.contract.hooks.target_server import Answer

BY_NAME = {case.name or case.kind: case for case in CASES}


def refuses(case: Case, **settings: Any) -> str:
    with pytest.raises(ValueError, match="validation error") as raised:
        hook_config(case.kind).model_validate(
            {"kind": case.kind, "url": "http://h", **case.settings, **settings}
        )
    return str(raised.value)


def cannot(hook: PipelineHook, *abilities: str) -> None:
    assert not hook.abilities & set(abilities)
    calls: dict[str, Callable[[], object]] = {
        "find": lambda: hook.find(request_for()),
        "follow": lambda: hook.follow("1"),
        "cancel": lambda: hook.cancel("1"),
    }
    for ability in abilities:
        with pytest.raises(NotImplementedError):
            calls[ability]()


def test_gitlab_without_an_api_token_only_starts() -> None:
    with connected(BY_NAME["gitlab"], api_token=None) as setup:
        cannot(setup.hook, "find", "follow", "cancel")
        assert setup.hook.trigger(request_for()).url == "https://gitlab.example/team/ocr/-/pipelines/100"
    call = setup.server.calls[0]
    assert call.raw_path == "/api/v4/projects/team%2Focr/trigger/pipeline"
    assert call.form["ref"] == "main"
    assert call.form["variables[DRIFTLINE_MODEL]"] == "ocr"
    assert call.form["variables[DRIFTLINE_LINEAGE]"] == '{"dataset":"d1"}'


def test_gitlab_is_searched_page_by_page_from_before_the_request_on() -> None:
    target = Gitlab()
    with connected(BY_NAME["gitlab"], target) as setup:
        setup.hook.trigger(request_for())
        for number in range(60):
            setup.hook.trigger(request_for(f"other-{number}"))
        run = setup.hook.find(request_for())
    assert run is not None
    assert run.run_id == "100"
    pages = [call.query for call in setup.server.calls if call.raw_path.endswith("/pipelines")]
    assert [query["page"] for query in pages] == ["1", "2"]
    assert pages[0]["updated_after"] == "2026-11-01T11:30:00+00:00"
    assert (pages[0]["source"], pages[0]["ref"]) == ("trigger", "main")


def test_gitlab_with_more_pipelines_than_are_read_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.gitlab.hook.PAGE", 2)
    monkeypatch.setattr("integrations.gitlab.hook.MOST_PAGES", 2)
    with connected(BY_NAME["gitlab"]) as setup:
        for number in range(5):
            setup.hook.trigger(request_for(f"other-{number}"))
        with pytest.raises(PermanentDelivery, match="more than 4 pipelines"):
            setup.hook.find(request_for())


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("github_dispatch", ("find", "follow", "cancel")), ("github_workflow", ("find",))],
)
def test_github_runs_whose_name_has_no_id_are_not_searched(kind: str, missing: tuple[str, ...]) -> None:
    with connected(BY_NAME[kind], run_name_has_action_id=False) as setup:
        cannot(setup.hook, *missing)
        assert setup.hook.trigger(request_for()).state == "queued"


def test_github_is_sent_an_event_with_few_keys() -> None:
    with connected(BY_NAME["github_dispatch"]) as setup:
        setup.hook.trigger(request_for())
    body = setup.server.calls[0].json
    assert body["event_type"] == "retrain.requested"
    assert body["client_payload"]["action_id"] == "ac-1"
    assert body["client_payload"]["request"]["data"]["lineage"] == {"dataset": "d1"}
    with connected(BY_NAME["github_dispatch"], event_type="retrain-ocr") as setup:
        setup.hook.trigger(request_for())
    assert setup.server.calls[0].json["event_type"] == "retrain-ocr"


def test_github_workflow_tells_its_run_unless_the_server_is_old() -> None:
    with connected(BY_NAME["github_workflow"]) as setup:
        run = setup.hook.trigger(request_for())
    assert (run.run_id, run.url) == ("500", "https://github.example/team/ocr/actions/runs/500")
    body = setup.server.calls[0].json
    assert body["ref"] == "main"
    assert body["inputs"] == {"DRIFTLINE_ACTION_ID": "ac-1", "DRIFTLINE_MODEL": "ocr"}
    with connected(BY_NAME["github_workflow"], Github(told=False)) as setup:
        assert setup.hook.trigger(request_for()).run_id == ""
        found = setup.hook.find(request_for())
    assert found is not None
    assert found.run_id == "500"


def test_github_without_the_run_id_that_was_asked_for_leaves_doubt() -> None:
    with connected(BY_NAME["github_workflow"]) as setup:
        setup.server.trigger_fault, setup.server.acts = Answer(200, {"id": 1}), True
        with pytest.raises(AmbiguousDelivery, match="workflow_run_id"):
            setup.hook.trigger(request_for())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "60"}, 60.0), ({"x-ratelimit-remaining": "0"}, None)],
)
def test_github_forbids_both_who_may_not_and_who_asks_too_often(
    headers: dict[str, str], seconds: float | None
) -> None:
    with connected(BY_NAME["github_dispatch"]) as setup:
        setup.server.trigger_fault = Answer(403, {"message": "rate limit exceeded"}, headers)
        with pytest.raises(RetryableDelivery) as limited:
            setup.hook.trigger(request_for())
        setup.server.trigger_fault = Answer(403, {"message": "Resource not accessible"})
        with pytest.raises(PermanentDelivery) as forbidden:
            setup.hook.trigger(request_for())
    assert (limited.value.reason, limited.value.retry_after_seconds) == ("rate_limited", seconds)
    assert forbidden.value.reason == "unauthorized"


def test_github_inputs_are_those_that_driftline_can_give() -> None:
    case = BY_NAME["github_workflow"]
    assert "COLOUR" in refuses(case, inputs=["DRIFTLINE_ACTION_ID", "COLOUR"])
    assert "must contain DRIFTLINE_ACTION_ID" in refuses(case, inputs=["DRIFTLINE_MODEL"])


def test_jenkins_builds_outlive_their_queue_item() -> None:
    target = Jenkins()
    with connected(BY_NAME["jenkins"], target) as setup:
        run_id = setup.hook.trigger(request_for()).run_id
        target.leave_queue(forget=True)
        run = setup.hook.follow(run_id)
        assert (run.run_id, run.state, run.detail["build"]) == (run_id, "running", 1)
        assert setup.hook.find(request_for()) == run
        assert setup.hook.cancel(run_id).state == "cancelled"


def test_a_jenkins_job_that_drops_the_id_is_not_built() -> None:
    with connected(BY_NAME["jenkins"], Jenkins(declared=("DRIFTLINE_MODEL",))) as setup:
        with pytest.raises(PermanentDelivery, match="declares no parameter DRIFTLINE_ACTION_ID") as raised:
            setup.hook.trigger(request_for())
        assert raised.value.reason == "misconfigured"
        # No build can have the id, so none is surely not there.
        with pytest.raises(PermanentDelivery, match="declares no parameter"):
            setup.hook.find(request_for())
        assert setup.server.triggers(setup.target) == []


def test_jenkins_without_a_queue_item_leaves_doubt() -> None:
    with connected(BY_NAME["jenkins"]) as setup:
        setup.server.trigger_fault = Answer(201, "", {"location": "http://jenkins.example/"})
        with pytest.raises(AmbiguousDelivery, match="told no queue item"):
            setup.hook.trigger(request_for())
        with pytest.raises(PermanentDelivery, match="not the number of a queue item"):
            setup.hook.follow("../../admin")


def test_airflow_is_given_the_id_as_the_name_of_the_run() -> None:
    with connected(BY_NAME["airflow3"]) as setup:
        run = setup.hook.trigger(request_for())
    assert (run.run_id, run.url) == ("ac-1", f"{setup.server.url}/dags/retrain/runs/ac-1")
    body = setup.server.triggers(setup.target)[0].json
    assert (body["dag_run_id"], body["logical_date"]) == ("ac-1", None)
    assert body["conf"]["data"]["lineage"] == {"dataset": "d1"}
    with connected(BY_NAME["airflow2"]) as setup:
        assert setup.hook.trigger(request_for()).url.endswith("/dags/retrain/grid?dag_run_id=ac-1")
    assert "logical_date" not in setup.server.calls[0].json


def test_a_token_of_airflow_that_has_expired_is_renewed_once() -> None:
    target = Airflow()
    with connected(BY_NAME["airflow3"], target) as setup:
        setup.hook.trigger(request_for())
        target.tokens += 1
        assert setup.hook.follow("ac-1").state == "queued"
        setup.server.reading_fault = Answer(401)
        assert setup.hook.follow("ac-1").state == "queued"
        logins = [call for call in setup.server.calls if call.path == ["auth", "token"]]
        assert len(logins) == 3


def test_airflow_that_refuses_every_token_is_asked_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_TOKEN", "made-by-hand")
    by_token: dict[str, Any] = {"user": None, "password": None, "token": {"env": "AIRFLOW_TOKEN"}}
    with connected(BY_NAME["airflow3"], None, **by_token) as setup:
        with pytest.raises(PermanentDelivery) as raised:
            setup.hook.trigger(request_for())
        assert raised.value.reason == "unauthorized"
        assert len(setup.server.calls) == 1
    assert setup.server.calls[0].headers["authorization"] == "Bearer made-by-hand"


def test_an_answer_to_the_login_of_airflow_without_a_token_is_not_shown() -> None:
    class Changed(Airflow):
        def answer(self, call: Any) -> Answer:
            return (
                Answer(201, {"jwt": "a-secret"}) if call.path == ["auth", "token"] else super().answer(call)
            )

    with connected(BY_NAME["airflow3"], Changed()) as setup, pytest.raises(PermanentDelivery) as raised:
        setup.hook.trigger(request_for())
    assert "access_token" in raised.value.message
    assert "a-secret" not in raised.value.message


def test_a_conflict_of_airflow_that_is_not_of_our_id_is_tried_again() -> None:
    with connected(BY_NAME["airflow2"]) as setup:
        setup.server.trigger_fault = Answer(409, {"detail": "logical date exists"})
        with pytest.raises(RetryableDelivery) as raised:
            setup.hook.trigger(request_for())
    assert not isinstance(raised.value, AmbiguousDelivery)


def test_a_way_into_airflow_is_whole() -> None:
    assert "either `user` and `password`, or `token`" in refuses(BY_NAME["airflow3"], password=None)
    assert "either `user` and `password`, or `token`" in refuses(BY_NAME["airflow3"], token={"env": "T"})


def test_a_session_of_buildbot_that_has_ended_is_renewed_once() -> None:
    with connected(BY_NAME["buildbot"]) as setup:
        setup.hook.trigger(request_for())
        setup.server.trigger_fault = Answer(403, {"error": {"code": -32600, "message": "no role"}})
        setup.hook.trigger(request_for("ac-2"))
        assert (setup.target.runs("ac-1"), setup.target.runs("ac-2")) == (1, 1)
        assert len([call for call in setup.server.calls if call.path == ["auth", "login"]]) == 2


def test_parameters_that_buildbot_refuses_are_a_fault_of_the_settings() -> None:
    with (
        connected(BY_NAME["buildbot"], builder="unknown") as setup,
        pytest.raises(PermanentDelivery, match="not a builder") as raised,
    ):
        setup.hook.trigger(request_for())
    assert raised.value.reason == "misconfigured"
    assert "both `user` and `password`" in refuses(BY_NAME["buildbot"], password=None)
