"""The lifecycle run over windows in memory: what opens, resolves, is told and triggered, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detectors.decision import FieldDecision, FieldStatus
from detectors.evaluated_window import EvaluatedWindow
from detectors.findings import Finding
from detectors.windows import WindowStatus
from driftline.settings import Settings
from service.replay.episodes import replay_episodes

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = Settings(notify_urls=("https://chat.example/a",), resolve_after_windows=3)


def window(number: int, status: WindowStatus, *fields: str, version: str = "") -> EvaluatedWindow:
    start = BEGIN + number * HOUR
    findings = tuple(
        Finding(
            model="m",
            version=version,
            baseline_id="bl",
            window_start=start,
            window_end=start + HOUR,
            column=name,
            kind="numeric",
            role="input",
            decision=FieldDecision("drifted", "moved", 0.5 + at, "location", 7.0 + at, 5.5, 1, 0.2),
            rows=500,
            effective_rows=500.0,
            floor=start,
        )
        for at, name in enumerate(fields)
    )
    return EvaluatedWindow(
        model="m",
        version=version,
        baseline_id="bl",
        start=start,
        end=start + HOUR,
        status=status,
        reason="",
        rows=500,
        findings=findings,
    )


def story(text: str) -> list[EvaluatedWindow]:
    """One letter a window: o ok, d drifted, w watch, i insufficient data."""
    names: dict[str, FieldStatus] = {"o": "ok", "d": "drifted", "w": "watch", "i": "insufficient_data"}
    return [window(at, names[letter], *(["x"] if letter == "d" else [])) for at, letter in enumerate(text)]


def test_an_episode_opens_with_the_window_and_resolves_after_three_healthy_ones() -> None:
    (one,) = replay_episodes("m", story("oooddooooo"), SETTINGS)
    closed = timedelta(seconds=SETTINGS.allowed_lateness_seconds)
    assert one.episode.opened_at == BEGIN + 4 * HOUR + closed
    assert one.episode.first_window == BEGIN + 3 * HOUR
    assert one.episode.resolved_at == BEGIN + 8 * HOUR + closed
    assert one.windows == 2
    assert one.events == ("episode.opened", "episode.resolved")
    assert [(action.at, action.event) for action in one.actions] == [
        (one.episode.opened_at, "episode.opened"),
        (one.episode.resolved_at, "episode.resolved"),
    ]


def test_windows_that_decide_nothing_neither_heal_nor_hurt() -> None:
    (one,) = replay_episodes("m", story("odiioioi"), SETTINGS)
    assert one.episode.state == "open"
    (healed,) = replay_episodes("m", story("odiioioio"), SETTINGS)
    assert healed.episode.resolved_at == BEGIN + 9 * HOUR + timedelta(minutes=1)


def test_two_changes_are_two_episodes_and_silence_is_none() -> None:
    assert replay_episodes("m", story("owowio"), SETTINGS) == ()
    assert replay_episodes("m", [], SETTINGS) == ()
    found = replay_episodes("m", story("doooodooo"), SETTINGS)
    assert [one.episode.state for one in found] == ["resolved", "resolved"]


def test_fields_gather_and_the_strongest_leads_the_summary() -> None:
    windows = [window(0, "drifted", "x"), window(1, "drifted", "y", "x", "z")]
    (one,) = replay_episodes("m", windows, SETTINGS)
    assert one.episode.fields == ("x", "z", "y")
    assert "z +2.50" in one.episode.summary


@pytest.mark.parametrize(("trigger", "retrains"), [("drift", 1), ("decay", 0)])
def test_a_retrain_is_triggered_as_the_policy_says(trigger: str, retrains: int) -> None:
    settings = SETTINGS.model_copy(
        update={"pipeline_url": "https://ci.example/retrain", "pipeline_trigger": trigger}
    )
    (one,) = replay_episodes("m", story("oddddd"), settings)
    assert sum(action.kind == "retrain" for action in one.actions) == retrains
    assert one.events == ("episode.opened",)


def test_the_order_in_which_windows_are_given_does_not_matter() -> None:
    windows = story("oodddoooodooo")
    assert replay_episodes("m", windows[::-1], SETTINGS) == replay_episodes("m", windows, SETTINGS)


def test_any_version_in_service_keeps_an_episode_open() -> None:
    old = [window(at, "drifted", "x", version="1") for at in range(3)]
    new = [window(at, "ok", version="2") for at in range(2, 8)]
    (one,) = replay_episodes("m", [*old, *new], SETTINGS)
    assert one.episode.version == "1"
    # The old version leaves service with window 2, and the new one has been healthy three times by then.
    assert one.episode.resolved_at == BEGIN + 5 * HOUR + timedelta(minutes=1)
