"""The false-alarm budget in words."""

from __future__ import annotations

import pytest

from driftline.errors import InvalidSettings
from driftline.false_alarm_budget import EXAMPLES, FalseAlarmBudget
from driftline.settings import load_settings


@pytest.mark.parametrize(
    ("text", "per_year", "scope"),
    [
        ("at most one false episode per model in eight years", 1 / 8, "model"),
        ("One  per model in 8 years", 1 / 8, "model"),
        ("1 a year", 1.0, "model"),
        ("one false episode in two months", 6.0, "model"),
        ("0.12 per model a year", 0.12, "model"),
        ("up to three alerts per model per year", 3.0, "model"),
        ("2 per fleet a month", 24.0, "fleet"),
        ("one false alarm for the whole fleet every week", 52.0, "fleet"),
        ("12 false episodes in the fleet per decade", 1.2, "fleet"),
    ],
)
def test_words_are_read(text: str, per_year: float, scope: str) -> None:
    budget = FalseAlarmBudget.parse(text)
    assert budget.per_year == pytest.approx(per_year)
    assert budget.scope == scope


def test_a_fleets_budget_is_shared_by_its_models() -> None:
    assert FalseAlarmBudget.parse("2 per fleet a year").per_model_year(100) == 0.02
    assert FalseAlarmBudget.parse("2 per model a year").per_model_year(100) == 2.0
    assert FalseAlarmBudget.parse("2 per fleet a year").per_model_year(0) == 2.0


@pytest.mark.parametrize(
    "text", ["", "never", "one per model", "one per dog a year", "1 a fortnight", "many per model a year"]
)
def test_other_words_are_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="say it like") as caught:
        FalseAlarmBudget.parse(text)
    assert EXAMPLES[0] in str(caught.value)


@pytest.mark.parametrize("text", ["0 per model a year", "one per model in zero years"])
def test_a_budget_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        FalseAlarmBudget.parse(text)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_work(text: str) -> None:
    assert FalseAlarmBudget.parse(text).per_year > 0


def test_the_setting_is_checked_when_it_is_read() -> None:
    with pytest.raises(InvalidSettings, match="false_alarm_budget"):
        load_settings(false_alarm_budget="hardly ever")
