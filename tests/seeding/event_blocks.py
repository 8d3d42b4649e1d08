"""Seeded blocks of events, as the pipeline hands them to the shipper."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from driftline.events import EventBlock, EventStatus, RawPayload

STARTED_MS = int(time.time() * 1000)
"""Time of the first event in Unix milliseconds: recent, because old events expire in the store."""


def event_block(
    rows: int,
    *,
    first: int = 0,
    slots: int = 16,
    model: str = "m",
    version: str = "1",
    instance: str = "i",
    ts_ms: int = STARTED_MS,
    event_ids: Sequence[str] | None = None,
    payloads: Sequence[RawPayload] = (),
) -> EventBlock:
    """Events that follow each other by a millisecond, with random numbers and a missing one.

    Their trace ids are the numbers from ``first`` on, in hexadecimal; so are their ids, when not given.
    """
    numbers = range(first, first + rows)
    rng = np.random.default_rng(first)
    numeric = rng.normal(size=(rows, slots))
    if numeric.size:
        numeric[0, 0] = np.nan
    status: EventStatus = "ok"
    return EventBlock(
        model=model,
        tap="splice",
        version=[version] * rows,
        instance=[instance] * rows,
        ts_ms=[ts_ms + number for number in numbers],
        event_id=list(event_ids) if event_ids is not None else [f"{number:x}" for number in numbers],
        trace_id=[f"{number:032x}" for number in numbers],
        status=[status] * rows,
        latency_ms=rng.exponential(5.0, size=rows).tolist(),
        weight=[1.0] * rows,
        numeric=numeric,
        categorical=[["cat", "dog"][number % 2 :] for number in numbers],
        payloads=payloads,
    )
