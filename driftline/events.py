"""Sampled inferences on their way into the store, and labels that follow them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from driftline.contracts import Contract
from driftline.label_rules import LabelRules
from driftline.store import Store, load_sql

EventStatus = Literal["ok", "error", "no_response", "no_request"]
"""``no_response``: the answer never came; ``no_request``: only the answer came."""

MISSING_CATEGORY = "\x00"
"""Stands for a missing category in ``inference_events.categorical``; a missing number is NaN."""

MISSING_NUMBER = math.nan

_IDS_A_QUERY = 100_000
"""Each query reads the event ids of the whole model."""


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
    """A ground truth or a figure for one event; a later one for the same event corrects it.

    Attributes
    ----------
    event_id
        Of the event, or the value of the contract's ``quality.key``: then all events with it are meant.
    label
        A class, a number, a text: what the contract's task asks for.
    name
        Empty for the truth; else which business figure ``label`` is.
    propensity
        Probability that just this event would be labelled, above 0 and at most 1.
    source
        Where it came from, for people.
    """

    event_id: str
    label: str
    labelled_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    name: str = ""
    propensity: float = 1.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class LabelReceipt:
    """What became of a delivery of labels.

    Attributes
    ----------
    accepted
        Labels taken; of several for one event and name the last is stored.
    matched
        Of them, how many belong to an event that was sampled.
    unknown
        The others; they count as soon as their event arrives.
    unknown_examples
        Up to five of their event ids.
    refused
        Labels that cannot be what the contract asks for; nothing of them is stored.
    refused_examples
        Up to five of them: event id and why.
    contradictory
        Labels taken that another one of the same delivery replaced by something else.
    new_classes
        Classes that the contract does not know, with the number of their labels; they are stored.
    """

    accepted: int
    matched: int
    unknown: int
    unknown_examples: tuple[str, ...]
    refused: int = 0
    refused_examples: tuple[str, ...] = ()
    contradictory: int = 0
    new_classes: Mapping[str, int] = field(default_factory=dict)


def record_labels(
    store: Store, model: str, labels: Sequence[Label], contract: Contract | None = None
) -> LabelReceipt:
    """Store labels durably, then say which of them belong to known events.

    Parameters
    ----------
    contract
        The model's: what is wrong by it is refused label by label, the others are stored. Without one any
        text is taken.
    """
    rules = LabelRules.of(contract)
    refused: list[str] = []
    newest: dict[tuple[str, str], Label] = {}
    taken: list[str] = []
    contradictory = 0
    for label in labels:
        fault = rules.fault(label.event_id, label.label, label.name, label.propensity)
        if fault:
            refused.append(f"{label.event_id}: {fault}")
            continue
        taken.append(label.event_id)
        key = label.event_id, label.name
        # Rows of one block are received at the same moment: two labels of one event could not be told apart.
        earlier = newest.pop(key, None)
        contradictory += earlier is not None and earlier.label != label.label
        newest[key] = label
    stored = list(newest.values())
    store.insert(
        "labels",
        {
            "model": [model] * len(stored),
            "event_id": [label.event_id for label in stored],
            "label": [label.label for label in stored],
            "labelled_at": [label.labelled_at for label in stored],
            "name": [label.name for label in stored],
            "propensity": [label.propensity for label in stored],
            "source": [label.source for label in stored],
        },
        token=None,
    )
    ids = list(dict.fromkeys(label.event_id for label in stored))
    known = _known(store, model, ids, rules.key_slot)
    unknown = [event_id for event_id in dict.fromkeys(taken) if event_id not in known]
    matched = sum(event_id in known for event_id in taken)
    new_classes = Counter(label.label for label in stored if rules.is_new_class(label.label, label.name))
    return LabelReceipt(
        accepted=len(taken),
        matched=matched,
        unknown=len(taken) - matched,
        unknown_examples=tuple(unknown[:5]),
        refused=len(refused),
        refused_examples=tuple(refused[:5]),
        contradictory=contradictory,
        new_classes=dict(new_classes),
    )


def _known(store: Store, model: str, ids: Sequence[str], key_slot: int | None) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(ids), _IDS_A_QUERY):
        found = store.query_columns(
            load_sql(__file__, "events_known"),
            {"model": model, "key_slot": 0 if key_slot is None else key_slot + 1},
            constants={"event_ids": ("Array(String)", ids[start : start + _IDS_A_QUERY])},
        )
        known.update(found["known_id"])
    return known
