"""Identifiers: their types, and ids derived from what they are about.

A derived id makes writing twice harmless: the same model, window and field always give the same id,
so a crash between two steps is repaired by doing the steps again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NewType

EpisodeId = NewType("EpisodeId", str)
ActionId = NewType("ActionId", str)
BaselineId = NewType("BaselineId", str)
FindingId = NewType("FindingId", str)


def derived_id(kind: str, *parts: str | int | datetime) -> str:
    """Return ``kind`` and 128 bits of BLAKE2b over the parts, as ``kind-<32 hex digits>``.

    Parts are length-prefixed, so ``("a", "bc")`` and ``("ab", "c")`` differ.

    >>> derived_id("ep", "digits", 1) == derived_id("ep", "digits", 1)
    True
    >>> derived_id("ep", "a", "bc") == derived_id("ep", "ab", "c")
    False
    """
    digest = hashlib.blake2b(digest_size=16, person=b"driftline-id")
    for part in (kind, *parts):
        text = part.isoformat() if isinstance(part, datetime) else str(part)
        data = text.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return f"{kind}-{digest.hexdigest()}"
