"""Fields over time, lean enough to draw: the strongest few of them, point by point."""

from __future__ import annotations

from datetime import datetime

from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Figure, Record
from driftline.store import Store, load_sql


class FieldPoint(Record):
    """One field in one window; effects in standard units, strength is evidence over threshold."""

    window_start: datetime
    version: str
    rows: Figure
    effect: Figure
    strength: Figure
    minimum_detectable_effect: Figure


class FieldSeries(Record):
    """One field over time, oldest first; of versions in the same window the busiest comes last."""

    field: str
    points: tuple[FieldPoint, ...]


def field_series(
    store: Store, model: str, span: Range, most: int, field: str = ""
) -> tuple[list[FieldSeries], int]:
    """The ``most`` strongest fields of a range, ``field`` always among them, and how many there are."""
    parameters = span.parameters() | {"model": model, "field": field, "most": most}
    rows = store.query(load_sql(__file__, "field_series"), parameters)
    names = ("window_start", "version", "rows", "effect", "strength", "minimum_detectable_effect")
    series = [
        FieldSeries(
            field=row["field"],
            points=tuple(
                FieldPoint.model_validate(dict(zip(names, point, strict=True))) for point in row["points"]
            ),
        )
        for row in rows
    ]
    return series, rows[0]["fields"] if rows else 0
