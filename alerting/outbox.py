"""The outbox: an action is stored before it is sent, under one id until it has ended.

States by rank, so that whatever is learned late cannot hide what is final:
``pending`` and ``retrying`` (0) → ``sent`` (1) → ``running`` (2) → ``succeeded``, ``failed``, ``dead`` (3).
A crash while sending leaves the action pending: it is sent again under the same id, which receivers use
to drop the repetition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson

from driftline.errors import Conflict, NotFound
from driftline.ids import ActionId, EpisodeId
from driftline.store import Store, load_sql

ActionState = Literal["pending", "retrying", "sent", "running", "succeeded", "failed", "dead"]

RANK: Mapping[ActionState, int] = {
    "pending": 0,
    "retrying": 0,
    "sent": 1,
    "running": 2,
    "succeeded": 3,
    "failed": 3,
    "dead": 3,
}
RETRY_SECONDS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Pauses between attempts (Standard Webhooks' schedule); after the last the action is dead."""


@dataclass(frozen=True, slots=True)
class Action:
    """One version of an action; the last by rank, attempt and time counts."""

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

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return RANK[self.state] == 3


class Outbox:
    """Actions in the database, versions appended."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enqueue(self, action: Action) -> None:
        """Store a new action; it may be sent from now on."""
        self._append(action)

    def known_ids(self, episode_ids: list[EpisodeId]) -> set[ActionId]:
        """Ids of all actions of these episodes."""
        if not episode_ids:
            return set()
        rows = self._store.query(load_sql(__file__, "outbox_known"), {"episode_ids": episode_ids})
        return {ActionId(row["action_id"]) for row in rows}

    def due(self, now: datetime) -> list[Action]:
        """Actions that wait to be sent and whose time has come, oldest first."""
        rows = self._store.query(
            load_sql(__file__, "outbox"), {"action_id": "", "states": ["pending", "retrying"]}
        )
        return [action for action in map(_from_row, rows) if action.next_attempt_at <= now]

    def get(self, action_id: str) -> Action:
        """The action of that id; :class:`NotFound` when there is none."""
        rows = self._store.query(load_sql(__file__, "outbox"), {"action_id": action_id, "states": []})
        if not rows:
            raise NotFound(f"action {action_id!r} is unknown")
        return _from_row(rows[0])

    def delivered(self, action: Action, state: Literal["sent", "succeeded"]) -> Action:
        """Note that the target took it: a notification has succeeded, a pipeline request is sent."""
        return self._append(
            replace(action, state=state, attempt=action.attempt + 1, at=_now(), error="", error_reason="")
        )

    def undelivered(
        self, action: Action, *, reason: str, error: str, retryable: bool, after_seconds: float | None
    ) -> Action:
        """Note a failed attempt: try again later, or give up."""
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
            )
        )

    def report(
        self, action_id: str, state: Literal["running", "succeeded", "failed"], outcome: Mapping[str, Any]
    ) -> Action:
        """Note what the pipeline says about a retrain.

        The same report twice is harmless. :class:`Conflict` when the action is not a retrain, or ended
        otherwise before.
        """
        action = self.get(action_id)
        if action.kind != "retrain":
            raise Conflict(f"action {action_id} is a {action.kind}: only a retrain has an outcome to report")
        if action.ended:
            if action.state == state or state == "running":
                return action
            raise Conflict(f"action {action_id} already {action.state}: it cannot become {state}")
        merged = {**(action.outcome or {}), **outcome}
        if action.state == state and action.outcome == merged:
            return action
        return self._append(replace(action, state=state, at=_now(), outcome=merged))

    def _append(self, action: Action) -> Action:
        self._store.insert_rows(
            "actions",
            [
                {
                    "action_id": action.action_id,
                    "episode_id": action.episode_id,
                    "model": action.model,
                    "kind": action.kind,
                    "event": action.event,
                    "target": action.target,
                    "state": action.state,
                    "rank": RANK[action.state],
                    "attempt": action.attempt,
                    "at": action.at,
                    "next_attempt_at": action.next_attempt_at,
                    "payload": action.payload,
                    "error_reason": action.error_reason,
                    "error": action.error,
                    "outcome": orjson.dumps(dict(action.outcome or {})).decode(),
                }
            ],
        )
        return action


def _now() -> datetime:
    return datetime.now(UTC)


def _from_row(row: Mapping[str, Any]) -> Action:
    values = dict(row)
    values["outcome"] = orjson.loads(values["outcome"]) or None
    return Action(**values)
