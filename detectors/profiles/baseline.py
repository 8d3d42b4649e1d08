"""Baselines: layouts and counts of a reference, made in ClickHouse and stored there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.counting import count_profiles
from detectors.profiles.layout import KNOWN_CATEGORIES, ColumnLayout, categorical_layout, numeric_layout
from detectors.profiles.profile import Profile
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.events import MISSING_CATEGORY
from driftline.ids import BaselineId, derived_id
from driftline.store import Store, load_sql

QUANTILE_ROWS = 200_000
"""Rows that the quantiles are taken from, about."""

ONE_WINDOW_SECONDS = 4_000_000_000
"""A window length that puts every time from 1970 to 2096 into one window."""


@dataclass(frozen=True, slots=True)
class BaselineColumn:
    """The reference of one column: its layout, counts and moments."""

    layout: ColumnLayout
    counts: NDArray[np.float64]
    rows: int
    weight_sum: float
    effective_rows: float
    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """A named reference of a model.

    Attributes
    ----------
    version
        Version of the model it stands for; empty for any.
    labelled, correct
        Labelled rows of the reference and how many of them were predicted right; 0 when unknown.
    """

    baseline_id: BaselineId
    model: str
    version: str
    name: str
    source: str
    created_at: datetime
    columns: Mapping[str, BaselineColumn]
    labelled: float = 0.0
    correct: float = 0.0

    @property
    def rows(self) -> int:
        """Rows of the reference."""
        return max((column.rows for column in self.columns.values()), default=0)

    @property
    def accuracy(self) -> float | None:
        """Share of labelled rows predicted right, or ``None`` without labels."""
        return self.correct / self.labelled if self.labelled > 0 else None


@dataclass(frozen=True, slots=True)
class EventRange:
    """Which events a baseline is made of: a model (or stand-in), its versions and a half-open time range."""

    model: str
    versions: tuple[str, ...]
    since: datetime
    until: datetime


def build_baseline(
    store: Store,
    contract: Contract,
    events: EventRange,
    *,
    name: str,
    source: str,
    version: str = "",
    labelled: float = 0.0,
    correct: float = 0.0,
) -> Baseline:
    """Lay out and count every column of the contract over a range of events; nothing is stored.

    Raises
    ------
    InvalidInput
        The range holds no events, or more correct than labelled rows are claimed.
    """
    if not 0 <= correct <= labelled:
        raise InvalidInput(f"correct ({correct:g}) must lie between 0 and labelled ({labelled:g})")
    found = _layouts(store, contract, events)
    reader = contract.model_copy(update={"model": events.model})
    profiles = {
        profile.column: profile
        for profile in count_profiles(
            store,
            reader,
            found.layouts,
            versions=events.versions,
            apart=False,
            since=events.since,
            until=events.until,
            window_seconds=ONE_WINDOW_SECONDS,
            centres=found.means,
        )
    }
    created_at = datetime.now(UTC)
    return Baseline(
        baseline_id=BaselineId(derived_id("bl", contract.model, version, name, created_at)),
        model=contract.model,
        version=version,
        name=name,
        source=source,
        created_at=created_at,
        columns={
            column: BaselineColumn(
                layout=found.layouts[column],
                counts=_expected_counts(profile, found.layouts[column], found.singletons.get(column, 0)),
                rows=profile.rows,
                weight_sum=profile.weight_sum,
                effective_rows=profile.effective_rows,
                # Infinite values have no moments: then those of the finite ones stand for all.
                mean=profile.mean if math.isfinite(profile.mean) else found.means.get(column, math.nan),
                std=profile.std if math.isfinite(profile.std) else found.stds.get(column, math.nan),
            )
            for column, profile in profiles.items()
        },
        labelled=labelled,
        correct=correct,
    )


def _layouts(store: Store, contract: Contract, events: EventRange) -> _Layouts:
    scope = {
        "model": events.model,
        "versions": list(events.versions),
        "since": events.since,
        "until": events.until,
    }
    rows = int(store.scalar(load_sql(__file__, "rows"), scope))
    if rows == 0:
        raise InvalidInput(
            f"no events of {events.model!r} between {events.since:%Y-%m-%d %H:%M:%S} and "
            f"{events.until:%Y-%m-%d %H:%M:%S} UTC: nothing to make a baseline of"
        )
    layouts: dict[str, ColumnLayout] = {}
    means: dict[str, float] = {}
    stds: dict[str, float] = {}
    singletons: dict[str, int] = {}
    numeric = [column for column in contract.columns() if column.kind == "numeric"]
    if numeric:
        keep = max(1, math.ceil(rows / QUANTILE_ROWS))
        ranges = store.query(
            load_sql(__file__, "ranges"), scope | {"width": contract.width("numeric"), "keep_one_in": keep}
        )[0]
        for column in numeric:
            slot = column.slot
            means[column.name] = ranges["means"][slot]
            stds[column.name] = ranges["stds"][slot]
            quantiles = tuple(ranges["quantiles"][slot]) if ranges["quantiles"] else ()
            layouts[column.name] = numeric_layout(
                ranges["minima"][slot], ranges["maxima"][slot], quantiles, ranges["stds"][slot]
            )
    categorical = [column for column in contract.columns() if column.kind == "categorical"]
    if categorical:
        found = store.query(
            load_sql(__file__, "categories"),
            scope
            | {
                "width": contract.width("categorical"),
                "missing": MISSING_CATEGORY,
                "known": KNOWN_CATEGORIES,
            },
        )
        for column in categorical:
            mine = [row for row in found if row["slot"] == column.slot]
            layouts[column.name] = categorical_layout(
                tuple(row["category"] for row in mine),
                tuple(row["rows"] for row in mine),
                mine[0]["distinct_categories"] if mine else 0,
            )
            singletons[column.name] = mine[0]["singletons"] if mine else 0
    return _Layouts(layouts, means, stds, singletons)


@dataclass(frozen=True, slots=True)
class _Layouts:
    layouts: dict[str, ColumnLayout]
    means: dict[str, float]
    stds: dict[str, float]
    singletons: dict[str, int]


def _expected_counts(profile: Profile, layout: ColumnLayout, singletons: int) -> NDArray[np.float64]:
    """Counts to compare with: a category seen once stands for one that was not seen (Good-Turing).

    Without this a field with many rare categories would show unseen ones in any new sample.
    """
    counts = profile.counts.copy()
    if layout.kind == "categorical" and layout.complete and singletons:
        # Categories come most frequent first, so those seen once are the last slots, or in the groups.
        first, last = layout.top - singletons, layout.top
        if layout.other_groups:
            first, last = layout.top, layout.top + layout.other_groups
        share = singletons * profile.weight_sum / profile.rows / (last - first)
        moved = np.minimum(share, counts[first:last])
        counts[first:last] -= moved
        counts[-2] += moved.sum()
    return counts


def save_baseline(store: Store, baseline: Baseline) -> None:
    """Store a baseline in one block, so that it is there as a whole or not at all."""
    rows = [
        {
            "baseline_id": baseline.baseline_id,
            "model": baseline.model,
            "version": baseline.version,
            "name": baseline.name,
            "source": baseline.source,
            "created_at": baseline.created_at,
            "field": name,
            "kind": column.layout.kind,
            "edges": list(column.layout.edges),
            "categories": list(column.layout.categories),
            "top": column.layout.top,
            "complete": int(column.layout.complete),
            "counts": [float(count) for count in column.counts],
            "rows": column.rows,
            "weight_sum": column.weight_sum,
            "effective_rows": column.effective_rows,
            "mean": column.mean,
            "std": column.std,
            "minimum": column.layout.minimum,
            "maximum": column.layout.maximum,
            "labelled": baseline.labelled,
            "correct": baseline.correct,
        }
        for name, column in baseline.columns.items()
    ]
    store.insert_rows("baselines", rows)


def load_baselines(store: Store, model: str) -> dict[str, Baseline]:
    """Newest baseline of every version of a model; key ``""`` is the one for any version."""
    by_id: dict[str, list[dict[str, object]]] = {}
    for row in store.query(load_sql(__file__, "baselines"), {"model": model}):
        by_id.setdefault(str(row["baseline_id"]), []).append(row)
    return {baseline.version: baseline for baseline in map(_from_rows, by_id.values())}


def _from_rows(rows: Sequence[Mapping[str, object]]) -> Baseline:
    columns = {str(row["field"]): _column(row) for row in rows}
    first = rows[0]
    created_at = first["created_at"]
    assert isinstance(created_at, datetime)
    return Baseline(
        baseline_id=BaselineId(str(first["baseline_id"])),
        model=str(first["model"]),
        version=str(first["version"]),
        name=str(first["name"]),
        source=str(first["source"]),
        created_at=created_at,
        columns=columns,
        labelled=float(str(first["labelled"])),
        correct=float(str(first["correct"])),
    )


def _column(row: Mapping[str, object]) -> BaselineColumn:
    values = dict(row)
    layout = ColumnLayout(
        kind="numeric" if values["kind"] == "numeric" else "categorical",
        edges=tuple(np.asarray(values["edges"], dtype=np.float64).tolist()),
        minimum=_number(values["minimum"]),
        maximum=_number(values["maximum"]),
        categories=tuple(np.asarray(values["categories"], dtype=object).tolist()),
        top=int(_number(values["top"])),
        complete=bool(values["complete"]),
    )
    return BaselineColumn(
        layout=layout,
        counts=np.asarray(values["counts"], dtype=np.float64),
        rows=int(_number(values["rows"])),
        weight_sum=_number(values["weight_sum"]),
        effective_rows=_number(values["effective_rows"]),
        mean=_number(values["mean"]),
        std=_number(values["std"]),
    )


def _number(value: object) -> float:
    assert isinstance(value, (int, float))
    return float(value)
