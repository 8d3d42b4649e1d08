"""What becomes of each action that waits: silences, policies, and places in the fleet for the lucky ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerting.interventions import Intervention, breaker_subject
from alerting.outbox import Action
from alerting.policies.decision import START, Approval, Judgement, Situation, Worthiness, judge
from alerting.policies.past import Past
from alerting.policies.queue import Waiting, fair_order
from alerting.required import RequiredAction
from alerting.rules.document import Policy, PolicyKind, RuleFile
from alerting.rules.matching import Subject
from alerting.silences import Silence, silenced_by
from alerting.subjects import broken_fields, subject_of
from driftline.contracts import Contract

EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An action that is not on its way yet, and what called for it; a new one is not stored yet."""

    action: Action
    required: RequiredAction
    new: bool = False


@dataclass(frozen=True, slots=True)
class Admitting:
    """One look at everything that waits: a pure function of what is going on.

    Attributes
    ----------
    answers_a_day
        How many answers a model gave in the last day; asked only when a policy says what they are worth.
    gate
        Why a candidate (model and version) may not be deployed; empty when it may.
    """

    rules: RuleFile
    contracts: Mapping[str, Contract]
    silences: Sequence[Silence]
    answers_a_day: Callable[[str], float]
    gate: Callable[[str, str], str]
    now: datetime

    def judged(
        self,
        candidates: Sequence[Candidate],
        past: Past,
        said: Mapping[str, Mapping[str, Intervention]],
    ) -> Iterator[tuple[Candidate, Judgement]]:
        """What becomes of each candidate."""
        by_kind: dict[PolicyKind, list[Candidate]] = {}
        for one in candidates:
            if one.required.kind == "notify":
                yield one, self.told(one)
            else:
                by_kind.setdefault(one.required.kind, []).append(one)
        for kind, ones in by_kind.items():
            yield from self.admitted(kind, ones, past, said)

    def told(self, one: Candidate) -> Judgement:
        """Whether a notification may go out."""
        episode = one.required.episode
        if not one.new and episode.state == "resolved":
            # Nobody heard that it opened; nobody needs to hear that it is over.
            return Judgement("suppress", "resolved", "the episode resolved while it was silenced")
        author = silenced_by(self.silences, self._subject(one), self.now)
        return Judgement("hold", "silenced", f"the episode is silenced (by {author})") if author else START

    def admitted(
        self,
        kind: PolicyKind,
        candidates: Sequence[Candidate],
        past: Past,
        said: Mapping[str, Mapping[str, Intervention]],
    ) -> Iterator[tuple[Candidate, Judgement]]:
        """What becomes of each action of one kind; places go to those that nothing else holds up."""
        policy = self.rules.policy(kind)
        running = past.running_by_model(kind)
        free = policy.at_most - sum(running.values())
        situations = {one.action.action_id: self._situation(one, policy, past, said) for one in candidates}
        ready: list[Waiting] = []
        for one in candidates:
            roomy = replace(situations[one.action.action_id], free_places=1)
            if judge(policy, roomy, self.now) == START:
                since = roomy.wanted_since
                ready.append(Waiting(one.action.action_id, self._team(one), one.required.severity, since))
        by_team = Counter[str]()
        for model, count in running.items():
            by_team[self.contracts[model].team if model in self.contracts else ""] += count
        lucky = {one.action_id for one in fair_order(ready, by_team)[: max(0, free)]}
        for one in candidates:
            places = int(one.action.action_id in lucky)
            situation = replace(situations[one.action.action_id], free_places=places)
            yield one, judge(policy, situation, self.now)

    def _situation(
        self,
        one: Candidate,
        policy: Policy,
        past: Past,
        said: Mapping[str, Mapping[str, Intervention]],
    ) -> Situation:
        action, subject = one.action, self._subject(one)
        reset = said.get(breaker_subject(action.model, action.kind), {}).get("reset_breaker")
        return Situation(
            wanted_since=action.wanted_at or self.now,
            open=one.required.episode.state == "open",
            last_started=past.last_started(action.model, action.kind),
            failures_in_row=past.failures_in_row(action.model, action.kind, reset.at if reset else EPOCH),
            broken_data=broken_fields(one.required.episode),
            missing_lineage=self._missing_lineage(action.model),
            gate=self.gate(action.model, one.required.candidate) if one.required.candidate else "",
            worth=self._worth(subject, policy),
            approval=_approval(said.get(action.action_id, {})),
            silenced_by=silenced_by(self.silences, subject, self.now),
        )

    def _missing_lineage(self, model: str) -> tuple[str, ...]:
        """What a retrain has to know; a method without hyper-parameters has none to name."""
        contract = self.contracts.get(model)
        if contract is None:
            return ("contract",)
        return tuple(name for name in ("dataset", "method") if not getattr(contract.lineage, name))

    def _worth(self, subject: Subject, policy: Policy) -> Worthiness | None:
        """What the decay costs, at the traffic of the last day; ``None`` when it cannot be said."""
        drop = subject.figures.get("quality_drop")
        if policy.worth is None or drop is None:
            return None
        thousands = self.answers_a_day(subject.model) / 1000
        days = policy.worth.within / timedelta(days=1)
        lost = policy.worth.usd_per_point_per_thousand * drop * 100 * thousands * days
        return Worthiness(lost, policy.worth.action_usd, days)

    def _subject(self, one: Candidate) -> Subject:
        return subject_of(one.required.episode, self._team(one))

    def _team(self, one: Candidate) -> str:
        contract = self.contracts.get(one.action.model)
        return contract.team if contract else ""


def spoken_of(action: Action) -> tuple[str, str]:
    """What people may have spoken about that matters to an action."""
    return action.action_id, breaker_subject(action.model, action.kind)


def _approval(said: Mapping[str, Intervention]) -> Approval | None:
    """The newest of approvals and denials."""
    words = [said[kind] for kind in ("approve", "deny") if kind in said]
    newest = max(words, key=lambda one: one.at, default=None)
    if newest is None:
        return None
    return Approval(newest.kind == "approve", newest.author, newest.at, newest.reason)
