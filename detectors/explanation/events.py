"""What an explanation takes from stored events: some to look at, and exact tests on a sample of rows.

Only values that were stored are read, so whatever a contract redacts stays redacted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from detectors.explanation.measures import measure
from detectors.explanation.reference import FieldReference, located
from detectors.explanation.scope import EventScope
from detectors.statistics.samples import SAMPLE_STATISTICS, Sample
from driftline.contracts import Column
from driftline.errors import InvalidInput
from driftline.readmodel.explanation import Measure, RowTests, SampleEvent
from driftline.readmodel.ranges import milliseconds
from driftline.store import Store, load_sql

SAMPLE_EVENTS = 10
SAMPLE_ROWS = 2000
ROW_TESTS = (
    "kolmogorov_smirnov",
    "anderson_darling",
    "cramer_von_mises",
    "mann_whitney",
    "energy_distance",
    "maximum_mean_discrepancy",
)


def read_sample_events(
    store: Store, reference: FieldReference, column: Column, scope: EventScope, slots: Sequence[int]
) -> tuple[SampleEvent, ...]:
    """At most ten events whose value lies in one of the slots, the same ones every time."""
    if not slots:
        return ()
    rows = store.query(
        load_sql(__file__, "sample_events"),
        {
            **scope.parameters(),
            **located(reference.layout, column),
            "bins": list(slots),
            "most": SAMPLE_EVENTS,
        },
    )
    labels = reference.layout.labels()
    numeric = reference.layout.kind == "numeric"
    return tuple(
        SampleEvent(
            event_id=row["event_id"],
            ts=row["ts"],
            value=_number(row["number"]) if numeric else _text(row["text"]),
            bin=labels[row["bin"]],
            version=row["version"],
            instance=row["instance"],
        )
        for row in rows
    )


def read_row_tests(
    store: Store, reference: FieldReference, column: Column, scope: EventScope, event_ttl_days: int
) -> RowTests:
    """Exact tests on at most 2,000 stored rows a side, or the reason why there are none."""

    def none(reason: str, baseline_rows: int = 0, current_rows: int = 0) -> RowTests:
        return RowTests(tests=(), baseline_rows=baseline_rows, current_rows=current_rows, reason=reason)

    if reference.layout.kind != "numeric":
        return none("they are for numbers, this field holds categories: its bins are exact as they are")
    history = reference.history
    if history is None:
        return none("the baseline came from a file, and a file's rows are not kept: only its bins are")
    before = _rows(
        store,
        scope.parameters()
        | {"since_ms": milliseconds(history.since), "until_ms": milliseconds(history.until)},
        [reference.version] if reference.version else [],
        column,
    )
    now = _rows(store, scope.parameters(), [scope.version], column)
    if not before:
        return none(
            f"the baseline's rows are no longer stored: events are kept for {event_ttl_days} days",
            0,
            len(now),
        )
    try:
        sides = _sample(before, "baseline"), _sample(now, "window")
    except InvalidInput as error:
        return none(error.message, len(before), len(now))
    found: list[Measure] = []
    for name in ROW_TESTS:
        try:
            found.append(measure(name, SAMPLE_STATISTICS[name].estimate(*sides)))
        except InvalidInput:
            # Not defined for these rows (a constant field); the others are.
            continue
    return RowTests(
        tests=tuple(found),
        baseline_rows=len(before),
        current_rows=len(now),
        reason="" if found else "no test is defined for these rows",
    )


def _rows(store: Store, scope: dict[str, Any], versions: list[str], column: Column) -> list[dict[str, Any]]:
    return store.query(
        load_sql(__file__, "rows"),
        {**scope, "versions": versions, "slot": column.slot, "most": SAMPLE_ROWS},
    )


def _sample(rows: list[dict[str, Any]], name: str) -> Sample:
    return Sample.of([row["value"] for row in rows], [row["weight"] for row in rows], name=name)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(value: str) -> str | None:
    return None if value == "\x00" else value
