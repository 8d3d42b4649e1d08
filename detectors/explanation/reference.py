"""The baseline of one field as an explanation needs it, whichever baseline the finding was made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from detectors.baselines.baseline import BaselineColumn
from detectors.baselines.spans import Span
from detectors.baselines.stored import load_baseline
from detectors.profiles.layout import ColumnLayout
from driftline.contracts import Column
from driftline.events import MISSING_CATEGORY
from driftline.store import Store


@dataclass(frozen=True, slots=True)
class FieldReference:
    """One field of one baseline, over all rows or those of a segment.

    Attributes
    ----------
    column
        Layout, weighted counts over its slots, rows and moments.
    name, source
        Of the baseline.
    version
        Version it stands for; empty for any.
    history
        Range of the traffic it was made of; ``None`` when it came from a file.
    """

    column: BaselineColumn
    name: str
    source: str
    version: str
    history: Span | None

    @property
    def layout(self) -> ColumnLayout:
        return self.column.layout


def read_reference(
    store: Store, model: str, baseline_id: str, field: str, segment: str
) -> FieldReference | None:
    """The field's baseline, or ``None`` when it is gone."""
    baseline = load_baseline(store, model, baseline_id)
    if baseline is None:
        return None
    columns = baseline.segments.get(segment, {}) if segment else baseline.columns
    column = columns.get(field)
    if column is None:
        return None
    return FieldReference(column, baseline.name, baseline.source, baseline.version, baseline.history)


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
