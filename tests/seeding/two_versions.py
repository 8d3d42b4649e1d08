"""Two versions of a model with labels: shadowed (both answer all) or split (each answers its own)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

from detectors.performance.labels.recipe import join_recipe
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.store import Store

CHAMPION, CHALLENGER = "1", "2"

CONTRACT: dict[str, Any] = {
    "model": "letters",
    "prediction": "scores.class",
    "fields": [
        {"name": "ink", "kind": "numeric"},
        {"name": "desk", "kind": "categorical", "role": "segment"},
        {"name": "scores", "role": "output", "kind": "prediction", "classes": ["a", "b"]},
    ],
    "quality": {"task": "classification", "tolerance": 0.02},
}


@dataclass(frozen=True)
class Traffic:
    """How the seeded versions answer.

    Attributes
    ----------
    shared
        What both answers to a request have in common: their event id, their trace, or nothing (`split`).
    errors
        Share of wrong answers of champion and challenger; the challenger errs where the champion does, as
        far as both err.
    worse_desk
        Challenger's share of wrong answers at the desk ``x``, in place of that above.
    """

    rows: int = 4000
    shared: Literal["event", "trace", "split"] = "event"
    errors: tuple[float, float] = (0.1, 0.1)
    worse_desk: float | None = None
    failed: tuple[float, float] = (0.0, 0.0)
    latency_ms: tuple[float, float] = (10.0, 10.0)
    weights: Sequence[float] = (1.0,)
    seed: int = 1


def seed_two_versions(
    store: Store,
    traffic: Traffic,
    start: datetime,
    contract: dict[str, Any] | None = None,
    versions: Sequence[str] = (CHAMPION, CHALLENGER),
) -> Contract:
    """Register the contract and insert events with their joined labels, a second apart from ``start``."""
    registered = ContractStore(store).register(parse_contract(contract or CONTRACT))
    for position, version in enumerate(versions):
        _seed_version(store, registered, traffic, start, version, position)
    return registered


def _seed_version(
    store: Store, contract: Contract, traffic: Traffic, start: datetime, version: str, position: int
) -> None:
    n = traffic.rows
    requests = np.random.default_rng([traffic.seed, position if traffic.shared == "split" else 9])
    truth, desk = requests.choice(["a", "b"], n), requests.choice(["x", "y"], n)
    luck, weights = requests.random(n), requests.choice(traffic.weights, n)
    share = np.full(n, traffic.errors[position])
    if position and traffic.worse_desk is not None:
        share[desk == "x"] = traffic.worse_desk
    wrong = luck < share
    prediction = np.where(wrong, np.where(truth == "a", "b", "a"), truth)
    own = np.random.default_rng([traffic.seed, position, 2])
    confidence = np.clip(own.normal(0.9, 0.02, n), 0.5, 1.0)
    failed = own.random(n) < traffic.failed[position]
    latency = own.lognormal(np.log(traffic.latency_ms[position]), 0.3, n)
    ids = [f"r{i}" if traffic.shared == "event" else f"v{version}-{i}" for i in range(n)]
    moments = [int((start + timedelta(seconds=i)).timestamp() * 1000) for i in range(n)]
    columns = {column.name: column for column in contract.columns()}
    numeric = np.full((n, contract.width("numeric")), np.nan)
    numeric[:, columns["ink"].slot] = own.normal(size=n)
    numeric[:, columns["scores.confidence"].slot] = confidence
    categorical = [["\0"] * contract.width("categorical") for _ in range(n)]
    for i, row in enumerate(categorical):
        row[columns["desk"].slot], row[columns["scores.class"].slot] = str(desk[i]), str(prediction[i])
    traces = [f"t{i}" if traffic.shared == "trace" else "" for i in range(n)]
    store.insert(
        "inference_events",
        {
            "model": [contract.model] * n,
            "version": [version] * n,
            "instance": [f"host-{version}"] * n,
            "ts": moments,
            "event_id": ids,
            "trace_id": traces,
            "status": ["error" if one else "ok" for one in failed],
            "latency_ms": latency.tolist(),
            "weight": weights.tolist(),
            "numeric": numeric.tolist(),
            "categorical": categorical,
        },
    )
    if traffic.shared == "trace" and position:
        return  # labels name the answer that was served
    keep = np.flatnonzero(~failed)
    recipe = join_recipe(contract)
    assert recipe is not None
    keys = store.query_columns(
        "SELECT cityHash64(id) AS key FROM (SELECT arrayJoin(ids) AS id FROM constants)",
        constants={"ids": ("Array(String)", [ids[i] for i in keep])},
    )["key"]
    store.insert(
        "labelled_events",
        {
            "model": [contract.model] * len(keep),
            "recipe": [recipe.recipe] * len(keep),
            "name": [""] * len(keep),
            "version": [version] * len(keep),
            "ts": [moments[i] for i in keep],
            "event_key": list(keys),
            "weight": weights[keep].tolist(),
            "truth": truth[keep].tolist(),
            "prediction": prediction[keep].tolist(),
            "truth_value": [float("nan")] * len(keep),
            "predicted_value": [float("nan")] * len(keep),
            "scores": [[confidence[i]] for i in keep],
            "segments": [[str(desk[i])] for i in keep],
            "labelled_at": [moments[i] for i in keep],
            "label_received_at": [start + timedelta(days=1)] * len(keep),
        },
    )
