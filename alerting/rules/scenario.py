"""Scenarios: what happens to models in time, and what rules are expected to make of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from alerting.rules.document import PolicyKind, Severity
from alerting.rules.durations import Duration
from alerting.rules.marks import FaultyYaml, read_marked
from alerting.rules.reading import InvalidRules, Rules, TargetKinds, faults_of, read_rules_file


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScenarioModel(_Part):
    """A model of the scenario, as its contract would describe it."""

    team: str = ""
    dataset: str = "dataset"
    method: str = "method"
    answers_a_day: float = Field(default=0.0, ge=0)


class Happening(_Part):
    """What happens at a time: to a model's window, to a run, or by a person's word."""

    at: Duration
    model: str
    drift: Mapping[str, float] = Field(
        default_factory=dict, description="Effect in standard units of each field that drifted."
    )
    missing: tuple[str, ...] = Field(default=(), description="Fields whose values went missing.")
    quality_drop: float = Field(default=0.0, ge=0, le=1, description="How far accuracy fell.")
    holds: bool = Field(default=False, description="Labels show that quality holds.")
    healthy: bool = Field(default=False, description="A window in which nothing is wrong.")
    outcome: Literal["", "succeeded", "failed"] = Field(default="", description="How its run ended.")
    candidate: str = Field(default="", description="Version that the run made; with outcome succeeded.")
    gate: Literal["", "pass", "fail"] = Field(default="", description="What the gate says from now on.")
    approve: str = Field(default="", description="Who approves what waits for a person.")
    deny: str = Field(default="", description="Who denies it.")
    silence_for: Duration = Field(default=timedelta(0), description="How long it is silenced from now on.")

    @model_validator(mode="after")
    def _something(self) -> Happening:
        window = bool(self.drift or self.missing or self.quality_drop or self.healthy)
        said = (window, self.outcome, self.gate, self.approve or self.deny, self.silence_for)
        if sum(map(bool, said)) != 1:
            raise ValueError(
                "say one thing that happens: a window (drift, missing, quality_drop, healthy), an outcome, "
                "gate, approve or deny, or silence_for"
            )
        if self.candidate and self.outcome != "succeeded":
            raise ValueError(
                "a candidate is made by a run that succeeded: write it next to `outcome: succeeded`"
            )
        return self

    @property
    def is_window(self) -> bool:
        """Whether it is about what a window showed."""
        return bool(self.drift or self.missing or self.quality_drop or self.healthy)


def _text(value: object) -> object:
    return str(value) if isinstance(value, bool | int | float) else value


class Expected(_Part):
    """Something that is told, started, held or suppressed at a time."""

    at: Duration
    model: str
    tell: Annotated[str, BeforeValidator(_text)] = Field(default="", description="Name of the target.")
    event: str = Field(default="opened", description="opened, worsened or resolved.")
    severity: Severity | Literal[""] = Field(default="", description="Any when empty.")
    start: PolicyKind | Literal[""] = ""
    hold: PolicyKind | Literal[""] = ""
    suppress: PolicyKind | Literal[""] = ""
    reason: str = Field(default="", description="Why it is held or suppressed; any when empty.")

    @model_validator(mode="after")
    def _one_thing(self) -> Expected:
        if sum(map(bool, (self.tell, self.start, self.hold, self.suppress))) != 1:
            raise ValueError("expect one thing: tell, start, hold or suppress")
        return self


class Scenario(_Part):
    """A whole scenario file.

    All that is told and started must be expected, and at its time; holds and suppressions only where the
    scenario speaks of them.
    """

    name: str = ""
    rules: Path = Field(description="File of rules, seen from the scenario's own folder.")
    models: Mapping[str, ScenarioModel] = Field(min_length=1)
    resolve_after: int = Field(default=1, ge=1, description="Healthy windows that resolve an episode.")
    happens: tuple[Happening, ...] = Field(min_length=1)
    expect: tuple[Expected, ...] = ()

    @model_validator(mode="after")
    def _known_models(self) -> Scenario:
        everything: list[Happening | Expected] = [*self.happens, *self.expect]
        for one in everything:
            if one.model not in self.models:
                raise ValueError(f"model {one.model!r} is not under `models`")
        times = [one.at for one in self.happens]
        if times != sorted(times):
            raise ValueError("what happens must be in the order of its times")
        return self


def read_scenario(path: Path, kinds: TargetKinds) -> tuple[Scenario, Rules]:
    """Read a scenario and its rules; :class:`InvalidRules` names every fault with its line and column."""
    try:
        marked = read_marked(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRules.unreadable(str(path), error) from error
    except FaultyYaml as error:
        raise InvalidRules(str(path), error.faults) from None
    values: Any = marked.value
    if not isinstance(values, dict):
        raise InvalidRules(str(path), [marked.fault((), "must be a mapping with `rules` and `happens`")])
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError as error:
        raise InvalidRules(str(path), faults_of(marked, (), error)) from None
    return scenario, read_rules_file(path.parent / scenario.rules, kinds)
