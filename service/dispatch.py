"""Send what waits in the outbox and follow the runs it started; one failure never holds up the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from alerting.outbox import AT_WORK, Action, Outbox
from driftline.errors import AmbiguousDelivery, Conflict, DeliveryError, RetryableDelivery
from driftline.logs import get_logger
from integrations.hookspecs import PipelineHook, PipelineRequest, Run
from service.metrics import Metrics

_log = get_logger(__name__)

FOLLOW_SECONDS = (2.0, 60.0)
"""Shortest and longest pause between two looks at one run; a tenth of the run's age in between."""

FOLLOW_BUDGET_SECONDS = 5.0
"""Longest time a cycle looks at runs; those it did not come to are first in the next one."""


class Targets(Protocol):
    """Where actions go: targets by the name that is stored with an action."""

    def batches(self, actions: Sequence[Action], now: datetime) -> list[tuple[Action, ...]]:
        """Which of the notifications may be sent now, by messages; the others wait."""
        ...

    def deliver(self, actions: Sequence[Action]) -> None:
        """Deliver notifications of one target by one message; raises DeliveryError of driftline.errors."""
        ...

    def hook(self, target: str) -> PipelineHook:
        """The hook of a pipeline; :class:`driftline.errors.PermanentDelivery` when there is none."""
        ...


class Dispatcher:
    """Sends due actions to their targets.

    Parameters
    ----------
    may_send
        Asked before each call to a target whether this process may still send: no two may at once.
    doubt_seconds
        How long a call to a target can take: what is found half sent earlier may still be under way.
    """

    def __init__(
        self,
        outbox: Outbox,
        targets: Targets,
        metrics: Metrics,
        *,
        may_send: Callable[[], bool] = lambda: True,
        doubt_seconds: float = 0.0,
    ) -> None:
        self._outbox = outbox
        self._targets = targets
        self._metrics = metrics
        self._may_send = may_send
        self._doubt_seconds = doubt_seconds
        self._next_look: dict[str, datetime] = {}

    def send_due(self, now: datetime | None = None) -> int:
        """Send every action whose turn and time have come; return how many were taken.

        Behind what is delivered or dead waits the next of its lane, so it goes on while something moves.
        """
        moment = now or datetime.now(UTC)
        taken = 0
        seen: set[tuple[str, int]] = set()
        while True:
            due = [
                action
                for action in self._outbox.due(moment, doubt_seconds=self._doubt_seconds)
                if (action.action_id, action.attempt) not in seen
            ]
            told = self._targets.batches([action for action in due if action.kind == "notify"], moment)
            acts = [(action,) for action in due if action.kind != "notify"]
            for batch in (*told, *acts):
                if not self._may_send():
                    _log.warning("somebody else sends: the rest is theirs", left=len(due))
                    return taken
                seen |= {(action.action_id, action.attempt) for action in batch}
                taken += self._send(batch)
            if not told and not acts:
                return taken

    def follow(self, now: datetime | None = None) -> int:
        """Look at runs that are not known to have ended; return how many did."""
        moment = now or datetime.now(UTC)
        began = datetime.now(UTC)
        at_work = self._outbox.in_states(*AT_WORK)
        known = {action.action_id for action in at_work}
        self._next_look = {key: due for key, due in self._next_look.items() if key in known}
        ended = 0
        for action in sorted(at_work, key=lambda one: self._next_look.get(one.action_id, one.at)):
            if self._next_look.get(action.action_id, action.at) > moment or not self._may_send():
                continue
            if datetime.now(UTC) - began > timedelta(seconds=FOLLOW_BUDGET_SECONDS):
                break
            shortest, longest = FOLLOW_SECONDS
            age = (moment - action.at).total_seconds()
            pause = min(longest, max(shortest, age / 10))
            self._next_look[action.action_id] = moment + timedelta(seconds=pause)
            ended += self._follow(action)
        return ended

    def _send(self, batch: tuple[Action, ...]) -> int:
        """Send what goes as one; how many were delivered."""
        action = batch[0]
        try:
            if action.kind == "notify":
                self._targets.deliver(batch)
                digest = f"digest of {len(batch)}: {action.action_id}" if len(batch) > 1 else ""
                for one in batch:
                    self._outbox.delivered(one, "succeeded", run_id=digest)
            else:
                run = self._trigger(action)
                sent = self._outbox.delivered(action, "sent", run_id=run.run_id, run_url=run.url)
                self._note(sent, run)
        except DeliveryError as error:
            for one in batch:
                self._failed(one, error)
            return 0
        self._metrics.deliveries.labels(action.kind, "delivered").inc(len(batch))
        _log.info(
            "action delivered",
            action_id=action.action_id,
            about=action.event,
            target=action.target,
            together=len(batch),
        )
        return len(batch)

    def _failed(self, action: Action, error: DeliveryError) -> None:
        after = error.retry_after_seconds if isinstance(error, RetryableDelivery) else None
        later = self._outbox.undelivered(
            action,
            reason=error.reason,
            error=error.message,
            retryable=error.retryable,
            after_seconds=after,
            in_doubt=isinstance(error, AmbiguousDelivery) or action.in_doubt,
        )
        self._metrics.deliveries.labels(action.kind, error.reason).inc()
        _log.warning(
            "action not delivered",
            action_id=action.action_id,
            target=action.target,
            state=later.state,
            attempt=later.attempt,
            error=error.message,
        )

    def _trigger(self, action: Action) -> Run:
        """Start the action's run, unless it was started by an attempt whose answer was lost."""
        hook = self._targets.hook(action.target)
        request = PipelineRequest(action.action_id, action.payload)
        if action.in_doubt and "find" in hook.abilities:
            found = hook.find(request)
            if found is not None:
                _log.info("run found again", action_id=action.action_id, run_id=found.run_id)
                return found
        self._outbox.sending(action)
        return hook.trigger(request)

    def _follow(self, action: Action) -> bool:
        try:
            hook = self._targets.hook(action.target)
            if "find" in hook.abilities and not action.run_id:
                # Some targets start a run without saying which.
                found = hook.find(PipelineRequest(action.action_id, action.payload))
                if found is None or not found.run_id:
                    return False
                self._outbox.found(action, found.run_id, found.url)
                return self._note(action, found)
            if "follow" not in hook.abilities or not action.run_id:
                return False
            run = hook.follow(action.run_id)
        except DeliveryError as error:
            self._metrics.deliveries.labels("follow", error.reason).inc()
            _log.warning("run not followed", action_id=action.action_id, error=error.message)
            return False
        return self._note(action, run)

    def _note(self, action: Action, run: Run) -> bool:
        """Write what a target says of a run; whether it has ended."""
        if run.state == "queued" or run.state == "unknown":
            return False
        outcome = {"run_id": run.run_id, "run_url": run.url, "detail": dict(run.detail)}
        try:
            self._outbox.report(action.action_id, run.state, outcome)
        except Conflict as error:
            # The pipeline's own callback was faster, and said something else: it counts.
            _log.warning("run ended otherwise", action_id=action.action_id, error=error.message)
        return run.ended
