"""Gather what is known of one field over any range of stored windows, without a look at the events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detectors.baselines.spans import Span
from detectors.explanation.explain import MOVED_BINS
from detectors.explanation.known import known_contract, known_windows
from detectors.explanation.measures import measures, moved_most, rates, side_by_side
from detectors.explanation.range_words import range_in_words
from detectors.explanation.reference import FieldReference, read_reference
from detectors.explanation.words import SEVERAL
from detectors.profiles.merged_profiles import MergedProfile, merge_profiles
from driftline.errors import InvalidInput, NotFound
from driftline.readmodel.explained_range import DecidedWindows, ExplainedRange, Moments
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class RangeQuestion:
    """What is asked for.

    Attributes
    ----------
    span
        Windows that begin in it, to the second.
    version
        Version of the model; empty: the one with the most rows in the range.
    segment
        As ``field=value``; empty for all rows.
    """

    model: str
    field: str
    span: Span
    version: str = ""
    segment: str = ""


def asked_span(
    window: datetime | None, since: datetime | None, until: datetime | None, now: datetime
) -> Span | None:
    """The range that is asked for; ``None`` when a single window is.

    Parameters
    ----------
    until
        ``None`` for ``now``.

    Raises
    ------
    InvalidInput
        A window and a range at once, an end without a beginning, or a range that ends before it begins.

    Examples
    --------
    >>> noon = datetime(2026, 11, 23, 12)
    >>> asked_span(None, datetime(2026, 11, 23, 10), None, noon).text
    '2026-11-23 10:00 to 2026-11-23 12:00 UTC'
    >>> asked_span(noon, None, None, noon) is None
    True
    """
    if since is None and until is None:
        return None
    if window is not None:
        raise InvalidInput("ask for one window or for a range (since, until), not for both")
    if since is None:
        raise InvalidInput("until needs since: together they are the range to explain")
    end = until or now
    if since >= end:
        begin = f"since ({since.isoformat()})"
        raise InvalidInput(f"{begin} must be before {'until' if until else 'now'} ({end.isoformat()})")
    return Span(since=since, until=end)


def explain_range(store: Store, question: RangeQuestion) -> ExplainedRange:
    """Explain one field over a range: its merged profiles beside the baseline that they were counted over.

    Of several versions or baselines the one with the most rows in the range counts.

    Raises
    ------
    NotFound
        No such model, field, version or segment, the message lists close ones; or no stored profile in the
        range.
    """
    model, field, segment, span = question.model, question.field, question.segment, question.span
    contract = known_contract(store, model)
    scope = {
        "model": model,
        "field": field,
        "segment": segment,
        "version": question.version,
        "since": span.since,
        "until": span.until,
    }
    stored = store.query(load_sql(__file__, "range_profiles"), scope)
    if not stored:
        first, last = known_windows(store, contract, field, question.version, segment)
        raise _nothing_stored(question, first, last)
    main = stored[0]
    version, baseline_id = main["version"], main["baseline_id"]
    merged = merge_profiles(
        store,
        model,
        version,
        baseline_id,
        since=span.since,
        until=span.until,
        segment=segment,
        fields=[field],
    )[field]
    reference = read_reference(store, model, baseline_id, field, segment)
    decided = store.query(load_sql(__file__, "range_decisions"), scope | {"version": version})
    bins = side_by_side(reference, merged.counts) if reference else ()
    facts = ExplainedRange(
        model=model,
        field=field,
        kind=main["kind"],
        version=version,
        segment=segment,
        since=span.since,
        until=span.until,
        first_window=main["first"],
        end=main["end"],
        windows=merged.windows,
        left_out=main["left_out"],
        words=(),
        decided=tuple(DecidedWindows(**row) for row in decided),
        rows=merged.rows,
        effective_rows=merged.effective_rows,
        current=_moments(merged),
        baseline=_baseline_moments(reference),
        baseline_id=baseline_id,
        baseline_name=reference.name if reference else "",
        baseline_source=reference.source if reference else "",
        baseline_rows=reference.column.rows if reference else 0,
        baseline_effective_rows=reference.column.effective_rows if reference else None,
        statistics=measures(reference, merged.counts, merged.effective_rows) if reference else (),
        rates=rates(reference, merged.counts, merged.effective_rows) if reference else (),
        bins=bins,
        moved=moved_most(bins, MOVED_BINS),
    )
    return facts.model_copy(update={"words": range_in_words(facts)})


def _moments(merged: MergedProfile) -> Moments:
    return Moments(mean=merged.mean, std=merged.std, minimum=merged.minimum, maximum=merged.maximum)


def _baseline_moments(reference: FieldReference | None) -> Moments:
    if reference is None:
        return Moments(mean=None, std=None, minimum=None, maximum=None)
    layout, column = reference.layout, reference.column
    return Moments(mean=column.mean, std=column.std, minimum=layout.minimum, maximum=layout.maximum)


def _nothing_stored(question: RangeQuestion, first: datetime, last: datetime) -> NotFound:
    if question.field in SEVERAL:
        return NotFound(
            f"{question.field!r} is about several fields at once, which have no bins to merge over a range: "
            "ask for one of its windows, or for one of the fields"
        )
    return NotFound(
        f"no profile of {question.field!r} of {question.model!r} is stored for a window that begins in "
        f"{question.span.text}; its windows begin between {first:%Y-%m-%d %H:%M:%S} and "
        f"{last:%Y-%m-%d %H:%M:%S} UTC"
    )
