"""Which kind of episode drift, quality and labels that come late amount to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerting.condition import FieldChange, ModelCondition, Quality, VersionCondition
from alerting.episode import Episode, EpisodeKind
from alerting.lifecycle import advance
from alerting.required import required_actions
from alerting.rules.defaults import rules_of_settings
from alerting.rules.matching import wanted
from alerting.subjects import subject_of
from driftline.settings import Settings

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEVER = datetime.fromtimestamp(0, UTC)


def quality(hour: int, status: str = "ok", holds: int | None = None, metric: str = "accuracy") -> Quality:
    return Quality(
        window_start=START + hour * HOUR,
        metric=metric,
        basis="",
        value=0.9,
        lower=0.88,
        upper=0.92,
        baseline_value=0.95,
        labelled=300,
        rows=400,
        status=status,
        reason="",
        holds_since=NEVER if holds is None else START + holds * HOUR,
    )


def condition(hour: int, *, drifting: bool, qualities: tuple[Quality, ...] = ()) -> ModelCondition:
    change = FieldChange("amount", "", 0.8, 9.0, 5.0, 400.0, 0.2)
    version = VersionCondition(
        "1",
        START + hour * HOUR,
        ("drifted" if drifting else "ok",) * 3,
        qualities,
        (change,) if drifting else (),
    )
    return ModelCondition("m", (version,))


def told(*conditions: ModelCondition) -> Episode:
    """The episode after these conditions, one an hour."""
    episode = None
    for hour, one in enumerate(conditions):
        episode = advance(episode, one, now=START + hour * HOUR, resolve_after=3) or episode
    assert episode is not None
    return episode


@pytest.mark.parametrize(
    ("drifting", "qualities", "kind"),
    [
        (True, (), "drift"),
        (True, (quality(5),), "drift"),
        (True, (quality(5, holds=4),), "drift"),
        (True, (quality(5, holds=5),), "harmless_drift"),
        (True, (quality(5, "decayed", holds=5),), "harmful_drift"),
        (False, (quality(5, "decayed"),), "decay"),
    ],
)
def test_kinds(drifting: bool, qualities: tuple[Quality, ...], kind: EpisodeKind) -> None:
    assert told(condition(5, drifting=drifting, qualities=qualities)).kind == kind


def test_drift_turns_out_harmless_when_labels_come_and_stays_so_while_they_lack() -> None:
    opened = condition(5, drifting=True)
    early = condition(6, drifting=True, qualities=(quality(4, holds=1),))
    shown = condition(8, drifting=True, qualities=(quality(7, holds=6),))
    assert told(opened, early).kind == "drift"
    harmless = told(opened, early, shown)
    assert (harmless.kind, harmless.worsened, harmless.harmful) == ("harmless_drift", False, False)
    assert "quality holds: accuracy 90.0%" in harmless.summary
    assert told(opened, shown, condition(9, drifting=True)).kind == "harmless_drift"


def test_harmless_drift_that_turns_harmful_has_worsened() -> None:
    shown = condition(5, drifting=True, qualities=(quality(5, holds=5),))
    worse = told(shown, condition(6, drifting=True, qualities=(quality(6, "decayed"),)))
    assert (worse.kind, worse.opened_kind, worse.worsened) == ("harmful_drift", "harmless_drift", True)
    assert worse.summary.startswith("Harmful drift: accuracy 90.0% [88.0%, 92.0%], 5.0 points below")


def test_decay_and_harmless_drift_make_harmful_drift_and_never_fall_back() -> None:
    decayed = condition(5, drifting=False, qualities=(quality(5, "decayed"),))
    both = told(decayed, condition(6, drifting=True, qualities=(quality(6, holds=6),)))
    assert both.kind == "harmful_drift"


def test_metric_and_estimate_are_named() -> None:
    estimate = quality(5, "decayed", metric="mae")
    text = told(condition(5, drifting=False, qualities=(estimate,))).summary
    assert text == "Decay: MAE 0.9 [0.88, 0.92], 0.05 below the baseline's 0.95"


@pytest.mark.parametrize(
    ("trigger", "kind", "retrains"),
    [
        ("drift", "harmless_drift", 0),
        ("drift", "drift", 1),
        ("decay", "drift", 0),
        ("decay", "harmful_drift", 1),
        ("decay", "decay", 1),
    ],
)
def test_what_starts_a_retrain(trigger: str, kind: str, retrains: int) -> None:
    settings = Settings.model_validate(
        {"pipeline_trigger": trigger, "pipeline_url": "http://pipe.example/hook"}
    )
    shapes = {
        "drift": condition(5, drifting=True),
        "harmless_drift": condition(5, drifting=True, qualities=(quality(5, holds=5),)),
        "harmful_drift": condition(5, drifting=True, qualities=(quality(5, "decayed"),)),
        "decay": condition(5, drifting=False, qualities=(quality(5, "decayed"),)),
    }
    episode = told(shapes[kind])
    rules = rules_of_settings(settings).rules
    actions = required_actions(episode, wanted(rules, subject_of(episode, ""), START + 9 * HOUR))
    assert sum(action.kind == "retrain" for action in actions) == retrains
