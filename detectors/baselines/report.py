"""Write the quality report of a baseline that has just been built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.baselines.building import BuiltBaseline
from detectors.baselines.contamination import LeftOut
from detectors.baselines.detectability import detectable
from detectors.baselines.learning import LearnedStack
from detectors.baselines.recipe import describe
from detectors.baselines.spans import Span, window_begin, windows_touched
from detectors.baselines.trouble import trouble
from detectors.baselines.verdict import verdict
from detectors.budget import ModelBudget, month
from driftline.readmodel.baseline_quality import (
    Detectable,
    FieldQuality,
    HistoryQuality,
    Quality,
    StretchQuality,
)
from driftline.readmodel.coverage import coverage
from driftline.settings import Settings
from driftline.store import Store, load_sql

ASSUMED_ROWS = 1000.0
USUAL_DAYS = 7
HOURS_OF_WEEK = 168


def quality_report(
    store: Store,
    settings: Settings,
    built: BuiltBaseline,
    stacks: Sequence[LearnedStack],
    *,
    models: int = 1,
    left_out: Iterable[LeftOut] = (),
    noted: Iterable[LeftOut] = (),
) -> Quality:
    """Report on a baseline: size, coverage, what it can show, and what is wrong with it.

    Parameters
    ----------
    built
        As built; counts and noise of ``built.baseline`` are the learned ones.
    stacks
        What was learned, for the whole and for segments.
    models
        Models that share a fleet's false-alarm budget.
    left_out, noted
        Stretches that were not taken, and such as were although they were not normal.
    """
    baseline = built.baseline
    rows, rows_from = _usual_rows(store, built)
    budget = ModelBudget(
        settings.budget.per_model_year(models), len(baseline.columns), len(baseline.segments)
    )
    detects: dict[str, tuple[Detectable, ...]] = {}
    noise: dict[str, str] = {}
    own = [
        LeftOut(_stretch(first, last, baseline.window_seconds), f"{name} {why}")
        for stack in stacks
        if not stack.segment
        for name, found in stack.unusual.items()
        for first, last, why in found
    ]
    for stack in stacks:
        if not stack.segment:
            detects |= detectable(
                stack,
                alpha=month(budget.field),
                window_seconds=settings.window_seconds,
                window_rows=rows,
                min_samples=settings.min_samples,
            )
            noise |= {name: stack.noise.describe(f) for f, name in enumerate(stack.fields)}
    fields = tuple(
        _field(built, at, name, detects.get(name, ()), noise.get(name, ""))
        for at, name in enumerate(built.counts.columns)
    )
    history = _history(store, built, [*left_out, *own], list(noted))
    effective = max((column.effective_rows for column in baseline.columns.values()), default=0.0)
    judged, reasons = verdict(effective, settings.min_samples, history, fields)
    return Quality(
        verdict=judged,
        reasons=reasons,
        made=describe(baseline.recipe),
        rows=baseline.rows,
        effective_rows=effective,
        window_rows=rows,
        window_rows_from=rows_from,
        window_seconds=settings.window_seconds,
        history=history,
        fields=fields,
        segments=built.segments,
    )


def _usual_rows(store: Store, built: BuiltBaseline) -> tuple[float, str]:
    baseline = built.baseline
    if baseline.window_seconds:
        whole = np.array([segment == "" for segment in built.counts.segments], dtype=bool)
        taken = whole & (built.counts.rows > 0)
        numbers = built.counts.starts // baseline.window_seconds
        taken &= ~np.isin(numbers, sorted(built.excluded))
        return float(np.median(built.counts.effective_rows[taken])), "its own windows"
    found = store.query(
        load_sql(__file__, "usual_window"),
        {
            "model": baseline.model,
            "versions": [baseline.version] if baseline.version else [],
            "since": datetime.now(UTC) - timedelta(days=USUAL_DAYS),
        },
    )[0]
    if found["windows"]:
        return float(found["effective_rows"]), f"the last {USUAL_DAYS} days of traffic"
    return ASSUMED_ROWS, "assumed, there is no traffic yet"


def _field(
    built: BuiltBaseline, at: int, name: str, detects: tuple[Detectable, ...], noise: str
) -> FieldQuality:
    column, laid_out = built.baseline.columns[name], built.laid_out[name]
    numeric = column.layout.kind == "numeric"
    whole = np.array([segment == "" for segment in built.counts.segments], dtype=bool)
    means = built.counts.mean[whole, at] if built.baseline.window_seconds else np.zeros(0)
    total = float(column.counts.sum())
    return FieldQuality(
        field=name,
        kind=column.layout.kind,
        missing_share=float(column.counts[-1]) / total if total > 0 else 1.0,
        distinct=None if numeric else laid_out.distinct,
        trouble=trouble(column, laid_out, means),
        noise=noise,
        detects=detects,
    )


def _history(
    store: Store, built: BuiltBaseline, left_out: Sequence[LeftOut], noted: Sequence[LeftOut]
) -> HistoryQuality | None:
    baseline = built.baseline
    span, seconds = baseline.history, baseline.window_seconds
    if span is None:
        return None
    numbers = windows_touched([span], span, seconds)
    present = {
        int(start) // seconds
        for start, segment in zip(built.counts.starts, built.counts.segments, strict=True)
        if segment == ""
    }
    taken = (present & numbers) - built.excluded
    seen, _ = coverage(store, baseline.model, span.since, span.until)
    return HistoryQuality(
        since=span.since,
        until=span.until,
        windows=len(numbers),
        taken=len(taken),
        left_out=len(built.excluded & numbers),
        empty=len(numbers - present - built.excluded),
        hours_of_week=_hours_of_week(taken, seconds),
        kept_share=seen.kept / seen.seen if seen.seen else None,
        dropped_share=seen.dropped_share,
        stretches_left_out=_stretches(left_out),
        stretches_noted=_stretches(noted),
    )


def _hours_of_week(numbers: Iterable[int], seconds: int) -> int:
    hours: set[int] = set()
    for number in numbers:
        first, last = number * seconds // 3600, ((number + 1) * seconds - 1) // 3600
        hours.update(hour % HOURS_OF_WEEK for hour in range(first, min(last, first + HOURS_OF_WEEK) + 1))
    return len(hours)


def _stretches(stretches: Iterable[LeftOut]) -> tuple[StretchQuality, ...]:
    ordered = sorted(stretches, key=lambda one: (one.span.since, one.why))
    return tuple(StretchQuality(since=one.span.since, until=one.span.until, why=one.why) for one in ordered)


def _stretch(first: int, last: int, seconds: int) -> Span:
    return Span(since=window_begin(first, seconds), until=window_begin(last + 1, seconds))
