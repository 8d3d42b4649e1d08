"""Let what waits in the outbox start, or say why not: silences, policies, the fleet's cap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerting.interventions import Intervention, Interventions, breaker_subject
from alerting.outbox import AT_WORK, Action, Outbox
from alerting.policies.decision import START, Approval, Judgement, Situation, Worthiness, judge
from alerting.policies.past import Past, read_past
from alerting.policies.queue import Waiting, fair_order
from alerting.required import RequiredAction
from alerting.rules.document import Policy, PolicyKind, RuleFile
from alerting.rules.matching import Subject
from alerting.silences import Silence, Silences, silenced_by
from alerting.subjects import broken_fields, subject_of
from driftline.contracts import Contract
from driftline.logs import get_logger
from driftline.store import Store, load_sql
from service.metrics import Metrics

_log = get_logger(__name__)

REMEMBERED = timedelta(days=90)
"""How far back ended actions count, for cooldowns and breakers."""

EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An action that is not on its way yet, and what called for it; a new one is not stored yet."""

    action: Action
    required: RequiredAction
    new: bool = False


class Admission:
    """Judges what waits, each cycle anew; for one thread."""

    def __init__(self, store: Store, outbox: Outbox, metrics: Metrics) -> None:
        self._store = store
        self._outbox = outbox
        self._metrics = metrics
        self._interventions = Interventions(store)
        self._silences = Silences(store)

    def run(
        self,
        candidates: Sequence[Candidate],
        rules: RuleFile,
        contracts: Mapping[str, Contract],
        now: datetime,
    ) -> None:
        """Start, hold or suppress each candidate; new ones are stored with what became of them."""
        if not candidates:
            return
        pass_ = _Pass(self._store, rules, contracts, self._silences.live(now), now)
        told = [one for one in candidates if one.required.kind == "notify"]
        judged = [(one, pass_.told(one)) for one in told]
        by_kind: dict[PolicyKind, list[Candidate]] = {}
        for one in candidates:
            if one.required.kind != "notify":
                by_kind.setdefault(one.required.kind, []).append(one)
        if by_kind:
            past = read_past(self._store, now - REMEMBERED)
            said = self._interventions.newest(
                subject for ones in by_kind.values() for one in ones for subject in _subjects(one.action)
            )
            for kind, ones in by_kind.items():
                judged += pass_.admitted(kind, ones, past, said)
        self._write(judged)

    def expire(self, rules: RuleFile, now: datetime) -> None:
        """Runs that told no outcome for too long have failed: they would keep their places for ever."""
        limits: dict[str, Policy] = {str(kind): policy for kind, policy in rules.policies.items()}
        for action in self._outbox.in_states(*AT_WORK):
            limit = limits.get(action.kind, Policy()).outcome_within
            if now - action.at >= limit:
                said = f"no outcome within {limit}"
                self._outbox.report(action.action_id, "failed", {"detail": {"reason": said}})
                _log.warning("run given up", action_id=action.action_id, model=action.model, reason=said)

    def _write(self, judged: Sequence[tuple[Candidate, Judgement]]) -> None:
        fresh = []
        for one, judgement in judged:
            action = one.action
            if one.new:
                fresh.append(_begun(action, judgement))
            elif judgement.verdict == "start":
                self._outbox.start(action)
            elif judgement.verdict == "suppress":
                self._outbox.suppress(action, judgement.reason, judgement.text)
            else:
                self._outbox.hold(action, judgement.reason, judgement.text)
            if judgement.verdict != "start" and (one.new or action.reason != judgement.reason):
                self._metrics.suppressions.labels(action.kind, judgement.reason).inc()
                _log.info(
                    "action not started",
                    action_id=action.action_id,
                    model=action.model,
                    kind=action.kind,
                    reason=judgement.text,
                )
        if fresh:
            self._outbox.enqueue(*fresh)


@dataclass(frozen=True, slots=True)
class _Pass:
    """One look at everything that waits."""

    store: Store
    rules: RuleFile
    contracts: Mapping[str, Contract]
    silences: Sequence[Silence]
    now: datetime

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
        answers = self.store.scalar(
            load_sql(__file__, "answers"), {"model": subject.model, "since": self.now - timedelta(days=1)}
        )
        days = policy.worth.within / timedelta(days=1)
        lost = policy.worth.usd_per_point_per_thousand * drop * 100 * float(answers or 0) / 1000 * days
        return Worthiness(lost, policy.worth.action_usd, days)

    def _subject(self, one: Candidate) -> Subject:
        return subject_of(one.required.episode, self._team(one))

    def _team(self, one: Candidate) -> str:
        contract = self.contracts.get(one.action.model)
        return contract.team if contract else ""


def _subjects(action: Action) -> tuple[str, str]:
    """What people may have spoken about that matters to an action."""
    return action.action_id, breaker_subject(action.model, action.kind)


def _approval(said: Mapping[str, Intervention]) -> Approval | None:
    """The newest of approvals and denials."""
    words = [said[kind] for kind in ("approve", "deny") if kind in said]
    newest = max(words, key=lambda one: one.at, default=None)
    if newest is None:
        return None
    return Approval(newest.kind == "approve", newest.author, newest.at, newest.reason)


def _begun(action: Action, judgement: Judgement) -> Action:
    """A new action as it is first stored."""
    if judgement.verdict == "start":
        return action
    return replace(
        action,
        state="held" if judgement.verdict == "hold" else "suppressed",
        reason=judgement.reason,
        reason_text=judgement.text,
    )
