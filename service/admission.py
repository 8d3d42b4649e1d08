"""Let what waits in the outbox start, or say why not: silences, policies, the fleet's cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from alerting.interventions import Interventions
from alerting.outbox import AT_WORK, Outbox, held, released, suppressed
from alerting.policies.admitting import Admitting, Candidate, spoken_of
from alerting.policies.decision import Judgement
from alerting.policies.past import Past, read_past
from alerting.rules.document import Policy, RuleFile
from alerting.silences import Silences
from driftline.contracts import Contract
from driftline.errors import InvalidInput, NotFound
from driftline.logs import get_logger
from driftline.store import Store, load_sql
from service.gates import Gates
from service.metrics import Metrics

_log = get_logger(__name__)

REMEMBERED = timedelta(days=90)
"""How far back ended actions count, for cooldowns and breakers."""


class Admission:
    """Judges what waits, each cycle anew; for one thread."""

    def __init__(self, store: Store, outbox: Outbox, metrics: Metrics, gates: Gates) -> None:
        self._store = store
        self._outbox = outbox
        self._metrics = metrics
        self._gates = gates
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
        admitting = Admitting(rules, contracts, self._silences.live(now), self._answers, self._gate, now)
        acts = [one.action for one in candidates if one.required.kind != "notify"]
        past = read_past(self._store, now - REMEMBERED) if acts else Past(())
        said = self._interventions.newest(subject for action in acts for subject in spoken_of(action))
        self._write(list(admitting.judged(candidates, past, said)))

    def expire(self, rules: RuleFile, now: datetime) -> None:
        """Runs that told no outcome for too long have failed: they would keep their places for ever."""
        limits: dict[str, Policy] = {str(kind): policy for kind, policy in rules.policies.items()}
        for action in self._outbox.in_states(*AT_WORK):
            limit = limits.get(action.kind, Policy()).outcome_within
            if now - action.at >= limit:
                said = f"no outcome within {limit}"
                self._outbox.report(action.action_id, "failed", {"detail": {"reason": said}})
                _log.warning("run given up", action_id=action.action_id, model=action.model, reason=said)

    def _answers(self, model: str) -> float:
        since = datetime.now(UTC) - timedelta(days=1)
        return float(self._store.scalar(load_sql(__file__, "answers"), {"model": model, "since": since}) or 0)

    def _gate(self, model: str, candidate: str) -> str:
        """Why a candidate may not be deployed; empty when it may."""
        try:
            answer = self._gates.answer(model, candidate)
        except (InvalidInput, NotFound) as error:
            return error.message
        return "" if answer.allowed else f"version {candidate!r}: {answer.verdict.replace('_', ' ')}"

    def _write(self, judged: Sequence[tuple[Candidate, Judgement]]) -> None:
        changed = []
        for one, judgement in judged:
            action = one.action
            if judgement.verdict == "start":
                after = action if one.new else released(action)
            else:
                change = held if judgement.verdict == "hold" else suppressed
                after = change(action, judgement.reason, judgement.text)
            if one.new or after is not action:
                changed.append(after)
            if judgement.verdict != "start" and (one.new or action.reason != judgement.reason):
                self._metrics.suppressions.labels(action.kind, judgement.reason).inc()
                _log.info(
                    "action not started",
                    action_id=action.action_id,
                    model=action.model,
                    kind=action.kind,
                    reason=judgement.text,
                )
        self._outbox.enqueue(*changed)
