"""A file of rules is read whole, or every fault in it is named with its line and column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from alerting.rules.document import WeeklyWindow
from alerting.rules.marks import Fault
from alerting.rules.reading import InvalidRules, Rules, TargetRole, read_rules, read_rules_file
from driftline.errors import InvalidInput
from driftline.secret_source import SecretSource

GOOD = """
targets:
  team: {kind: chat, url: {env: CHAT_URL}}
  trainer: {kind: pipe, url: {file: /run/secrets/pipe}}
rules:
  - name: decay
    on: [decay, harmful_drift]
    models: ocr-*
    where: {quality_drop: ">= 3%", labelled: "> 500"}
    for: 1h30m
    severity: critical
    notify: team
    actions: {retrain: trainer}
policies:
  retrain:
    cooldown: 2d
    maintenance: [{days: [fri, sat], from: "22:00", until: "06:00", zone: Asia/Shanghai}]
"""


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: str
    url: SecretSource


def kinds(kind: str) -> tuple[TargetRole, type[BaseModel]]:
    if kind == "chat":
        return "notifier", Config
    if kind == "pipe":
        return "hook", Config
    raise InvalidInput(f"kind {kind!r} is unknown: one of chat, pipe")


def read(text: str) -> Rules:
    return read_rules(text, "rules.yaml", kinds)


def faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(InvalidRules) as caught:
        read(text)
    return [(one.line, one.column, f"{one.path}: {one.message}") for one in caught.value.faults]


def test_everything_that_can_be_written_is_read() -> None:
    rules = read(GOOD)
    (rule,) = rules.file.rules
    assert rule.on == ("decay", "harmful_drift")
    assert rule.lasting == timedelta(minutes=90)
    assert str(rule.where["quality_drop"]) == ">= 0.03"
    assert rule.notify == ("team",)
    assert rules.file.policy("retrain").cooldown == timedelta(days=2)
    assert rules.file.policy("rollback").cooldown == timedelta(days=1)
    assert {name: target.role for name, target in rules.targets.items()} == {
        "team": "notifier",
        "trainer": "hook",
    }


def test_an_empty_file_of_targets_only_is_good() -> None:
    assert read("targets: {}").file.rules == ()


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("on: [decay, harmful_drift]", "on: [decay, drft]", (7, 17), "Input should be 'drift'"),
        ('">= 3%"', '"about 3%"', (9, 5), "is no bound"),
        ("quality_drop", "quality_dip", (9, 5), "'quality_dip' is no figure: one of effect"),
        ("1h30m", "a while", (10, 5), "is no length of time"),
        ("notify: team", "notify: tema", (12, 5), "target 'tema' is not under `targets`"),
        ("notify: team", "notify: trainer", (12, 5), "can start pipelines only"),
        ("{retrain: trainer}", "{retrain: team}", (13, 15), "can be told only"),
        ("kind: chat", "kind: chta", (3, 10), "kind 'chta' is unknown"),
        ("{env: CHAT_URL}", "https://secret.example/x", (3, 22), "SecretSource"),
        (
            "severity: critical",
            "severity: critical\n    severity: info",
            (12, 5),
            "'severity' is written twice",
        ),
        ("    for: 1h30m", "    for: 1h30m\n    colour: red", (11, 5), "Extra inputs"),
        ("cooldown: 2d", "cooldown: *other", (16, 15), "aliases"),
        ("Asia/Shanghai", "Mars/Base", (17, 69), "time zone 'Mars/Base' is not known"),
        ("  trainer:", " trainer:", (4, 2), "not YAML"),
    ],
)
def test_a_fault_is_shown_where_it_was_written(old: str, new: str, place: tuple[int, int], said: str) -> None:
    found = faults(GOOD.replace(old, new, 1))
    assert any(said in message for _, _, message in found), found
    assert found[0][:2] == place, found


def test_a_secret_is_not_shown_in_a_fault() -> None:
    found = faults(GOOD.replace("{env: CHAT_URL}", "https://secret.example/x"))
    assert "secret.example" not in str(found)


def test_all_faults_are_told_at_once() -> None:
    text = GOOD.replace("severity: critical", "severity: dire").replace("cooldown: 2d", "cooldown: soon")
    assert len(faults(text)) == 2


@pytest.mark.parametrize("text", ["", "- a", "7", "rules: {", "? [a]\n: b", "a: " + "[" * 100 + "]" * 100])
def test_what_is_no_file_of_rules_has_a_fault(text: str) -> None:
    assert faults(text)


def test_a_rule_that_does_nothing_is_a_fault() -> None:
    assert "tells nobody" in str(faults("rules: [{name: a, on: drift}]"))


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InvalidRules, match="cannot be read"):
        read_rules_file(tmp_path / "none.yaml", kinds)


@given(st.text(max_size=200))
def test_any_text_is_read_or_has_faults(text: str) -> None:
    found: list[Fault] = []
    try:
        assert read(text).targets == {}
    except InvalidRules as error:
        found = error.faults or [Fault(0, 0, "", "no fault named")]
    assert all(one.line >= 1 and one.column >= 1 for one in found)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-11-20T13:59", False),  # Friday 21:59 in Shanghai
        ("2026-11-20T14:00", True),
        ("2026-11-21T21:59", True),  # Sunday 05:59, of Saturday's window
        ("2026-11-21T22:00", False),
        ("2026-11-22T15:00", False),  # Sunday 23:00: none begins
    ],
)
def test_a_weekly_window_goes_on_into_the_next_day(moment: str, inside: bool) -> None:
    window = WeeklyWindow.model_validate(
        {"days": ["fri", "sat"], "from": "22:00", "until": "06:00", "zone": "Asia/Shanghai"}
    )
    assert window.holds(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is inside
