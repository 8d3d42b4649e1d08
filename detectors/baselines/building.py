"""Build a baseline: lay its columns out, then count its windows over that, segments with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import Baseline, BaselineColumn, EventRange
from detectors.baselines.layouts import LaidOut, lay_out
from detectors.baselines.pooling import pooled, with_unseen
from detectors.baselines.recipe import FileRecipe, Recipe
from detectors.baselines.segments import SegmentField, choose_segments
from detectors.baselines.spans import Span
from detectors.profiles.counting import count_model
from detectors.profiles.counting_constants import CountRequest
from detectors.profiles.counting_plan import CountingPlan
from detectors.profiles.model_counts import ModelCounts
from driftline.contracts import Contract
from driftline.errors import InvalidInput
from driftline.ids import BaselineId, derived_id
from driftline.readmodel.baseline_quality import SegmentQuality
from driftline.store import Store

ONE_WINDOW_SECONDS = 4_000_000_000
"""A window length that puts every time from 1970 to 2096 into one window."""

WHOLE = SegmentField("", ())
"""No segment: all rows."""


@dataclass(frozen=True, slots=True)
class BuiltBaseline:
    """A baseline with what was seen while it was built.

    Attributes
    ----------
    laid_out
        Layout and figures of every column.
    counts
        Its windows (one, without an order in time): of all rows and of every segment, the excluded ones too.
    excluded
        Numbers of the windows that were left out.
    segments
        What became of the values of segment fields.
    """

    baseline: Baseline
    laid_out: Mapping[str, LaidOut]
    counts: ModelCounts
    excluded: frozenset[int]
    segments: tuple[SegmentQuality, ...]


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
    return build_with_windows(
        store, contract, events, name=name, source=source, version=version, labelled=labelled, correct=correct
    ).baseline


def build_with_windows(
    store: Store,
    contract: Contract,
    events: EventRange,
    *,
    name: str,
    source: str,
    version: str = "",
    labelled: float = 0.0,
    correct: float = 0.0,
    recipe: Recipe | None = None,
    window_seconds: int = 0,
    excluded: Collection[int] = (),
    segment_min_samples: int | None = None,
) -> BuiltBaseline:
    """Build a baseline and keep its windows.

    Parameters
    ----------
    recipe
        How it is made; as from a file when absent.
    window_seconds
        Length of its windows; 0 when the rows have no order in time.
    excluded
        Numbers since 1970 of windows that are left out of the reference.
    segment_min_samples
        Rows that a comparison of a segment needs; no segments when absent.

    Raises
    ------
    InvalidInput
        The range holds no events outside the excluded windows, or more correct than labelled rows are
        claimed.
    """
    if not 0 <= correct <= labelled:
        raise InvalidInput(f"correct ({correct:g}) must lie between 0 and labelled ({labelled:g})")
    laid_out = lay_out(store, contract, events, window_seconds=window_seconds or 1, excluded=excluded)
    chosen: list[SegmentField] = []
    report: list[SegmentQuality] = []
    if segment_min_samples is not None:
        chosen, report = choose_segments(contract, laid_out, segment_min_samples)
    counts = count_windows(store, contract, events, laid_out, window_seconds or ONE_WINDOW_SECONDS, chosen)
    taken = np.ones(counts.cells, dtype=bool)
    if window_seconds and excluded:
        taken = ~np.isin(counts.starts // window_seconds, sorted(excluded))
    created_at = datetime.now(UTC)
    baseline = Baseline(
        baseline_id=BaselineId(derived_id("bl", contract.model, version, name, created_at)),
        model=contract.model,
        version=version,
        name=name,
        source=source,
        created_at=created_at,
        columns=reference(counts, "", taken, laid_out),
        labelled=labelled,
        correct=correct,
        recipe=recipe or FileRecipe(),
        history=Span(since=events.since, until=events.until) if window_seconds else None,
        window_seconds=window_seconds,
        segments={one.segment: reference(counts, one.segment, taken, laid_out) for one in report if one.kept},
    )
    return BuiltBaseline(baseline, laid_out, counts, frozenset(excluded), tuple(report))


def counting_plan(
    contract: Contract, model: str, laid_out: Mapping[str, LaidOut], segment: SegmentField = WHOLE
) -> CountingPlan:
    """How the events of ``model``, the contract's own or a stand-in, are counted over the layouts."""
    return CountingPlan.of(
        contract.model_copy(update={"model": model}),
        {name: found.layout for name, found in laid_out.items()},
        {name: found.mean for name, found in laid_out.items()},
        segment=segment.field,
        segment_values=segment.values,
    )


def count_windows(
    store: Store,
    contract: Contract,
    events: EventRange,
    laid_out: Mapping[str, LaidOut],
    window_seconds: int,
    segments: Collection[SegmentField] = (),
) -> ModelCounts:
    """Windows of every laid-out column, all versions together: one statement, one more a further segment."""
    counted: list[ModelCounts] = []
    for one in segments or [WHOLE]:
        plan = counting_plan(contract, events.model, laid_out, one)
        request = CountRequest(plan, events.since, events.until, events.versions, apart=False)
        counts = count_model(store, request, window_seconds=window_seconds)
        # Every statement counts all rows too; once is enough.
        wanted = [at for at, name in enumerate(counts.segments) if name or not counted]
        counted.append(counts.select(np.array(wanted, dtype=np.intp)))
    return ModelCounts.joined(counted)


def reference(
    counts: ModelCounts,
    segment: str,
    taken: NDArray[np.bool_],
    laid_out: Mapping[str, LaidOut],
) -> dict[str, BaselineColumn]:
    """Columns of the whole (``""``) or of one segment from its windows that are taken.

    Parameters
    ----------
    taken
        Cells that count, shape ``(R,)``, or cells and columns, ``(R, C)``.
    """
    mine = np.array([name == segment for name in counts.segments], dtype=bool)
    whole = np.array([name == "" for name in counts.segments], dtype=bool)
    every = np.broadcast_to(taken.reshape(counts.cells, -1), (counts.cells, len(counts.columns)))
    columns = pooled(counts, every & mine[:, None], laid_out)
    return {
        name: with_unseen(column, laid_out[name].singletons, int(counts.rows[every[:, at] & whole].sum()))
        for at, (name, column) in enumerate(columns.items())
    }
