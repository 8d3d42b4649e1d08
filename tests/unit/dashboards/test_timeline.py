"""The story of an episode, step by step."""

from __future__ import annotations

from datetime import timedelta

from dashboards.web.timeline import Step, stories
from driftline.readmodel.actions import Action
from driftline.readmodel.episodes import Episode
from service.api.examples import ACTION, EPISODE

RESOLVED = EPISODE.model_copy(update={"state": "resolved", "resolved_at": ACTION.at + timedelta(minutes=9)})
NOTIFIED = ACTION.model_copy(
    update={
        "action_id": "ac-1",
        "kind": "notify",
        "event": "opened",
        "outcome": {},
        "created_at": EPISODE.opened_at,
        "at": EPISODE.opened_at + timedelta(seconds=1),
    }
)


def steps(episode: Episode, *actions: Action) -> list[Step]:
    return list(stories([episode], actions)[0].steps)


def test_a_recovered_episode_tells_everything_in_order() -> None:
    told = steps(RESOLVED, ACTION, NOTIFIED)
    assert [step.title for step in told] == [
        "Harmful drift found",
        "Notified: opened",
        "Retrain requested",
        "Pipeline run succeeded",
        "Evaluation gate passed",
        "Version 2 deployed",
        "Recovered",
    ]
    assert all(step.state == "done" for step in told)
    gate = told[4]
    assert gate.detail == "Challenger 95.8% against champion 69.7% accuracy."
    moments = [step.at for step in told if step.at is not None]
    assert len(moments) == len(told)
    assert moments == sorted(moments)


def test_an_accepted_retrain_waits_for_the_pipeline_and_for_recovery() -> None:
    told = steps(EPISODE, ACTION.model_copy(update={"state": "sent", "outcome": {}}))
    assert [(step.title, step.state) for step in told] == [
        ("Harmful drift found", "done"),
        ("Retrain requested", "done"),
        ("Pipeline run", "waiting"),
        ("Recovery", "waiting"),
    ]


def test_a_refused_gate_is_a_failure() -> None:
    failed = ACTION.model_copy(
        update={
            "state": "failed",
            "outcome": {"status": "failed", "run_id": "r1", "detail": {"gate": {"passed": False}}},
        }
    )
    told = steps(EPISODE, failed)
    assert [(step.title, step.state) for step in told[2:4]] == [
        ("Pipeline run failed", "failed"),
        ("Evaluation gate refused", "failed"),
    ]


def test_an_undeliverable_notification_shows_its_error() -> None:
    dead = NOTIFIED.model_copy(update={"state": "dead", "attempt": 8, "error": "connection refused"})
    told = steps(EPISODE, dead)
    assert (told[1].state, told[1].detail) == (
        "failed",
        f"{ACTION.target} (given up, attempt 8): connection refused",
    )


def test_actions_of_other_episodes_are_left_out() -> None:
    other = ACTION.model_copy(update={"episode_id": "ep-other"})
    assert [step.title for step in steps(EPISODE, other)] == ["Harmful drift found", "Recovery"]
