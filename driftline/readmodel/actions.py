"""Actions: what was sent for an episode, and how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftline.action_states import ActionKind, ActionState
from driftline.errors import NotFound
from driftline.readmodel.ranges import EVERYTHING, Range
from driftline.readmodel.records import JsonObject, Record, parse_json_object
from driftline.store import Store, load_sql


class Action(Record):
    """One thing done for an episode, at its latest state."""

    action_id: str
    episode_id: str
    model: str
    kind: ActionKind
    event: str = Field(description="What it is about: opened, worsened, resolved or retrain.")
    target: str = Field(description="Where it goes, without credentials.")
    state: ActionState
    attempt: int
    created_at: datetime = Field(description="When it was decided.")
    at: datetime = Field(description="When it reached its state.")
    next_attempt_at: datetime = Field(description="When a retry is due; meaningful while retrying.")
    error_reason: str
    error: str
    reason: str = Field(description="Why it is held or suppressed; empty when it is not.")
    reason_text: str = Field(description="The same in words, with figures.")
    run_id: str = Field(description="What the target calls the run that it started.")
    run_url: str
    outcome: JsonObject = Field(description="What the pipeline reported.")


class ActionNote(Record):
    """What was known of an action at a time."""

    state: ActionState
    attempt: int
    at: datetime
    error_reason: str
    error: str
    reason: str
    reason_text: str
    outcome: JsonObject


class ActionDetail(Action):
    """An action with its whole log and the body that is sent at every attempt."""

    payload: JsonObject
    notes: tuple[ActionNote, ...] = Field(description="Its log, oldest first.")


def actions(
    store: Store,
    span: Range,
    model: str = "",
    episode_id: str = "",
    state: ActionState | Literal[""] = "",
) -> list[Action]:
    """Actions, newest first; of one model, episode or state when they are named."""
    return _latest(
        store,
        {"model": model, "episode_id": episode_id, "action_id": "", "state": state, **span.parameters()},
    )


def action(store: Store, action_id: str) -> ActionDetail:
    """One action with its log; :class:`NotFound` when there is none of that id."""
    notes = store.query(load_sql(__file__, "action_notes"), {"action_id": action_id})
    if not notes:
        raise NotFound(f"action {action_id!r} is unknown: GET /api/v1/actions lists those there are")
    latest = _latest(
        store,
        {
            "model": notes[0]["model"],
            "episode_id": "",
            "action_id": action_id,
            "state": "",
            **EVERYTHING.parameters(),
        },
    )[0]
    return ActionDetail(
        **dict(latest),
        payload=parse_json_object(notes[-1]["payload"]),
        notes=tuple(
            ActionNote(
                state=note["state"],
                attempt=note["attempt"],
                at=note["at"],
                error_reason=note["error_reason"],
                error=note["error"],
                reason=note["reason"],
                reason_text=note["reason_text"],
                outcome=parse_json_object(note["outcome"]),
            )
            for note in notes
        ),
    )


def _latest(store: Store, parameters: dict[str, str | int]) -> list[Action]:
    rows = store.query(load_sql(__file__, "actions"), parameters)
    return [Action.model_validate(row | {"outcome": parse_json_object(row["outcome"])}) for row in rows]
