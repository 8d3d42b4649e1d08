"""A stage counts as reached only on what the APIs really say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo.api import DriftlineApi
from demo.stages import STAGES, Figures, StoryFailed
from demo.view import Sources, View

FAULT = datetime(2026, 1, 1, 12, tzinfo=UTC)
BY_NAME = {stage.name: stage for stage in STAGES}


def view(**seen: Any) -> View:
    """A look at which these parts were seen, a minute after the fault."""
    defaults: dict[str, Any] = {
        "health": {
            "status": "healthy",
            "coverage": {"seen": 0, "kept": 0, "dropped": {}},
            "evidence": {"fields": []},
        },
        "windows": [],
        "performance": [],
        "episodes": [],
        "actions": [],
        "alerts": [],
        "traffic": {},
        "served_version": "1",
    }
    with DriftlineApi("http://127.0.0.1:1") as api, httpx2.Client() as client:
        look = View(Sources(api, client, client, Path("/nowhere")), FAULT)
    look.__dict__.update(defaults | seen)
    return look


def observe(name: str, **seen: Any) -> Figures | None:
    return BY_NAME[name].observe(view(**seen))


def window(second: int, status: str, **more: Any) -> dict[str, Any]:
    """A window of three seconds that starts so long after the fault."""
    start = FAULT + timedelta(seconds=second)
    bounds = {"window_start": start.isoformat(), "window_end": (start + timedelta(seconds=3)).isoformat()}
    return {
        "version": "1",
        "status": status,
        "drifted_fields": ["image.noise"],
        "rows": 300,
        **bounds,
        **more,
    }


def quality(
    second: int, status: str, value: float, version: str = "1", labelled: int = 150
) -> dict[str, Any]:
    figures = {"value": value, "lower": value - 0.05, "upper": value + 0.05, "baseline_value": 0.96}
    return window(second, status, version=version, labelled=labelled, **figures)


def retrain(state: str, **detail: Any) -> dict[str, Any]:
    outcome = {"detail": detail} if detail else {}
    return {
        "kind": "retrain",
        "state": state,
        "action_id": "ac-1",
        "episode_id": "ep-1",
        "target": "http://ci",
        "outcome": outcome,
        "error": "no route",
    }


EPISODE = {"episode_id": "ep-1", "state": "resolved", "opened_at": "a", "resolved_at": "b", "summary": "s"}
GATE = {"passed": True, "reason": "better", "champion_clean_accuracy": 0.9, "challenger_clean_accuracy": 0.9}


def test_nothing_is_reached_before_anything_was_seen() -> None:
    for stage in STAGES:
        assert stage.observe(view()) is None, stage.name


def test_drift_before_the_fault_does_not_count() -> None:
    assert observe("drift_detected", windows=[window(-10, "drifted")]) is None
    assert observe("drift_detected", windows=[window(3, "watch"), window(0, "ok")]) is None
    found = observe("drift_detected", windows=[window(6, "ok"), window(3, "drifted"), window(0, "ok")])
    assert found is not None
    assert found["fields"] == ["image.noise"]


def test_decay_is_the_first_decayed_window_after_the_fault() -> None:
    assert observe("decay_detected", performance=[quality(-10, "decayed", 0.5)]) is None
    found = observe("decay_detected", performance=[quality(6, "decayed", 0.6), quality(3, "decayed", 0.7)])
    assert found is not None
    assert found["accuracy"] == 0.7


def test_an_alert_counts_when_it_has_both_arrived_and_been_noted_as_delivered() -> None:
    notify = {"kind": "notify", "action_id": "n-1", "state": "succeeded", "target": "t", "attempt": 1}
    message = {"type": "episode.opened", "data": {"episode": {"summary": "s"}}}
    seen = {"episodes": [EPISODE], "actions": [notify], "alerts": [{"id": "n-1", "message": message}]}
    assert observe("alert_delivered", **seen) is not None
    assert observe("alert_delivered", **(seen | {"alerts": []})) is None
    assert observe("alert_delivered", **(seen | {"alerts": [{"id": "n-2", "message": message}]})) is None
    assert observe("alert_delivered", **(seen | {"actions": [notify | {"state": "retrying"}]})) is None


@pytest.mark.parametrize(("state", "reached"), [("pending", False), ("retrying", False), ("sent", True)])
def test_a_retrain_is_triggered_when_the_pipeline_has_taken_it(state: str, reached: bool) -> None:
    assert (observe("retrain_triggered", actions=[retrain(state)]) is not None) is reached


def test_the_gate_must_have_passed() -> None:
    assert observe("gate_passed", actions=[retrain("running")]) is None
    assert observe("gate_passed", actions=[retrain("succeeded", gate=GATE)]) == GATE
    with pytest.raises(StoryFailed, match="ended failed: gate: no better"):
        observe("gate_passed", actions=[retrain("failed", gate=GATE, reason="gate: no better")])
    with pytest.raises(StoryFailed, match="ended dead: no route"):
        observe("gate_passed", actions=[retrain("dead")])


def test_the_new_version_counts_when_server_and_traffic_say_so() -> None:
    seen = {
        "actions": [retrain("succeeded", deployed_version="2")],
        "served_version": "2",
        "traffic": {"version": "2", "failed_requests": 0},
    }
    assert observe("redeployed", **seen) == {"deployed_version": "2", "failed_requests": 0}
    assert observe("redeployed", **(seen | {"served_version": "1"})) is None
    assert observe("redeployed", **(seen | {"traffic": {"version": "1", "failed_requests": 0}})) is None


def recovery(**changes: Any) -> Figures | None:
    seen: dict[str, Any] = {
        "actions": [retrain("succeeded", deployed_version="2")],
        "episodes": [EPISODE],
        "performance": [quality(20, "ok", 0.94, "2", 300), quality(3, "decayed", 0.62)],
    }
    return observe("recovered", **(seen | changes))


def test_recovered_means_resolved_and_accurate() -> None:
    found = recovery()
    assert found is not None
    assert (found["accuracy"], found["accuracy_before"], found["version"]) == (0.94, 0.62, "2")


@pytest.mark.parametrize(
    "changes",
    [
        {"episodes": [EPISODE | {"state": "open"}]},
        {"performance": [quality(20, "ok", 0.94, "2", 150), quality(3, "decayed", 0.62)]},
        {"performance": [quality(20, "ok", 0.80, "2", 300), quality(3, "decayed", 0.62)]},
        {"performance": [quality(20, "ok", 0.94, "2", 300), quality(3, "decayed", 0.93)]},
        {"health": {"status": "drifting"}},
        {"actions": [retrain("running")]},
    ],
)
def test_anything_less_is_no_recovery(changes: dict[str, Any]) -> None:
    assert recovery(**changes) is None
