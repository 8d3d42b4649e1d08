"""A person's word on an action that waits."""

from __future__ import annotations

from typing import Literal

from alerting.interventions import Intervention, Interventions
from alerting.outbox import Outbox
from driftline.errors import Conflict
from driftline.store import Store


def decide_by_person(
    store: Store, kind: Literal["approve", "deny"], action_id: str, *, author: str, reason: str
) -> Intervention:
    """Keep an approval or a denial; the control loop heeds it in its next cycle.

    Raises
    ------
    NotFound
        There is no such action.
    Conflict
        It does not wait: it was sent, or will never be.
    InvalidInput
        The author is empty.
    """
    action = Outbox(store).get(action_id)
    if action.state != "held":
        raise Conflict(f"action {action_id} is {action.state}: only what is held waits for a person")
    return Interventions(store).say(kind, action_id, model=action.model, author=author, reason=reason)
