"""Events of one model in chosen windows, for tests of what is counted and decided about them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from driftline.contracts import Contract
from driftline.events import MISSING_CATEGORY, Event, insert_events
from driftline.store import Store

BEGIN = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
"""A midnight within the retention of events: older ones would leave as they come."""


def send(
    store: Store,
    contract: Contract,
    columns: Mapping[str, Sequence[object]],
    *,
    start: datetime = BEGIN,
    seconds: float = 60.0,
    version: str = "1",
    weights: Sequence[float] | None = None,
    ids: Sequence[str] | None = None,
    status: str = "ok",
) -> list[str]:
    """Insert rows spread evenly over ``seconds`` from ``start``; return their event ids."""
    n = len(next(iter(columns.values())))
    names = list(ids) if ids is not None else [f"{start.isoformat()}/{version}/{i}" for i in range(n)]
    placed = {column.name: column for column in contract.columns()}
    events = []
    for i in range(n):
        numbers = [math.nan] * contract.width("numeric")
        texts = [MISSING_CATEGORY] * contract.width("categorical")
        for name, values in columns.items():
            value = values[i]
            if placed[name].kind == "categorical":
                texts[placed[name].slot] = MISSING_CATEGORY if value is None else str(value)
            else:
                numbers[placed[name].slot] = math.nan if value is None else float(str(value))
        events.append(
            Event(
                model=contract.model,
                version=version,
                instance="a",
                ts=start + timedelta(seconds=seconds * i / n),
                event_id=names[i],
                trace_id="",
                status="ok" if status == "ok" else "error",
                latency_ms=1.0,
                weight=1.0 if weights is None else float(weights[i]),
                numeric=numbers,
                categorical=texts,
            )
        )
    insert_events(store, events, token=f"{start.isoformat()}/{version}/{names[0]}")
    return names


def window(number: int, window_seconds: int = 60) -> datetime:
    """Start of the window of that number."""
    return BEGIN + timedelta(seconds=number * window_seconds)


def normal(seed: int, n: int, shift: float = 0.0) -> list[float]:
    """Seeded normal values."""
    found: list[float] = (np.random.default_rng(seed).normal(size=n) + shift).tolist()
    return found
