"""The false-alarm budget as its owner says it: how often monitoring may cry wolf."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Scope = Literal["model", "fleet"]

YEARS = {"hour": 1 / 8760, "day": 1 / 365, "week": 1 / 52, "month": 1 / 12, "year": 1.0, "decade": 10.0}
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: float(value) for value, word in enumerate(_UNITS.split())} | {
    "a": 1.0,
    "an": 1.0,
    "half": 0.5,
}
_AMOUNT = r"(?:\d+(?:\.\d+)?|[a-z]+)"
_WORDS = re.compile(
    rf"(?:at most |up to )?(?P<episodes>{_AMOUNT})"
    r"(?: false)?(?: (?:episode|alarm|alert)s?)?"
    r"(?: (?:per|for the whole|for each|for every|in the) (?P<scope>model|fleet))?"
    rf" (?:in|every|per|each|a|within)(?: (?P<amount>{_AMOUNT}))? (?P<unit>hour|day|week|month|year|decade)s?"
)
EXAMPLES = (
    "one false episode per model in eight years",
    "2 per fleet a month",
)


@dataclass(frozen=True, slots=True)
class FalseAlarmBudget:
    """Expected false episodes on data that did not change.

    Attributes
    ----------
    episodes, years
        So many episodes in so many years, both positive.
    scope
        Of each model, or of all models together.
    """

    episodes: float
    years: float
    scope: Scope

    @classmethod
    def parse(cls, text: str) -> FalseAlarmBudget:
        """Read a budget from words.

        Raises
        ------
        ValueError
            Words that are not understood, with examples of what is.

        Examples
        --------
        >>> FalseAlarmBudget.parse("at most one false episode per model in eight years")
        FalseAlarmBudget(episodes=1.0, years=8.0, scope='model')
        >>> FalseAlarmBudget.parse("2 per fleet a month").per_year
        24.0
        """
        found = _WORDS.fullmatch(" ".join(text.lower().split()))
        if found is None:
            raise ValueError(_misunderstood(text))
        episodes = _number(found["episodes"], text)
        amount = 1.0 if found["amount"] is None else _number(found["amount"], text)
        if not (episodes > 0 and amount > 0):
            raise ValueError(f"a budget of {text!r} allows nothing: both numbers must be above 0")
        scope: Scope = "fleet" if found["scope"] == "fleet" else "model"
        return cls(episodes, amount * YEARS[found["unit"]], scope)

    @property
    def per_year(self) -> float:
        """Episodes a year, of a model or of the fleet as the scope says."""
        return self.episodes / self.years

    def per_model_year(self, models: int) -> float:
        """Episodes a year that each of ``models`` models may have; a fleet's budget is split equally."""
        return self.per_year / (max(1, models) if self.scope == "fleet" else 1)


def _number(text: str, whole: str) -> float:
    if text in _NUMBERS:
        return _NUMBERS[text]
    try:
        return float(text)
    except ValueError:
        raise ValueError(_misunderstood(whole)) from None


def _misunderstood(text: str) -> str:
    return f"{text!r} is not understood as a budget; say it like {' or '.join(map(repr, EXAMPLES))}"
