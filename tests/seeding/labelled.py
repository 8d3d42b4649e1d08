"""Rows of ``labelled_events`` written directly, as the join would leave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from detectors.performance.labels.recipe import join_recipe
from driftline.contracts import Contract
from driftline.store import Store

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=10)
"""On the border of an hour."""


def insert_labelled(
    store: Store,
    contract: Contract,
    columns: Mapping[str, Sequence[Any]],
    *,
    start: datetime = START,
    version: str = "1",
    name: str = "",
    model: str = "",
    span: timedelta = timedelta(hours=1),
) -> None:
    """Spread events evenly over ``span``; columns that are not given have the value that stands for none."""
    recipe = join_recipe(contract)
    assert recipe is not None
    count = len(next(iter(columns.values())))
    none: dict[str, Any] = {
        "weight": 1.0,
        "truth": "",
        "prediction": "",
        "truth_value": float("nan"),
        "predicted_value": float("nan"),
        "scores": [],
        "truth_text": "",
        "prediction_text": "",
        "segments": [""] * len(recipe.segments),
    }
    moments = [start + span * index / max(count, 1) for index in range(count)]
    store.insert(
        "labelled_events",
        {
            "model": [model or contract.model] * count,
            "recipe": [recipe.recipe] * count,
            "name": [name] * count,
            "version": [version] * count,
            "ts": moments,
            "event_key": list(range(count)),
            **{column: columns.get(column, [value] * count) for column, value in none.items()},
            "labelled_at": moments,
            "label_received_at": moments,
        },
    )
