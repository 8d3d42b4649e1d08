"""Bins of one column side by side: what the baseline held, what the newest window holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

from pydantic import Field

from driftline.readmodel.ranges import Range
from driftline.readmodel.records import Figure, Record
from driftline.store import Store, load_sql

BinKind = Literal["range", "category", "other", "unseen", "missing"]


class Bin(Record):
    """One bin with its share of either side."""

    label: str
    kind: BinKind
    lower: Figure = Field(description="Lower edge, inclusive; null when open or not a range.")
    upper: Figure = Field(description="Upper edge, exclusive; null when open or not a range.")
    baseline: Figure = Field(description="Share of the baseline, 0 to 1.")
    current: Figure = Field(description="Share of the window, 0 to 1.")


class BinComparison(Record):
    """A column's distribution in a window beside its baseline's."""

    field: str
    kind: str
    version: str
    window_start: datetime
    window_end: datetime
    baseline_id: str
    baseline_name: str
    baseline_rows: int
    baseline_effective_rows: Figure
    baseline_mean: Figure
    baseline_std: Figure
    current_rows: int
    current_effective_rows: Figure
    current_mean: Figure
    current_std: Figure
    bins: tuple[Bin, ...]


def compare_bins(
    store: Store, model: str, field: str, version: str = "", until: datetime | None = None
) -> BinComparison | None:
    """Compare the newest window (before ``until``) with its baseline; ``None`` without a profile."""
    rows = store.query(
        load_sql(__file__, "bins"),
        {
            "model": model,
            "field": field,
            "version": version,
            "until_ms": Range(until=until).parameters()["until_ms"],
        },
    )
    if not rows:
        return None
    row = rows[0]
    edges, categories, top = row.pop("edges"), row.pop("categories"), row.pop("top")
    complete = bool(row.pop("complete"))
    baseline, current = row.pop("baseline_counts"), row.pop("current_counts")
    slots = numeric_slots(edges) if row["kind"] == "numeric" else _category_slots(categories[:top], baseline)
    return BinComparison(
        field=field,
        **row,
        bins=tuple(
            Bin(label=label, kind=kind, lower=lower, upper=upper, baseline=before, current=after)
            for (label, kind, lower, upper), before, after in zip(
                slots, _shares(baseline, len(slots)), _shares(current, len(slots)), strict=True
            )
            if complete or kind != "unseen"
        ),
    )


Slot = tuple[str, BinKind, float | None, float | None]


def numeric_slots(edges: Sequence[float]) -> list[Slot]:
    """Label, kind and edges of a numeric column's slots: open ends, ranges, missing.

    >>> [slot[0] for slot in numeric_slots([0.0, 0.5])]
    ['< 0', '0 to 0.5', '≥ 0.5', 'missing']
    """
    inner: list[Slot] = [(f"{low:.4g} to {high:.4g}", "range", low, high) for low, high in pairwise(edges)]
    ends: list[Slot] = []
    if edges:
        inner.insert(0, (f"< {edges[0]:.4g}", "range", None, edges[0]))
        ends.append((f"≥ {edges[-1]:.4g}", "range", edges[-1], None))
    else:
        ends.append(("any value", "range", None, None))
    return [*inner, *ends, ("missing", "missing", None, None)]


def _category_slots(categories: Sequence[str], counts: Sequence[float]) -> list[Slot]:
    # Whatever lies between the categories' own slots and the last two is groups of other ones.
    return category_slots(categories, len(counts) - len(categories) - 2)


def category_slots(categories: Sequence[str], other_groups: int) -> list[Slot]:
    """Label, kind and edges of a categorical column's slots: categories, groups of others, the rest.

    >>> [slot[0] for slot in category_slots(["cat"], 2)]
    ['cat', 'others, group 1', 'others, group 2', 'unseen', 'missing']
    """
    named: list[Slot] = [(name or "(empty)", "category", None, None) for name in categories]
    others: list[Slot] = [
        (f"others, group {group + 1}", "other", None, None) for group in range(other_groups)
    ]
    return [
        *named,
        *others,
        ("unseen", "unseen", None, None),
        ("missing", "missing", None, None),
    ]


def _shares(counts: Sequence[float], slots: int) -> list[float | None]:
    """Counts as shares; all unknown when they do not fit the layout or sum to nothing."""
    total = sum(counts)
    if len(counts) != slots or not total > 0:
        return [None] * slots
    return [count / total for count in counts]
