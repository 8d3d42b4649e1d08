"""Baselines in the database: written in one block, read back per model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from detectors.baselines.baseline import Baseline, BaselineColumn
from detectors.baselines.recipe import parse_recipe, recipe_json
from detectors.baselines.spans import Span
from detectors.profiles.layout import ColumnLayout
from driftline.ids import BaselineId
from driftline.store import Store, load_sql

NO_HISTORY = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for the ends of a history that is not known."""


def save_baseline(store: Store, baseline: Baseline) -> None:
    """Store a baseline in one block, so that it is there as a whole or not at all."""
    recipe, quality = recipe_json(baseline.recipe), baseline.quality
    rows: list[dict[str, Any]] = []
    for segment, name, column in _columns(baseline):
        layout = column.layout
        # A segment shares the layouts of the whole, so they are stored once.
        whole = segment == ""
        rows.append(
            {
                "baseline_id": baseline.baseline_id,
                "model": baseline.model,
                "version": baseline.version,
                "name": baseline.name,
                "source": baseline.source,
                "created_at": baseline.created_at,
                "field": name,
                "kind": layout.kind,
                "edges": list(layout.edges) if whole else [],
                "categories": list(layout.categories) if whole else [],
                "top": layout.top,
                "complete": int(layout.complete),
                "counts": [float(count) for count in column.counts],
                "rows": column.rows,
                "weight_sum": column.weight_sum,
                "effective_rows": column.effective_rows,
                "mean": column.mean,
                "std": column.std,
                "minimum": layout.minimum,
                "maximum": layout.maximum,
                "labelled": baseline.labelled,
                "correct": baseline.correct,
                "segment": segment,
                "recipe": recipe,
                "history_since": baseline.history.since if baseline.history else NO_HISTORY,
                "history_until": baseline.history.until if baseline.history else NO_HISTORY,
                "window_seconds": baseline.window_seconds,
                "noise": column.noise,
                # Once is enough: readers take the longest text of a baseline.
                "quality": "" if rows else quality,
            }
        )
    store.insert_rows("baselines", rows)


def _columns(baseline: Baseline) -> Iterator[tuple[str, str, BaselineColumn]]:
    for name, column in baseline.columns.items():
        yield "", name, column
    for segment, columns in baseline.segments.items():
        for name, column in columns.items():
            yield segment, name, column


def load_baselines(store: Store, model: str) -> dict[str, Baseline]:
    """Newest baseline of every version of a model; key ``""`` is the one for any version."""
    by_id: dict[str, list[dict[str, Any]]] = {}
    for row in store.query(load_sql(__file__, "baselines"), {"model": model}):
        by_id.setdefault(row["baseline_id"], []).append(row)
    return {baseline.version: baseline for baseline in map(_from_rows, by_id.values())}


def _from_rows(rows: Sequence[Mapping[str, Any]]) -> Baseline:
    first = rows[0]
    columns = {row["field"]: _column(row, _layout(row)) for row in rows if row["segment"] == ""}
    segments: dict[str, dict[str, BaselineColumn]] = {}
    for row in rows:
        if row["segment"] and row["field"] in columns:
            segments.setdefault(row["segment"], {})[row["field"]] = _column(row, columns[row["field"]].layout)
    known = first["history_until"] > NO_HISTORY
    return Baseline(
        baseline_id=BaselineId(first["baseline_id"]),
        model=first["model"],
        version=first["version"],
        name=first["name"],
        source=first["source"],
        created_at=first["created_at"],
        columns=columns,
        labelled=first["labelled"],
        correct=first["correct"],
        recipe=parse_recipe(first["recipe"]),
        history=Span(since=first["history_since"], until=first["history_until"]) if known else None,
        window_seconds=first["window_seconds"],
        segments=segments,
        quality=max((as_text(row["quality"]) for row in rows), key=len),
    )


def _layout(row: Mapping[str, Any]) -> ColumnLayout:
    return ColumnLayout(
        kind="numeric" if row["kind"] == "numeric" else "categorical",
        edges=tuple(row["edges"]),
        minimum=row["minimum"],
        maximum=row["maximum"],
        categories=tuple(row["categories"]),
        top=row["top"],
        complete=bool(row["complete"]),
    )


def _column(row: Mapping[str, Any], layout: ColumnLayout) -> BaselineColumn:
    return BaselineColumn(
        layout=layout,
        counts=np.array(row["counts"], dtype=np.float64),
        rows=row["rows"],
        weight_sum=row["weight_sum"],
        effective_rows=row["effective_rows"],
        mean=row["mean"],
        std=row["std"],
        noise=as_bytes(row["noise"]),
    )


def as_bytes(value: str | bytes) -> bytes:
    """Packed figures as they were written: the driver decodes what happens to be UTF-8."""
    return value if isinstance(value, bytes) else value.encode()


def as_text(value: str | bytes) -> str:
    """Text as it was written, what is not UTF-8 replaced."""
    return value if isinstance(value, str) else value.decode(errors="replace")
