"""Labels of a stretch of traffic added up: what a baseline of own traffic says about accuracy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from driftline.contracts import Contract
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled events in effective rows, ``(sum w)^2 / sum w^2``, and those of them predicted right."""

    effective_rows: float
    correct: float


def labelled_traffic(
    store: Store,
    contract: Contract,
    versions: Collection[str],
    since: datetime,
    until: datetime,
    window_seconds: int,
    excluded: Collection[int] = (),
) -> Labelled:
    """Labels of the windows in ``[since, until)`` but the excluded ones, by their number since 1970.

    Nothing for a model whose contract names no categorical prediction. All versions when none are named.
    """
    column = contract.column(contract.prediction) if contract.prediction else None
    if column is None or column.kind != "categorical":
        return Labelled(0.0, 0.0)
    rows = store.query(
        load_sql(__file__, "accuracy"),
        {
            "model": contract.model,
            "slot": column.slot + 1,
            "since": since,
            "until": until,
            "window_seconds": window_seconds,
        },
    )
    left_out = set(excluded)
    taken = [
        row
        for row in rows
        if (not versions or row["version"] in versions)
        and int(row["window_start"].timestamp()) // window_seconds not in left_out
    ]
    weight = sum(row["labelled_weight"] for row in taken)
    squares = sum(row["weight_squares"] for row in taken)
    if weight <= 0 or squares <= 0:
        return Labelled(0.0, 0.0)
    effective = weight * weight / squares
    return Labelled(effective, effective * sum(row["correct_weight"] for row in taken) / weight)
