"""The outbox: an action is stored before it is sent, under one id until it has ended.

States by rank, so that whatever is learned late cannot hide what is final:
``held``, ``pending``, ``sending`` and ``retrying`` (0) → ``sent`` (1) → ``running`` (2) → ``succeeded``,
``failed``, ``dead``, ``suppressed``, ``cancelled`` (3). A redo of what is dead begins above all of these.

A crash while sending leaves the action in ``sending``: its target may have run it, so it is asked for the run
of that id, if it can be, before the action is sent again under the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import orjson

from driftline.action_states import ActionState
from driftline.errors import Conflict, NotFound
from driftline.ids import ActionId, EpisodeId
from driftline.store import Store, load_sql

RANK: Final[Mapping[ActionState, int]] = {
    "held": 0,
    "pending": 0,
    "sending": 0,
    "retrying": 0,
    "sent": 1,
    "running": 2,
    "succeeded": 3,
    "failed": 3,
    "dead": 3,
    "suppressed": 3,
    "cancelled": 3,
}
REDO_RANK: Final = 4
"""What each redo adds to the rank."""

MOST_REDOS: Final = 60

TO_SEND: Final[tuple[ActionState, ...]] = ("pending", "sending", "retrying")
AT_WORK: Final[tuple[ActionState, ...]] = ("sent", "running")

RETRY_SECONDS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Pauses between attempts (Standard Webhooks' schedule); after the last the action is dead."""

DOUBTFUL: Final = "in doubt: the target may have taken it"


@dataclass(frozen=True, slots=True)
class Action:
    """One version of an action; the last by rank, attempt and time counts.

    Attributes
    ----------
    reason, reason_text
        Why it is held or suppressed.
    run_id, run_url
        The run that it started, once its target has told.
    redos
        How often a person began it anew after it was dead.
    wanted_at
        When it was first stored; ``None`` before.
    """

    action_id: ActionId
    episode_id: EpisodeId
    model: str
    kind: str
    event: str
    target: str
    state: ActionState
    attempt: int
    at: datetime
    next_attempt_at: datetime
    payload: str
    error_reason: str = ""
    error: str = ""
    outcome: Mapping[str, Any] | None = None
    reason: str = ""
    reason_text: str = ""
    run_id: str = ""
    run_url: str = ""
    redos: int = 0
    wanted_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return RANK[self.state] == 3

    @property
    def in_doubt(self) -> bool:
        """Whether its target may have taken it although nobody knows."""
        return self.state == "sending" or (self.state == "retrying" and self.reason == "in_doubt")

    @property
    def lane(self) -> tuple[str, ...]:
        """What has to go one after the other: a model's actions, and what a target is told of a model."""
        return (self.model, self.target) if self.kind == "notify" else (self.model,)


def held(action: Action, reason: str, text: str) -> Action:
    """The action as it waits for a reason; unchanged when it waits for it already."""
    if (action.state, action.reason, action.reason_text) == ("held", reason, text):
        return action
    return replace(action, state="held", at=_now(), reason=reason, reason_text=text)


def suppressed(action: Action, reason: str, text: str) -> Action:
    """The action as it will never be sent, and why."""
    return replace(action, state="suppressed", at=_now(), reason=reason, reason_text=text)


def released(action: Action) -> Action:
    """A held action as it may be sent."""
    now = _now()
    return replace(action, state="pending", at=now, next_attempt_at=now, reason="", reason_text="")


class Outbox:
    """Actions in the database, versions appended."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enqueue(self, *actions: Action) -> None:
        """Store new versions of actions at once; those that are pending may be sent from now on."""
        if actions:
            self._append(*actions)

    def known_ids(self, episode_ids: list[EpisodeId]) -> set[ActionId]:
        """Ids of all actions of these episodes."""
        if not episode_ids:
            return set()
        rows = self._store.query(load_sql(__file__, "outbox_known"), {"episode_ids": episode_ids})
        return {ActionId(row["action_id"]) for row in rows}

    def due(self, now: datetime, *, doubt_seconds: float = 0.0) -> list[Action]:
        """Actions that wait to be sent and whose turn and time have come, oldest first.

        Parameters
        ----------
        doubt_seconds
            How long ago the sending of an action must have begun until it counts as interrupted.
        """
        begun = now - timedelta(seconds=doubt_seconds)
        return [
            action
            for action in first_in_lanes(self.in_states(*TO_SEND))
            if action.next_attempt_at <= now and (action.state != "sending" or action.at <= begun)
        ]

    def in_states(self, *states: ActionState) -> list[Action]:
        """All actions in some states, oldest first."""
        rows = self._store.query(load_sql(__file__, "outbox"), {"action_id": "", "states": list[str](states)})
        return [_from_row(row) for row in rows]

    def get(self, action_id: str) -> Action:
        """The action of that id; :class:`NotFound` when there is none."""
        rows = self._store.query(load_sql(__file__, "outbox"), {"action_id": action_id, "states": []})
        if not rows:
            raise NotFound(f"action {action_id!r} is unknown")
        return _from_row(rows[0])

    def sending(self, action: Action) -> Action:
        """Note that the target is about to be called; what is found in this state later is in doubt."""
        return self._append(replace(action, state="sending", at=_now(), reason="", reason_text=""))

    def delivered(
        self,
        action: Action,
        state: Literal["sent", "succeeded"],
        *,
        run_id: str = "",
        run_url: str = "",
    ) -> Action:
        """Note that the target took it: a notification has succeeded, a pipeline request is sent."""
        return self._append(
            replace(
                action,
                state=state,
                attempt=action.attempt + 1,
                at=_now(),
                error="",
                error_reason="",
                reason="",
                reason_text="",
                run_id=run_id,
                run_url=run_url,
            )
        )

    def undelivered(
        self,
        action: Action,
        *,
        reason: str,
        error: str,
        retryable: bool,
        after_seconds: float | None,
        in_doubt: bool = False,
    ) -> Action:
        """Note a failed attempt: try again later, or give up.

        Parameters
        ----------
        in_doubt
            Whether the target may have taken it all the same; it is asked at the next attempt.
        """
        attempt = action.attempt + 1
        pause: float | None = None
        if retryable and attempt <= len(RETRY_SECONDS):
            pause = max(RETRY_SECONDS[attempt - 1], after_seconds or 0.0)
        now = _now()
        return self._append(
            replace(
                action,
                state="dead" if pause is None else "retrying",
                attempt=attempt,
                at=now,
                next_attempt_at=now + timedelta(seconds=pause or 0.0),
                error_reason=reason,
                error=error[:1000],
                reason="in_doubt" if in_doubt else "",
                reason_text=DOUBTFUL if in_doubt else "",
            )
        )

    def found(self, action: Action, run_id: str, run_url: str) -> Action:
        """Note which run a target started, when it did not tell at once."""
        return self._append(replace(action, at=_now(), run_id=run_id, run_url=run_url))

    def redo(self, action_id: str) -> Action:
        """Send a dead action again under its old id; :class:`Conflict` when it is not dead."""
        action = self.get(action_id)
        if action.state != "dead":
            raise Conflict(f"action {action_id} is {action.state}: only what is dead can be redone")
        if action.redos >= MOST_REDOS:
            raise Conflict(f"action {action_id} was redone {action.redos} times: mend its target first")
        now = _now()
        return self._append(
            replace(
                action,
                # What a dead action last knew of its target still holds: it is asked before it is sent to.
                state="retrying",
                attempt=0,
                at=now,
                next_attempt_at=now,
                redos=action.redos + 1,
            )
        )

    def report(
        self,
        action_id: str,
        state: Literal["running", "succeeded", "failed", "cancelled"],
        outcome: Mapping[str, Any],
    ) -> Action:
        """Note what the pipeline says about a run.

        The same report twice is harmless. :class:`Conflict` when the action starts no run, or ended
        otherwise before.
        """
        action = self.get(action_id)
        if action.kind == "notify":
            raise Conflict(f"action {action_id} is a notification: it has no outcome to report")
        if action.ended:
            if action.state == state or state == "running":
                return action
            raise Conflict(f"action {action_id} already {action.state}: it cannot become {state}")
        merged = {**(action.outcome or {}), **outcome}
        if action.state == state and action.outcome == merged:
            return action
        return self._append(replace(action, state=state, at=_now(), outcome=merged))

    def _append(self, *actions: Action) -> Action:
        self._store.insert_rows("actions", [_row(action) for action in actions])
        return actions[-1]


def _row(action: Action) -> dict[str, Any]:
    return {
        "action_id": action.action_id,
        "episode_id": action.episode_id,
        "model": action.model,
        "kind": action.kind,
        "event": action.event,
        "target": action.target,
        "state": action.state,
        "rank": RANK[action.state] + REDO_RANK * action.redos,
        "attempt": action.attempt,
        "at": action.at,
        "next_attempt_at": action.next_attempt_at,
        "payload": action.payload,
        "error_reason": action.error_reason,
        "error": action.error,
        "outcome": orjson.dumps(dict(action.outcome or {})).decode(),
        "reason": action.reason,
        "reason_text": action.reason_text,
        "run_id": action.run_id,
        "run_url": action.run_url,
    }


def _now() -> datetime:
    return datetime.now(UTC)


def _from_row(row: Mapping[str, Any]) -> Action:
    values = dict(row)
    values["outcome"] = orjson.loads(values["outcome"]) or None
    values["redos"] = values.pop("rank") // REDO_RANK
    return Action(**values)


def first_in_lanes(actions: Iterable[Action]) -> list[Action]:
    """Of actions in order, the first of each lane."""
    heads: dict[tuple[str, ...], Action] = {}
    for action in actions:
        heads.setdefault(action.lane, action)
    return list(heads.values())
