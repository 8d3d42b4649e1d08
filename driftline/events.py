"""Sampled inferences on their way into the store, and labels that follow them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from driftline.store import Store, load_sql

EventStatus = Literal["ok", "error", "no_response", "no_request"]
"""``no_response``: the answer never came; ``no_request``: only the answer came."""

MISSING_CATEGORY = "\x00"
"""Stands for a missing category in ``inference_events.categorical``; a missing number is NaN."""

MISSING_NUMBER = math.nan


@dataclass(slots=True)
class Event:
    """One sampled inference (one row of a batched request).

    Attributes
    ----------
    ts
        Time of the request, timezone-aware.
    latency_ms
        Time from the request's first byte to the response's last, in milliseconds.
    weight
        1 / probability with which this event was kept, at least 1.
    numeric, categorical
        Values in the slot order of the contract.
    """

    model: str
    version: str
    instance: str
    ts: datetime
    event_id: str
    trace_id: str
    status: EventStatus
    latency_ms: float
    weight: float
    numeric: Sequence[float]
    categorical: Sequence[str]


@dataclass(frozen=True, slots=True)
class RawPayload:
    """One value of one event as it came, after redaction, because its contract asks for it.

    Attributes
    ----------
    ts_ms
        Time of the event in Unix milliseconds.
    body
        Text as it is; numbers as JSON in row-major order.
    """

    ts_ms: int
    event_id: str
    field: str
    datatype: str
    shape: tuple[int, ...]
    body: str


@dataclass(frozen=True, slots=True)
class EventBlock:
    """``n`` sampled inferences of one model, column by column: each sequence has ``n`` items.

    Attributes
    ----------
    tap
        How they were seen, for coverage.
    ts_ms
        Times in Unix milliseconds.
    latency_ms, weight
        As in :class:`Event`.
    numeric
        Float64 of shape ``(n, numeric slots)``, NaN where missing.
    categorical
        ``n`` lists of the categorical slots' values, ``MISSING_CATEGORY`` where missing.
    payloads
        Raw values that the contract asks for; any number.
    """

    model: str
    tap: str
    version: Sequence[str]
    instance: Sequence[str]
    ts_ms: Sequence[int]
    event_id: Sequence[str]
    trace_id: Sequence[str]
    status: Sequence[EventStatus]
    latency_ms: Sequence[float]
    weight: Sequence[float]
    numeric: NDArray[np.float64]
    categorical: Sequence[Sequence[str]]
    payloads: Sequence[RawPayload] = ()

    def __len__(self) -> int:
        return len(self.event_id)


def event_columns(blocks: Sequence[EventBlock]) -> dict[str, list[Any]]:
    """The rows of ``blocks``, in order, as columns of ``inference_events``; ``ts`` in Unix milliseconds."""

    def joined(name: str) -> list[Any]:
        return list(chain.from_iterable(getattr(block, name) for block in blocks))

    with np.errstate(over="ignore"):  # the driver refuses a whole insert for one number beyond Float32
        latency_ms = np.asarray(joined("latency_ms"), np.float32).tolist()
    return {
        "model": list(chain.from_iterable(repeat(block.model, len(block)) for block in blocks)),
        **{name: joined(name) for name in ("version", "instance", "event_id", "trace_id", "status")},
        "weight": joined("weight"),
        "ts": joined("ts_ms"),
        "latency_ms": latency_ms,
        "numeric": list(chain.from_iterable(block.numeric.tolist() for block in blocks)),
        "categorical": joined("categorical"),
    }


def insert_blocks(store: Store, blocks: Sequence[EventBlock], token: str) -> int:
    """Insert blocks as one, of any models; the same ``token`` sent again counts once.

    The payloads of the blocks are not among it: :func:`insert_payloads`.
    """
    return store.insert("inference_events", event_columns(blocks), token=token)


def insert_payloads(store: Store, blocks: Sequence[EventBlock], token: str) -> int:
    """Insert the raw payloads of blocks; the same ``token`` sent again counts once."""
    found = [(block.model, payload) for block in blocks for payload in block.payloads]
    if not found:
        return 0
    return store.insert(
        "payloads",
        {
            "model": [model for model, _ in found],
            "ts": [payload.ts_ms for _, payload in found],
            "event_id": [payload.event_id for _, payload in found],
            "field": [payload.field for _, payload in found],
            "datatype": [payload.datatype for _, payload in found],
            "shape": [list(payload.shape) for _, payload in found],
            "body": [payload.body for _, payload in found],
        },
        token=token,
    )


def insert_events(store: Store, events: Sequence[Event], token: str) -> int:
    """Insert a batch in one block; the same ``token`` sent again counts once."""
    return store.insert(
        "inference_events",
        {
            "model": [event.model for event in events],
            "version": [event.version for event in events],
            "instance": [event.instance for event in events],
            # Milliseconds: the driver's conversion of datetimes takes a quarter of the whole insert.
            "ts": [int(event.ts.timestamp() * 1000.0) for event in events],
            "event_id": [event.event_id for event in events],
            "trace_id": [event.trace_id for event in events],
            "status": [event.status for event in events],
            "latency_ms": [event.latency_ms for event in events],
            "weight": [event.weight for event in events],
            "numeric": [event.numeric for event in events],
            "categorical": [event.categorical for event in events],
        },
        token=token,
    )


@dataclass(frozen=True, slots=True)
class Label:
    """A ground truth for one event; a later one for the same event corrects it."""

    event_id: str
    label: str
    labelled_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class LabelReceipt:
    """What became of a delivery of labels.

    Attributes
    ----------
    accepted
        Labels taken; of several for one event the last is stored.
    matched
        Of them, how many belong to an event that was sampled.
    unknown
        The others; they count as soon as their event arrives.
    unknown_examples
        Up to five of their event ids.
    """

    accepted: int
    matched: int
    unknown: int
    unknown_examples: tuple[str, ...]


def record_labels(store: Store, model: str, labels: Sequence[Label]) -> LabelReceipt:
    """Store labels durably, then say which of them belong to known events."""
    if not labels:
        return LabelReceipt(0, 0, 0, ())
    # Rows of one block are received at the same moment: two labels of one event could not be told apart.
    newest = {label.event_id: label for label in labels}
    ids = list(newest)
    store.insert(
        "labels",
        {
            "model": [model] * len(ids),
            "event_id": ids,
            "label": [label.label for label in newest.values()],
            "labelled_at": [label.labelled_at for label in newest.values()],
        },
        token=None,
    )
    known: set[str] = set()
    for start in range(0, len(ids), 5000):
        rows = store.query(
            load_sql(__file__, "events_known"), {"model": model, "event_ids": ids[start : start + 5000]}
        )
        known.update(row["event_id"] for row in rows)
    unknown = [event_id for event_id in ids if event_id not in known]
    matched = sum(label.event_id in known for label in labels)
    return LabelReceipt(len(labels), matched, len(labels) - matched, tuple(unknown[:5]))
