"""What an action can be and do, for those who write actions and those who show them."""

from __future__ import annotations

from typing import Literal

ActionKind = Literal["notify", "retrain", "rollback", "shift_traffic", "redeploy"]

ActionState = Literal[
    "held",
    "pending",
    "sending",
    "retrying",
    "sent",
    "running",
    "succeeded",
    "failed",
    "dead",
    "suppressed",
    "cancelled",
]
"""``held``: waits for its policy; ``sending``: its target is being called, or was when a process ended;
``dead``: could not be delivered; ``suppressed``: its policy will never let it start."""
