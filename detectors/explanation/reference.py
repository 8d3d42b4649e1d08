"""The baseline of one field as an explanation needs it, whichever baseline the finding was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.layout import ColumnLayout
from driftline.contracts import Column
from driftline.events import MISSING_CATEGORY
from driftline.store import Store, load_sql

_NO_HISTORY = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FieldReference:
    """One field of one baseline.

    Attributes
    ----------
    counts
        Weighted counts over the layout's slots.
    std
        In the field's unit; NaN for categories or without values.
    version
        Version it stands for; empty for any.
    since, until
        Range of the traffic it was made of; ``None`` when it came from a file.
    """

    layout: ColumnLayout
    counts: NDArray[np.float64]
    rows: int
    effective_rows: float
    std: float
    name: str
    source: str
    version: str
    since: datetime | None
    until: datetime | None


def read_reference(
    store: Store, model: str, baseline_id: str, field: str, segment: str
) -> FieldReference | None:
    """The field's baseline, or ``None`` when it is gone."""
    rows = store.query(
        load_sql(__file__, "reference"),
        {"model": model, "baseline_id": baseline_id, "field": field, "segment": segment},
    )
    return _from_row(rows[0]) if rows else None


def _from_row(row: Mapping[str, Any]) -> FieldReference:
    from_traffic = row["history_since"] >= _NO_HISTORY
    return FieldReference(
        layout=ColumnLayout(
            kind="numeric" if row["kind"] == "numeric" else "categorical",
            edges=tuple(row["edges"]),
            minimum=row["minimum"],
            maximum=row["maximum"],
            categories=tuple(row["categories"]),
            top=row["top"],
            complete=bool(row["complete"]),
        ),
        counts=np.asarray(row["counts"], dtype=np.float64),
        rows=row["rows"],
        effective_rows=row["effective_rows"],
        std=row["std"],
        name=row["name"],
        source=row["source"],
        version=row["version"],
        since=row["history_since"] if from_traffic else None,
        until=row["history_until"] if from_traffic else None,
    )


def located(layout: ColumnLayout, column: Column) -> dict[str, Any]:
    """Query parameters that say which slot of the layout a stored value falls into."""
    numeric = layout.kind == "numeric"
    return {
        "is_numeric": int(numeric),
        "slot": column.slot,
        "edges": list(layout.edges),
        "names": [MISSING_CATEGORY] if numeric else [*layout.categories, MISSING_CATEGORY],
        "slots": [layout.slots - 1] if numeric else [*layout.category_slots(), layout.slots - 1],
        "complete": int(layout.complete),
        "top": layout.top,
        "other_groups": 0 if numeric else layout.other_groups,
        "unseen_slot": max(0, layout.slots - 2),
        "missing_slot": layout.slots - 1,
        "missing": MISSING_CATEGORY,
    }
