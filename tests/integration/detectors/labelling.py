"""What tests of labels read back from the store."""

from __future__ import annotations

from typing import Any

from detectors.performance.labels.joining import JoinReport, LabelJoin
from driftline.contracts import Contract, parse_contract
from driftline.settings import Settings
from driftline.store import Store

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "site", "kind": "categorical", "role": "segment"},
            {"name": "p", "kind": "numeric", "role": "output"},
            {"name": "likely", "kind": "numeric"},
            {"name": "revenue", "kind": "numeric"},
            {"name": "order", "kind": "categorical"},
            {"name": "out", "kind": "categorical", "role": "output"},
        ],
        "prediction": "out",
    }
)


def contract_with(**quality: object) -> Contract:
    """The contract of the tests with a quality section."""
    values = CONTRACT.model_dump(exclude={"quality"})
    if quality.get("task") in ("regression", "verification"):
        values["prediction"] = "p"
    return parse_contract(values | {"quality": quality})


def join(store: Store, settings: Settings, contract: Contract = CONTRACT) -> JoinReport:
    """One refresh by a process that knows nothing but what is stored."""
    return LabelJoin(store, settings).refresh(contract)


def joined(store: Store, columns: str, model: str = "m") -> list[tuple[Any, ...]]:
    """Columns of what is joined, in the order of the events."""
    rows = store.query(
        f"SELECT {columns} FROM labelled_events FINAL WHERE model = {{model:String}} "
        "ORDER BY ts, event_key, name",
        {"model": model},
    )
    return [tuple(row.values()) for row in rows]


def written(store: Store) -> int:
    """Rows that were ever written and are not merged away."""
    return int(store.scalar("SELECT count() FROM labelled_events"))
