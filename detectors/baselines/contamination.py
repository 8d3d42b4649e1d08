"""Contaminated history: stretches that were not normal, so that no baseline is made of them unasked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.baselines.spans import Span, merged
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stretch that is left out of a baseline, and why."""

    span: Span
    why: str


def contaminated(
    store: Store, model: str, versions: Sequence[str], within: Span, window_seconds: int
) -> tuple[LeftOut, ...]:
    """Stretches of a history with drift or an episode, disjoint for each reason, clipped to ``within``.

    What was found is what was found against the baselines there were: with none nothing is contaminated.
    """
    rows = store.query(
        load_sql(__file__, "contamination"),
        {
            "model": model,
            "versions": list(versions),
            "since": within.since,
            "until": within.until,
            "window_seconds": window_seconds,
        },
    )
    by_reason: dict[str, list[Span]] = {}
    for row in rows:
        began, ended = max(row["began"], within.since), min(row["ended"], within.until)
        if began < ended:
            by_reason.setdefault(row["why"], []).append(Span(since=began, until=ended))
    return left_out(by_reason)


def left_out(by_reason: dict[str, list[Span]]) -> tuple[LeftOut, ...]:
    """Stretches by reason as one list in order of time, those of one reason joined."""
    found = [LeftOut(span, why) for why, spans in by_reason.items() for span in merged(spans)]
    return tuple(sorted(found, key=lambda one: (one.span.since, one.why)))


def spans_of(stretches: Iterable[LeftOut]) -> tuple[Span, ...]:
    """All the moments they cover, disjoint."""
    return merged(stretch.span for stretch in stretches)
