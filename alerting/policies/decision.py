"""Whether an action may start now: a pure function of its policy and of what is going on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from alerting.rules.document import Policy

Verdict = Literal["start", "hold", "suppress"]

Reason = Literal[
    "",
    "off",
    "shadow",
    "silenced",
    "broken_data",
    "no_lineage",
    "gate",
    "not_worth_it",
    "breaker",
    "denied",
    "approval_expired",
    "approval",
    "cooldown",
    "maintenance",
    "cap",
    "resolved",
]
"""Why an action does not start; closed, since it labels a metric."""

REASONS: Final[Mapping[Reason, str]] = {
    "off": "actions of this kind are turned off",
    "shadow": "shadow mode: recorded only",
    "silenced": "the episode is silenced",
    "broken_data": "the model's data is broken: mend the pipe first",
    "no_lineage": "dataset, method or hyper-parameters are not known: write them into the contract's lineage",
    "gate": "no pass, no deploy: the gate does not let the candidate through",
    "not_worth_it": "the decay costs less than the action",
    "breaker": "it failed too often in a row: reset the breaker when the cause is mended",
    "denied": "a person denied it",
    "approval_expired": "nobody approved it in time",
    "approval": "waits for a person's approval",
    "cooldown": "the model had one not long ago",
    "maintenance": "maintenance hours",
    "cap": "as many as may run at once are running",
    "resolved": "the episode or its rule was over before it started",
}


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person said of an action."""

    approved: bool
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Worthiness:
    """What a decay costs beside what the action costs, in USD."""

    decay_usd: float
    action_usd: float
    days: float


@dataclass(frozen=True, slots=True)
class Situation:
    """What is going on around one action that is wanted.

    Attributes
    ----------
    wanted_since
        When the action was first called for.
    last_started
        When the newest action of the kind of this model started, or ``None``.
    failures_in_row
        Failed or rejected outcomes since the last good one, of this kind and model, not counting those
        before the breaker was reset.
    broken_data
        Names of fields whose data is broken; empty when it is sound.
    missing_lineage
        Parts of the lineage that are not known.
    gate
        Why the gate does not let the candidate through; empty when it does, and for what deploys nothing.
    worth
        ``None`` when nobody said what quality is worth, or quality is not known.
    silenced_by
        Author of a silence that covers the episode, else empty.
    free_places
        How many more of the kind may run in the fleet.
    """

    wanted_since: datetime
    open: bool
    last_started: datetime | None = None
    failures_in_row: int = 0
    broken_data: tuple[str, ...] = ()
    missing_lineage: tuple[str, ...] = ()
    gate: str = ""
    worth: Worthiness | None = None
    approval: Approval | None = None
    silenced_by: str = ""
    free_places: int = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of an action now: ``hold`` is asked again, ``suppress`` is final for its episode."""

    verdict: Verdict
    reason: Reason = ""
    text: str = ""


START: Final = Judgement("start")


def judge(policy: Policy, situation: Situation, now: datetime) -> Judgement:
    """Whether an action may start.

    What is final comes first; then what may pass by itself, the cap last, so that an action that takes a
    place in the fleet can really start. Shadow mode comes after everything else: what it records would have
    started.
    """
    return (
        _final(policy, situation, now)
        or _waiting(policy, situation, now)
        or (_judgement("suppress", "shadow") if policy.mode == "shadow" else START)
    )


def _final(policy: Policy, situation: Situation, now: datetime) -> Judgement | None:
    if policy.mode == "off":
        return _judgement("suppress", "off")
    if not situation.open:
        return _judgement("suppress", "resolved")
    approval = situation.approval
    if approval is not None and not approval.approved:
        said = f": {approval.reason}" if approval.reason else ""
        return _judgement("suppress", "denied", f"{approval.by}{said}")
    thought = now - situation.wanted_since
    if policy.approval and approval is None and thought >= policy.approval_expires:
        return _judgement("suppress", "approval_expired", f"after {_length(thought.total_seconds())}")
    return None


def _waiting(policy: Policy, situation: Situation, now: datetime) -> Judgement | None:
    if situation.silenced_by:
        return _judgement("hold", "silenced", f"by {situation.silenced_by}")
    if policy.require_lineage and situation.missing_lineage:
        return _judgement("hold", "no_lineage", f"missing: {', '.join(situation.missing_lineage)}")
    if policy.refuse_on_broken_data and situation.broken_data:
        return _judgement("hold", "broken_data", f"fields: {', '.join(situation.broken_data)}")
    if situation.gate:
        return _judgement("hold", "gate", situation.gate)
    worth = situation.worth
    if worth is not None and worth.decay_usd < worth.action_usd:
        return _judgement(
            "hold",
            "not_worth_it",
            f"the decay costs {worth.decay_usd:,.2f} USD in {worth.days:g} days, "
            f"the action {worth.action_usd:,.2f} USD",
        )
    if situation.failures_in_row >= policy.breaker:
        return _judgement("hold", "breaker", f"{situation.failures_in_row} failures in a row")
    if policy.approval and situation.approval is None:
        return _judgement("hold", "approval")
    if situation.last_started is not None and now < situation.last_started + policy.cooldown:
        until = situation.last_started + policy.cooldown
        return _judgement("hold", "cooldown", f"until {until:%Y-%m-%d %H:%M} UTC")
    if any(window.holds(now) for window in policy.maintenance):
        return _judgement("hold", "maintenance")
    # In shadow mode nothing runs, so nothing takes a place.
    if policy.mode == "live" and situation.free_places < 1:
        return _judgement("hold", "cap", f"at most {policy.at_most}")
    return None


def _judgement(verdict: Verdict, reason: Reason, detail: str = "") -> Judgement:
    text = REASONS[reason]
    return Judgement(verdict, reason, f"{text} ({detail})" if detail else text)


def _length(seconds: float) -> str:
    return f"{seconds / 3600:.0f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:.0f} days"
