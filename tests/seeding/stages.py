"""Traces through three stages, each a model of its own, with changes at chosen places."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.stages import StageGraphs, parse_graph
from driftline.contract_store import ContractStore
from driftline.contracts import parse_contract
from driftline.events import Event, EventStatus, insert_events
from driftline.store import Store

BEGIN = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
WINDOW = timedelta(hours=1)
WINDOWS, CHANGED_FROM = 48, 24
TRACES_A_WINDOW = 60

GRAPH = parse_graph(
    {
        "name": "reading",
        "description": "Reads numbers from scans.",
        "stages": [
            {"name": "preprocess", "model": "scan-prepare"},
            {"name": "model", "model": "scan-read", "after": ["preprocess"]},
            {"name": "postprocess", "model": "scan-format", "after": ["model"]},
        ],
    }
)
_FIELDS = {
    "scan-prepare": [
        {"name": "exposure", "kind": "numeric"},
        {"name": "source", "kind": "categorical"},
        {"name": "brightness", "kind": "numeric", "role": "output"},
    ],
    "scan-read": [
        {"name": "brightness", "kind": "numeric"},
        {"name": "confidence", "kind": "numeric", "role": "output"},
        {"name": "class", "kind": "categorical", "role": "output"},
    ],
    "scan-format": [
        {"name": "confidence", "kind": "numeric"},
        {"name": "class", "kind": "categorical"},
        {"name": "length", "kind": "numeric", "role": "output"},
    ],
}
CONTRACTS = {model: parse_contract({"model": model, "fields": fields}) for model, fields in _FIELDS.items()}
LATENCY_MS = {"scan-prepare": 5.0, "scan-read": 40.0, "scan-format": 2.0}


@dataclass(frozen=True)
class Change:
    """What is different from ``window`` on.

    Attributes
    ----------
    shifts
        Added to the numeric output of a model, in its standard units (``exposure``: to the first input).
    failures
        Share of the requests of a model that fail.
    slower
        Factor on the latency of a model.
    missing
        Share of the traces in which a model is not there.
    """

    shifts: Mapping[str, float]
    failures: Mapping[str, float]
    slower: Mapping[str, float]
    missing: Mapping[str, float]


def change(
    shifts: Mapping[str, float] | None = None,
    failures: Mapping[str, float] | None = None,
    slower: Mapping[str, float] | None = None,
    missing: Mapping[str, float] | None = None,
) -> Change:
    return Change(shifts or {}, failures or {}, slower or {}, missing or {})


NONE = change()


def seed_stages(
    store: Store,
    changed: Change = NONE,
    *,
    later: Mapping[int, Change] | None = None,
    seed: int = 0,
    kept: float = 1.0,
    traced: bool = True,
    register: bool = True,
) -> None:
    """Two days of traces through :data:`GRAPH`; from hour 24 on with a change.

    Parameters
    ----------
    later
        Changes by the window from which on they hold in place of the one before.
    kept
        Share of the events that is kept, drawn event by event.
    """
    for contract in CONTRACTS.values():
        ContractStore(store).register(contract)
    if register:
        StageGraphs(store).register(GRAPH)
    rng = np.random.default_rng(seed)
    in_force = {CHANGED_FROM: changed, **(later or {})}
    events: list[Event] = []
    for window in range(WINDOWS):
        now = in_force[max(at for at in in_force if at <= window)] if window >= CHANGED_FROM else NONE
        events += _window(rng, window, now, kept, traced)
    insert_events(store, events, token=f"stages {seed} {kept}")


def _window(rng: np.random.Generator, window: int, now: Change, kept: float, traced: bool) -> list[Event]:
    n = TRACES_A_WINDOW
    exposure = rng.normal(size=n) + now.shifts.get("exposure", 0.0)
    source = rng.choice(["scanner", "phone"], n, p=[0.7, 0.3])
    brightness = 100 + 12 * np.tanh(exposure) + 6 * (source == "phone") + rng.normal(size=n)
    brightness += 10 * now.shifts.get("scan-prepare", 0.0)
    confidence = 0.7 + 0.01 * (brightness - 100) - 0.0002 * (brightness - 100) ** 2
    confidence += rng.normal(size=n) * 0.03 + 0.1 * now.shifts.get("scan-read", 0.0)
    digit = np.where(confidence + 0.05 * rng.normal(size=n) > 0.7, "digit", "letter")
    length = 8 + 10 * (confidence - 0.7) + (digit == "digit") + 0.3 * rng.normal(size=n)
    length += 1.5 * now.shifts.get("scan-format", 0.0)
    numbers = {
        "scan-prepare": [exposure, brightness],
        "scan-read": [brightness, confidence],
        "scan-format": [confidence, length],
    }
    texts = {"scan-prepare": source, "scan-read": digit, "scan-format": digit}
    events = []
    start = BEGIN + window * WINDOW
    for row in range(n):
        at = start + WINDOW * (row + rng.random()) / n
        alive = True
        for model, contract in CONTRACTS.items():
            latency = LATENCY_MS[model] * now.slower.get(model, 1.0) * math.exp(0.2 * rng.normal())
            failed = rng.random() < now.failures.get(model, 0.002)
            gone = rng.random() < now.missing.get(model, 0.0)
            taken = rng.random() < kept
            if alive and not gone and taken:
                values = [float(column[row]) for column in numbers[model]]
                if failed:
                    values[-1] = math.nan
                status: EventStatus = "error" if failed else "ok"
                events.append(
                    Event(
                        model=model,
                        version="1",
                        instance="a",
                        ts=at,
                        event_id=f"{model}/{window}/{row}",
                        trace_id=f"trace-{window}-{row}" if traced else "",
                        status=status,
                        latency_ms=latency,
                        weight=1 / kept,
                        numeric=_placed(contract.width("numeric"), values),
                        categorical=[str(texts[model][row])],
                    )
                )
            alive = alive and not failed and not gone
            at += timedelta(milliseconds=latency + 2.0)
    return events


def _placed(width: int, values: list[float]) -> list[float]:
    return (values + [math.nan] * width)[:width]
