"""Gather everything that is known of one field in one window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from detectors.explanation.events import read_row_tests, read_sample_events
from detectors.explanation.known import known_contract, known_windows
from detectors.explanation.measures import gained_most, measures, moved_most, rates, side_by_side
from detectors.explanation.origins import origins
from detectors.explanation.reference import FieldReference, located, read_reference
from detectors.explanation.scope import EventScope
from detectors.explanation.words import SEVERAL, in_words
from driftline.contract_store import ContractStore
from driftline.contracts import Column, Contract
from driftline.errors import NotFound
from driftline.readmodel.explanation import Change, Explanation, Origin, OtherFinding, RowTests, SampleEvent
from driftline.readmodel.ranges import milliseconds
from driftline.settings import Settings
from driftline.store import Store, load_sql

MOVED_BINS = 5
_DISTRIBUTION = ("", "distribution")
_FOREVER = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for.

    Attributes
    ----------
    version
        Version of the model; empty: the one with the most rows in the window.
    window
        A moment in the window; ``None``: the newest window with a finding of the field.
    segment
        As ``field=value``; empty for all rows.
    """

    model: str
    field: str
    version: str = ""
    window: datetime | None = None
    segment: str = ""


def explain(store: Store, settings: Settings, question: Question) -> Explanation:
    """Explain one field in one window.

    Raises
    ------
    NotFound
        No such model, field, version, segment or window; the message lists close ones.
    """
    contract = known_contract(store, question.model)
    column = contract.column(question.field)
    rows = _findings(store, question)
    if not rows:
        raise _nothing_found(store, contract, question)
    main, others = _main_and_others(rows)
    # A field that left the contract still has findings, but nothing says where its values lie.
    reference = read_reference(store, question.model, main["baseline_id"], question.field, question.segment)
    counts, effective = _profile(store, question, main)
    bins = side_by_side(reference, counts) if reference else ()
    moved = moved_most(bins, MOVED_BINS)
    events: tuple[SampleEvent, ...] = ()
    found_origins: tuple[Origin, ...] = ()
    row_tests = RowTests(tests=(), baseline_rows=0, current_rows=0, reason=_without_bins(question.field))
    if reference is not None and column is not None:
        scope = EventScope.of(contract, main, question.segment)
        labels = reference.layout.labels()
        slots = [labels.index(bin_.label) for bin_ in gained_most(moved)]
        events = read_sample_events(store, reference, column, scope, slots)
        found_origins = _origins(store, contract, reference, column, scope)
        row_tests = read_row_tests(store, reference, column, scope, settings.event_ttl_days)
    facts = Explanation(
        model=question.model,
        field=question.field,
        segment=question.segment,
        words=(),
        tolerance=_tolerance(column, settings),
        model_budget=_model_budget(store, settings),
        change=_change(main),
        others=others,
        baseline_name=reference.name if reference else "",
        baseline_source=reference.source if reference else "",
        baseline_rows=reference.column.rows if reference else 0,
        baseline_effective_rows=reference.column.effective_rows if reference else None,
        statistics=measures(reference, counts, effective) if reference and counts is not None else (),
        rates=rates(reference, counts, effective) if reference and counts is not None else (),
        bins=bins,
        moved=moved,
        events=events,
        row_tests=row_tests,
        origins=found_origins,
        rows=int(main["rows"]),
        **{name: main[name] for name in _AS_FOUND},
    )
    return facts.model_copy(update={"words": in_words(facts)})


_AS_FOUND = (
    "kind",
    "role",
    "version",
    "window_start",
    "window_end",
    "status",
    "reason",
    "effect",
    "direction",
    "evidence",
    "threshold",
    "minimum_detectable_effect",
    "scale",
    "budget",
    "effective_rows",
    "baseline_id",
)


def _findings(store: Store, question: Question) -> list[dict[str, Any]]:
    return store.query(
        load_sql(__file__, "finding"),
        {
            "model": question.model,
            "field": question.field,
            "version": question.version,
            "segment": question.segment,
            "until_ms": milliseconds(question.window or _FOREVER),
            "within": int(question.window is not None),
        },
    )


def _main_and_others(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], tuple[OtherFinding, ...]]:
    """The finding about the distribution, and those of other kinds about the same field and window."""
    first = rows[0]
    same = [
        row
        for row in rows
        if (row["window_start"], row["version"]) == (first["window_start"], first["version"])
    ]
    main = next((row for row in same if row["change"] in _DISTRIBUTION), first)
    return main, tuple(
        OtherFinding(**{name: row[name] for name in OtherFinding.model_fields})
        for row in same
        if row is not main and row["change"] not in _DISTRIBUTION
    )


def _nothing_found(store: Store, contract: Contract, question: Question) -> NotFound:
    model, field = question.model, question.field
    first, last = known_windows(store, contract, field, question.version, question.segment)
    return NotFound(
        f"{field!r} of {model!r} has no finding at {question.window:%Y-%m-%d %H:%M:%S} UTC; "
        f"its windows begin between {first:%Y-%m-%d %H:%M:%S} and {last:%Y-%m-%d %H:%M:%S} UTC"
    )


def _profile(
    store: Store, question: Question, finding: dict[str, Any]
) -> tuple[np.ndarray[Any, np.dtype[np.float64]] | None, float]:
    rows = store.query(
        load_sql(__file__, "profile"),
        {
            "model": question.model,
            "version": finding["version"],
            "baseline_id": finding["baseline_id"],
            "field": question.field,
            "segment": question.segment,
            "start_ms": milliseconds(finding["window_start"]),
        },
    )
    if not rows:
        return None, 0.0
    return np.asarray(rows[0]["counts"], dtype=np.float64), float(rows[0]["effective_rows"])


def _change(finding: dict[str, Any]) -> Change | None:
    start = finding["change_start"]
    if start is None:
        return None
    return Change(
        start=start,
        earliest=finding["change_earliest"] or start,
        latest=finding["change_latest"] or start,
    )


def _tolerance(column: Column | None, settings: Settings) -> float:
    if column is None or column.tolerance is None:
        return settings.drift_tolerance
    return column.tolerance


def _without_bins(field: str) -> str:
    if field in SEVERAL:
        return "several fields at once have no bins in common"
    return "the baseline that this finding was made with is gone"


def _model_budget(store: Store, settings: Settings) -> float:
    """False episodes a year that the model may have; a fleet's budget is split over its models."""
    budget = settings.budget
    models = len(ContractStore(store).all_latest()) if budget.scope == "fleet" else 1
    return budget.per_model_year(models)


def _origins(
    store: Store, contract: Contract, reference: FieldReference, column: Column, scope: EventScope
) -> tuple[Origin, ...]:
    segments = [one for one in contract.columns() if one.role == "segment" and one.kind == "categorical"]
    rows = store.query(
        load_sql(__file__, "origins"),
        {
            **scope.parameters(),
            **located(reference.layout, column),
            "segment_names": [one.name for one in segments],
            "segment_slots": [one.slot for one in segments],
        },
    )
    return origins(reference.column.counts, rows) if rows else ()
