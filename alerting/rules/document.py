"""What a file of rules says: targets, rules, and the policies that actions are under."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from alerting.rules.durations import Duration
from alerting.rules.figures import FIGURES
from detectors.gate.criteria import GateCriteria
from driftline.bounds import Bound

RuleKind = Literal[
    "drift", "harmless_drift", "decay", "harmful_drift", "data_quality", "coverage", "cost", "collector"
]
Severity = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
PolicyKind = Literal["retrain", "rollback", "shift_traffic", "redeploy"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)


def _listed(value: object) -> object:
    """One word stands for a list of it."""
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Patterns = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
"""Shell patterns, as ``ocr-*``; any of them may match."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Rule(_Part):
    """Whom to tell and what to do when a model is in a condition.

    All rules that match an episode apply, in no order: a target is told once, with the highest severity.
    """

    name: str = Field(min_length=1, max_length=100, description="Shown in messages; unlike all others.")
    on: Annotated[tuple[RuleKind, ...], BeforeValidator(_listed), Field(min_length=1)] = Field(
        description="Kinds of episodes."
    )
    models: Patterns = Field(default=("*",), description="Names of models, as patterns.")
    teams: Patterns = Field(default=("*",), description="Teams that own them, as patterns.")
    fields: Patterns = Field(default=("*",), description="A field that changed, as patterns.")
    where: Mapping[str, Bound] = Field(default_factory=dict, description="Bounds on the episode's figures.")
    lasting: Duration = Field(
        default=timedelta(0), alias="for", description="How long the episode must last first."
    )
    severity: Severity = Field(default="warning", description="How bad it is.")
    notify: Words = Field(default=(), description="Names of targets that are told.")
    actions: Mapping[PolicyKind, str] = Field(
        default_factory=dict, description="Actions and the target of each; at most one of a kind an episode."
    )

    @field_validator("where", mode="before")
    @classmethod
    def _bounds(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        unknown = sorted(set(map(str, value)) - set(FIGURES))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no figure: one of {', '.join(FIGURES)}")
        return {name: Bound.parse(bound) for name, bound in value.items()}


class WeeklyWindow(_Part):
    """Hours of the week, in a time zone; ``until`` before ``since`` goes on into the next day."""

    days: Annotated[tuple[Day, ...], BeforeValidator(_listed)] = Field(
        default=DAYS, description="Days on which it begins."
    )
    since: time = Field(alias="from")
    until: time
    zone: str = Field(default="UTC", description="Name of a time zone, as Asia/Shanghai.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time zone {name!r} is not known: write it as Europe/Berlin") from None
        return name

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        local = moment.astimezone(ZoneInfo(self.zone))
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        clock = local.time()
        if self.since < self.until:
            return today in self.days and self.since <= clock < self.until
        return (today in self.days and clock >= self.since) or (yesterday in self.days and clock < self.until)


class Worth(_Part):
    """What a decay costs beside what an action costs, so that dear actions wait for dear decays."""

    action_usd: float = Field(ge=0, description="What one action costs, in USD.")
    usd_per_point_per_thousand: float = Field(
        ge=0, description="What a thousand answers lose for each point (.01) of quality, in USD."
    )
    within: Duration = Field(
        default=timedelta(days=7), description="Time in which an action must have paid for itself."
    )


class Policy(_Part):
    """Under which limits actions of one kind may start."""

    mode: Literal["live", "shadow", "off"] = Field(
        default="live", description="`shadow` records what would have started and starts nothing."
    )
    approval: bool = Field(default=False, description="Wait until a person approves.")
    approval_expires: Duration = Field(default=timedelta(days=3), description="How long one may think.")
    cooldown: Duration = Field(
        default=timedelta(hours=24), description="Pause after an action of the kind of one model."
    )
    at_most: int = Field(default=5, ge=1, description="How many may run at once in the fleet.")
    outcome_within: Duration = Field(
        default=timedelta(days=1), description="A run that tells no outcome for so long has failed."
    )
    breaker: int = Field(
        default=3, ge=1, description="Failures in a row after which a model's actions stop until reset."
    )
    maintenance: tuple[WeeklyWindow, ...] = Field(
        default=(), description="Hours in which nothing is started; what is wanted then waits."
    )
    refuse_on_broken_data: bool = Field(
        default=True, description="Start nothing while the model's data is broken: mend the pipe first."
    )
    require_lineage: bool = Field(
        default=True, description="Start nothing without dataset, method and hyper-parameters."
    )
    worth: Worth | None = Field(default=None, description="Only when the decay costs more than the action.")


class Gate(GateCriteria):
    """What candidates of some models have to show before they may be deployed."""

    models: Patterns = Field(default=("*",), description="Names of models, as patterns.")
    teams: Patterns = Field(default=("*",), description="Teams that own them, as patterns.")

    def covers(self, model: str, team: str) -> bool:
        """Whether it is about a model."""
        return any(fnmatchcase(model, one) for one in self.models) and any(
            fnmatchcase(team, one) for one in self.teams
        )


class RuleFile(_Part):
    """The whole file."""

    version: Literal[1] = 1
    targets: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="Where messages and requests go, by name."
    )
    rules: tuple[Rule, ...] = ()
    policies: Mapping[PolicyKind, Policy] = Field(default_factory=dict)
    gates: tuple[Gate, ...] = Field(
        default=(), description="What candidates have to show; the first that covers a model counts."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> RuleFile:
        names = [rule.name for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two rules are named {twice!r}")
        return self

    def policy(self, kind: PolicyKind) -> Policy:
        """The limits of a kind: those in the file, or the defaults."""
        return self.policies.get(kind, Policy())

    def gate(self, model: str, team: str) -> GateCriteria:
        """What a candidate of a model has to show: as the file says, or the defaults."""
        return next((gate for gate in self.gates if gate.covers(model, team)), GateCriteria())
