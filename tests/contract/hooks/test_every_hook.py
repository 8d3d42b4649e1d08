"""What every hook of a CI server or orchestrator does, whatever its target: exactly one run, found again."""

from __future__ import annotations

import pytest

from driftline.engine.config import free_port
from driftline.errors import AmbiguousDelivery, InvalidSettings, PermanentDelivery, RetryableDelivery
from integrations.hookspecs import Run
from integrations.table import HOOKS, hook_config
from tests.contract.hooks.hook_cases import CASES, SECRETS, Case, Setup, connected, request_for
from tests.contract.hooks.target_server import Acted, Answer


def found_run(setup: Setup, action_id: str = "ac-1") -> Run:
    run = setup.hook.find(request_for(action_id))
    assert run is not None
    return run


def test_a_run_is_started_once_and_found_by_the_id_of_its_action(setup: Setup) -> None:
    assert setup.hook.find(request_for()) is None
    started = setup.hook.trigger(request_for())
    setup.hook.trigger(request_for("ac-11"))
    assert (setup.target.runs("ac-1"), started.state) == (1, "queued")
    run = found_run(setup)
    assert started.run_id in ("", run.run_id)
    assert run.run_id != found_run(setup, "ac-11").run_id
    assert setup.hook.find(request_for("ac")) is None


@pytest.mark.parametrize("fault", ["lost", "slow"])
def test_a_run_whose_reply_is_lost_is_in_doubt_and_found(setup: Setup, fault: Acted) -> None:
    setup.server.trigger_fault = fault
    with pytest.raises(AmbiguousDelivery):
        setup.hook.trigger(request_for())
    assert found_run(setup).state == "queued"
    assert setup.target.runs("ac-1") == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_proxy_that_gives_up_while_the_target_acts_leaves_doubt(setup: Setup, status: int) -> None:
    setup.server.trigger_fault, setup.server.acts = Answer(status, "<html>Bad Gateway</html>"), True
    with pytest.raises(AmbiguousDelivery, match=str(status)):
        setup.hook.trigger(request_for())
    assert found_run(setup).state == "queued"


def test_success_that_cannot_be_read_leaves_doubt(case: Case, setup: Setup) -> None:
    setup.server.trigger_fault, setup.server.acts = Answer(200, "<html>Welcome</html>"), True
    if case.kind == "github_dispatch":
        # It is never answered with a body, so none is read.
        assert setup.hook.trigger(request_for()).run_id == ""
        assert found_run(setup).state == "queued"
        return
    with pytest.raises(AmbiguousDelivery) as raised:
        setup.hook.trigger(request_for())
    assert raised.value.reason == "malformed"
    assert found_run(setup).state == "queued"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(302, "", {"location": "https://elsewhere.example/"}), "redirected"),
        (Answer(404, '{"message": "no such thing"}'), "rejected"),
        (Answer(422, '{"message": "no"}'), "rejected"),
        (Answer(410), "gone"),
    ],
    ids=["redirect", "404", "422", "410"],
)
def test_a_refusal_is_permanent_and_starts_nothing(setup: Setup, answer: Answer, reason: str) -> None:
    setup.server.trigger_fault = answer
    with pytest.raises(PermanentDelivery) as raised:
        setup.hook.trigger(request_for())
    assert raised.value.reason == reason
    assert len(setup.server.triggers(setup.target)) == 1
    assert setup.hook.find(request_for()) is None


def test_too_many_calls_are_put_off_as_long_as_the_target_says(setup: Setup) -> None:
    setup.server.trigger_fault = Answer(429, "", {"retry-after": "17"})
    with pytest.raises(RetryableDelivery) as raised:
        setup.hook.trigger(request_for())
    assert not isinstance(raised.value, AmbiguousDelivery)
    assert (raised.value.reason, raised.value.retry_after_seconds) == ("rate_limited", 17.0)


def test_a_target_that_is_down_has_surely_not_acted(case: Case) -> None:
    with connected(case, url=f"http://127.0.0.1:{free_port()}") as setup:
        with pytest.raises(RetryableDelivery) as raised:
            setup.hook.trigger(request_for())
        assert not isinstance(raised.value, AmbiguousDelivery)
        assert raised.value.reason == "unreachable"
        with pytest.raises(RetryableDelivery):
            setup.hook.find(request_for())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(200, "<html>Sign in</html>"), "malformed"),
        (Answer(200, "[1]"), "malformed"),
        (Answer(302, "", {"location": "/login"}), "redirected"),
    ],
    ids=["html", "not objects", "redirect"],
)
def test_a_target_that_answers_nonsense_has_not_said_that_it_has_no_run(
    setup: Setup, answer: Answer, reason: str
) -> None:
    setup.hook.trigger(request_for())
    setup.server.reading_fault = answer
    with pytest.raises(PermanentDelivery) as raised:
        setup.hook.find(request_for())
    assert raised.value.reason == reason


def test_a_target_that_fails_while_it_is_asked_is_asked_again(setup: Setup) -> None:
    setup.hook.trigger(request_for())
    setup.server.reading_fault = Answer(503)
    with pytest.raises(RetryableDelivery):
        setup.hook.find(request_for())
    assert found_run(setup).state == "queued"


@pytest.mark.parametrize(
    ("case", "said", "state"),
    [
        pytest.param(case, said, state, id=f"{case.name or case.kind}-{said}")
        for case in CASES
        for said, state in case.words.items()
    ],
)
def test_a_run_is_followed_to_its_outcome(case: Case, said: str, state: str) -> None:
    with connected(case) as setup:
        setup.hook.trigger(request_for())
        run_id = found_run(setup).run_id
        setup.target.become(said)
        run = setup.hook.follow(run_id)
        assert (run.run_id, run.state) == (run_id, state)
        assert run.url.startswith("http") or run.state == "queued"
        assert found_run(setup) == run


def test_a_run_is_cancelled_before_it_begins_and_while_it_runs(case: Case) -> None:
    for running in (False, True):
        with connected(case) as setup:
            setup.hook.trigger(request_for())
            run_id = found_run(setup).run_id
            if running:
                setup.target.become(next(said for said, state in case.words.items() if state == "running"))
            assert setup.hook.cancel(run_id).state == "cancelled"
            assert setup.hook.follow(run_id).state == "cancelled"


def test_a_run_that_succeeded_stays_so_when_it_is_cancelled(case: Case, setup: Setup) -> None:
    setup.hook.trigger(request_for())
    run_id = found_run(setup).run_id
    setup.target.become(next(said for said, state in case.words.items() if state == "succeeded"))
    assert setup.hook.cancel(run_id).state == "succeeded"
    assert setup.hook.follow(run_id).state == "succeeded"


def test_a_run_that_the_target_does_not_know_is_no_run(case: Case, setup: Setup) -> None:
    if case.kind == "jenkins":
        assert setup.hook.follow("987654").state == "unknown"
    else:
        with pytest.raises(PermanentDelivery, match="404"):
            setup.hook.follow("987654")


def test_a_wrong_secret_is_said_and_never_shown(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "expired-secret")
    with connected(case) as setup:
        with pytest.raises(PermanentDelivery) as raised:
            setup.hook.trigger(request_for())
        # GitLab says 404 of a trigger token that it does not know.
        assert raised.value.reason == ("rejected" if case.kind == "gitlab" else "unauthorized")
        assert setup.target.runs("ac-1") == 0
        for shown in (raised.value.message, setup.config.displayed, repr(setup.config)):
            assert "expired-secret" not in shown


def test_a_secret_that_is_not_there_is_said_when_connecting(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    with pytest.raises(InvalidSettings, match="is not set"), connected(case):
        pass


def test_abilities_are_those_of_the_kind_when_everything_is_configured(case: Case, setup: Setup) -> None:
    assert setup.hook.abilities == type(setup.config).abilities
    assert {"find", "follow", "cancel"} <= setup.hook.abilities
    assert setup.config.displayed.startswith(setup.server.url)


def test_a_repetition_is_dropped_where_the_target_can_and_starts_a_second_run_elsewhere(
    case: Case, setup: Setup
) -> None:
    first = setup.hook.trigger(request_for())
    second = setup.hook.trigger(request_for())
    if "deduplicate" in setup.hook.abilities:
        assert first == second
    else:
        # Hence the outbox asks before it sends again.
        assert setup.target.runs("ac-1") == 2


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ci.example",
        "ci.example",
        "http://",
        "https://u:secret@ci.example",
        "https://ci.example?t=secret",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(case: Case, url: str) -> None:
    with pytest.raises(ValueError, match="url") as raised:
        hook_config(case.kind).model_validate({"kind": case.kind, **case.settings, "url": url})
    assert "must have no credentials" in str(raised.value) or repr(url) in str(raised.value)


def test_every_kind_of_this_sweep_is_in_the_table() -> None:
    assert {case.kind for case in CASES} <= set(HOOKS)
