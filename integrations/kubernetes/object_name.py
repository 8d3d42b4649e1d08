"""The name of the object that an action creates: the cluster itself refuses the second one of that name."""

from __future__ import annotations

import hashlib
from typing import Final

ACTION_ANNOTATION: Final = "driftline.dev/action-id"
"""Holds the action's id, which need not be a valid name or label value."""


def object_name(action_id: str) -> str:
    """A DNS label of 42 characters that only this action has.

    >>> object_name("ac_1")
    'driftline-1d5b2e36bf4dee64dc5d6034753a858d'
    """
    return "driftline-" + hashlib.blake2b(action_id.encode(), digest_size=16).hexdigest()
