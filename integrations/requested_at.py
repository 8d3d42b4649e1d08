"""Since when a target can have a request's run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from integrations.hookspecs import PipelineRequest

SKEW: Final = timedelta(minutes=30)
"""How far a target's clock may be behind ours."""


def earliest(request: PipelineRequest) -> datetime | None:
    """When its run can have been started at the earliest, by the target's clock; ``None`` when not known.

    >>> request = PipelineRequest("ac_1", '{"timestamp": "2026-01-01T00:30:00+00:00", "data": {}}')
    >>> earliest(request).isoformat()
    '2026-01-01T00:00:00+00:00'
    >>> earliest(PipelineRequest("ac_1", '{"data": {}}')) is None
    True
    """
    try:
        at = datetime.fromisoformat(str(orjson.loads(request.body).get("timestamp", "")))
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - SKEW
