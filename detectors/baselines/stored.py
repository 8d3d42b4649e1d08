"""Baselines in the database: written in one block, read back packed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from detectors.baselines.baseline import Baseline, BaselineColumn
from detectors.baselines.packed import NO_HISTORY, PackedBaseline, packed
from detectors.baselines.recipe import recipe_json
from driftline.store import Store, load_sql


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
    newest = store.query(load_sql(__file__, "newest_ids"), {"model": model})
    found = load_packed(store, [model], [row["baseline_id"] for row in newest])
    return {one.version: one.unpacked() for one in found}


def load_baseline(store: Store, model: str, baseline_id: str) -> Baseline | None:
    """One baseline of a model, whether it is in force or not; ``None`` when it is gone."""
    found = load_packed(store, [model], [baseline_id])
    return found[0].unpacked() if found else None


def load_packed(store: Store, models: Sequence[str], ids: Sequence[str]) -> list[PackedBaseline]:
    """Those of these baselines that are there; ``models`` are theirs."""
    if not ids:
        return []
    rows = store.query(load_sql(__file__, "packed_rows"), {"models": list(models), "ids": list(ids)})
    return [packed(row) for row in rows]
