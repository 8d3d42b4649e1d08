"""Which rules apply to an episode, and what they amount to."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerting.rules.document import Rule
from alerting.rules.matching import Subject, applies, wanted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUBJECT = Subject(
    model="ocr-1",
    team="ocr",
    kind="decay",
    fields=("amount", "country"),
    since=NOW - timedelta(hours=1),
    figures={"quality_drop": 0.05, "labelled": 900},
)


def rule(**values: Any) -> Rule:
    return Rule.model_validate({"name": "r", "on": "decay", "notify": "team"} | values)


@pytest.mark.parametrize(
    ("values", "matches"),
    [
        ({}, True),
        ({"on": ["drift", "harmful_drift"]}, False),
        ({"models": ["asr-*", "ocr-*"]}, True),
        ({"models": "OCR-*"}, False),
        ({"teams": "asr"}, False),
        ({"fields": "coun*"}, True),
        ({"fields": "age"}, False),
        ({"where": {"quality_drop": ">= 5%"}}, True),
        ({"where": {"quality_drop": "> 5%"}}, False),
        ({"where": {"effect": "> 0"}}, False),
        ({"for": "1h"}, True),
        ({"for": "61m"}, False),
    ],
)
def test_what_a_rule_asks_for(values: dict[str, Any], matches: bool) -> None:
    assert applies(rule(**values), SUBJECT, NOW) is matches


def test_an_episode_that_ended_early_never_lasted_long_enough() -> None:
    ended = dataclasses.replace(SUBJECT, until=SUBJECT.since + timedelta(minutes=10))
    assert not applies(rule(**{"for": "30m"}), ended, NOW + timedelta(days=1))


def test_a_target_is_told_once_with_the_highest_severity() -> None:
    found = wanted(
        [
            rule(name="a", severity="info", notify=["team", "all"], actions={"retrain": "one"}),
            rule(name="b", severity="critical", notify="team", actions={"retrain": "two", "rollback": "two"}),
            rule(name="c", severity="warning", models="none"),
        ],
        SUBJECT,
        NOW,
    )
    assert found.notify == {"team": "critical", "all": "info"}
    assert found.actions == {"retrain": "one", "rollback": "two"}
    assert (found.severity, found.rules) == ("critical", ("a", "b"))


def test_nothing_is_wanted_when_no_rule_applies() -> None:
    found = wanted([rule(on="cost")], SUBJECT, NOW)
    assert (found.severity, found.notify, found.actions) == (None, {}, {})
