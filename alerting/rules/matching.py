"""Which rules apply to an episode: a pure function of both and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from types import MappingProxyType

from alerting.rules.document import SEVERITIES, PolicyKind, Rule, RuleKind, Severity


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules look at.

    Attributes
    ----------
    since, until
        When the episode opened, and when it resolved (``None``: it is open).
    figures
        By the names in :data:`alerting.rules.figures.FIGURES`; what is not known is absent.
    """

    model: str
    team: str
    kind: RuleKind
    fields: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    figures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the rules that apply amount to.

    Attributes
    ----------
    notify
        Target and severity, the highest of the rules that name it.
    actions
        Target of each kind of action; of the first rule that names the kind.
    rules
        Names of the rules that apply.
    """

    severity: Severity | None
    notify: Mapping[str, Severity]
    actions: Mapping[PolicyKind, str]
    rules: tuple[str, ...]


def applies(rule: Rule, subject: Subject, now: datetime) -> bool:
    """Whether a rule applies; one with ``for`` once the episode has lasted so long."""
    return (
        subject.kind in rule.on
        and _any(rule.models, (subject.model,))
        and _any(rule.teams, (subject.team,))
        and (rule.fields == ("*",) or _any(rule.fields, subject.fields))
        and all(
            name in subject.figures and bound.holds(subject.figures[name])
            for name, bound in rule.where.items()
        )
        and (subject.until or now) - subject.since >= rule.lasting
    )


def wanted(rules: Iterable[Rule], subject: Subject, now: datetime) -> Wanted:
    """What is to be told and done about an episode."""
    matching = [rule for rule in rules if applies(rule, subject, now)]
    notify: dict[str, Severity] = {}
    actions: dict[PolicyKind, str] = {}
    for rule in matching:
        for target in rule.notify:
            notify[target] = _worse(notify.get(target, "info"), rule.severity)
        for kind, target in rule.actions.items():
            actions.setdefault(kind, target)
    severity = max((rule.severity for rule in matching), key=SEVERITIES.index, default=None)
    return Wanted(severity, notify, actions, tuple(rule.name for rule in matching))


def _any(patterns: Iterable[str], names: Iterable[str]) -> bool:
    listed = tuple(patterns)
    return any(fnmatchcase(name, pattern) for name in names for pattern in listed)


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=SEVERITIES.index)
