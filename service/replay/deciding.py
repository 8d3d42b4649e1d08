"""Evaluate the windows of a scratch store, and decide them again with another tolerance."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from detectors.baselines.baseline import Baseline
from detectors.evaluated_window import EvaluatedWindow, summarise
from detectors.evidence.pooling import REACH
from detectors.evidence.score_set import CHANGES
from detectors.evidence.states import States
from detectors.findings import Finding
from detectors.judging import CountedVersion, judge
from detectors.monitor import MOST_TARGETS, Monitor
from detectors.profiles.model_counts import ModelCounts
from detectors.profiles.score_records import load_scores
from detectors.profiles.stored import load_counts
from detectors.targets import Targets
from detectors.watched import Watched
from driftline.contracts import Contract
from driftline.settings import Settings
from driftline.store import Store
from service.replay.progress import Progress
from service.replay.rows import MOST_WEEKS, WEEK_MS

STRIDE_WINDOWS = 240
"""Windows that are evaluated at a time, so that progress can be shown; each stride reads a week behind it."""


def evaluate(
    store: Store,
    contract: Contract,
    settings: Settings,
    begin: datetime,
    end: datetime,
    progress: Progress,
) -> list[EvaluatedWindow]:
    """Every window with rows in ``[begin, end)``, oldest first, as live monitoring evaluates it."""
    step = timedelta(seconds=settings.window_seconds)
    windows: list[EvaluatedWindow] = []
    for done, stride in _strides((end - begin) // step, STRIDE_WINDOWS, settings.window_seconds):
        # Windows behind this stride have been evaluated: the lookback reaches to its own beginning.
        monitor = Monitor(store, settings.model_copy(update={"lookback_windows": stride}))
        now = begin + (done + stride) * step + timedelta(seconds=settings.allowed_lateness_seconds)
        windows += monitor.evaluate(contract, now)
        progress.advance(stride)
    return windows


def decide_again(
    store: Store,
    contract: Contract,
    settings: Settings,
    baseline: Baseline,
    windows: Sequence[EvaluatedWindow],
    progress: Progress,
) -> list[EvaluatedWindow]:
    """The same windows decided with other settings, from the profiles that :func:`evaluate` stored.

    Nothing is counted and nothing is written. What does not depend on the tolerance (schema changes, tests of
    several fields at once) stays as it was found.
    """
    if not windows:
        return []
    found: dict[datetime, list[Finding]] = {}
    watched = Watched.of(contract, windows[0].version, baseline, settings, 1)
    step = settings.window_seconds
    first = round(windows[0].start.timestamp()) // step
    last = round(windows[-1].start.timestamp()) // step
    states = tuple(States.fresh(len(stack.columns)) for stack in watched.stacks)
    for done, stride in _strides(last + 1 - first, MOST_TARGETS, step):
        targets = Targets(first + done, stride, step)
        since, until = targets.start(targets.first), targets.start(targets.first + stride)
        # Scores depend on counts and baseline alone: those that were stored hold for every tolerance.
        history = load_scores(
            store,
            watched.scored(),
            since=targets.start(targets.first - (REACH - 1)),
            until=since,
            window_seconds=step,
        )
        counts = _stored_counts(store, watched, since, until)
        (judged,) = judge([CountedVersion(watched, [counts], history, states)], targets, settings)
        states = judged.states
        for finding in judged.findings:
            if finding.change in CHANGES:
                found.setdefault(finding.window_start, []).append(finding)
        progress.advance(stride)
    return [_decided(window, found.get(window.start, [])) for window in windows]


def _decided(window: EvaluatedWindow, findings: Sequence[Finding]) -> EvaluatedWindow:
    kept = (finding for finding in window.findings if finding.change not in CHANGES)
    together = (*findings, *kept)
    status, reason = summarise(together)
    return dataclasses.replace(window, findings=together, status=status, reason=reason)


def _stored_counts(store: Store, watched: Watched, since: datetime, until: datetime) -> ModelCounts:
    """Counts of all rows and of every segment, as one set of cells."""
    parts = [
        load_counts(
            store,
            watched.plans[0],
            watched.version,
            watched.baseline.baseline_id,
            since=since,
            until=until,
            segment=segment,
        )
        for segment in watched.segments
    ]
    return ModelCounts.joined(parts)


def _strides(total: int, most: int, window_seconds: int) -> Iterator[tuple[int, int]]:
    """Parts of so many windows, ``(begin, length)``; none so long that an insert meets too many weeks."""
    longest = max(1, min(most, MOST_WEEKS * WEEK_MS // (1000 * window_seconds) - 1))
    for begin in range(0, total, longest):
        yield begin, min(longest, total - begin)
