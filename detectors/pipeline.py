"""Batches of versions on their way: counted, joined with what came before, judged, written."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from detectors.evaluated_window import (
    FAILURES,
    EvaluatedWindow,
    Evaluation,
    ModelFailure,
    commit_windows,
    summarise,
)
from detectors.evidence.pooling import REACH
from detectors.evidence.states import States
from detectors.field_states import StoredStates
from detectors.findings import Finding, save_findings
from detectors.judging import CountedVersion, JudgedVersion, Scratch, judge
from detectors.profiles.counting import count_fleet, count_model
from detectors.profiles.counting_constants import CountRequest
from detectors.profiles.model_counts import ModelCounts
from detectors.profiles.score_records import Table, load_scores, save_scores
from detectors.profiles.stored import StoredCounts, save_counts
from detectors.targets import Targets
from detectors.watched import Watched
from driftline.errors import StoreUnavailable
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store import Store

_log = get_logger(__name__)

FIELDS_A_BATCH = 5_000
"""Fields that are judged together in one window, about."""

FIELD_WINDOWS_A_BATCH = 50_000
"""Fields times windows that are judged together where there are several windows, about."""


class Pipeline:
    """Evaluates versions in the same windows, a batch at a time; remembers the states they leave behind.

    While one batch is judged here, the database counts and reads the next and writes the last. Of each
    batch the windows are written last, which marks them as done: a crash in between means doing it again.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._states: dict[tuple[str, str], _Remembered] = {}
        self._scratch = Scratch()

    def evaluate(self, watched: Sequence[Watched], targets: Targets, done: Evaluation) -> None:
        """Evaluate versions; what came of it is added to ``done``, also which models failed."""
        since, until = targets.start(targets.first), targets.start(targets.first + targets.count)
        asked = [
            (each, CountRequest(each.plans[0], since, until, versions=(each.version,)))
            for each in watched
            if each.model not in done.failed
        ]
        by_request = {id(request): each for each, request in asked}
        batches = count_fleet(
            self._store,
            [request for _, request in asked],
            window_seconds=targets.window_seconds,
            fields_a_query=FIELDS_A_BATCH if targets.count == 1 else FIELD_WINDOWS_A_BATCH,
        )
        # While one batch is judged here, the database counts and reads the next and writes the last.
        with (
            ThreadPoolExecutor(1, thread_name_prefix="reading") as reading,
            ThreadPoolExecutor(1, thread_name_prefix="writing") as writing,
        ):
            read: deque[Future[_Counted]] = deque()
            written: deque[tuple[_Counted, Future[list[EvaluatedWindow]]]] = deque()
            for batch in batches:
                counted = [(by_request[id(request)], request, counts) for request, counts in batch]
                read.append(reading.submit(self._read, counted, targets))
                if len(read) > 1:
                    self._judge_next(read, writing, written, targets, done)
            while read:
                self._judge_next(read, writing, written, targets, done)
            while written:
                self._settle(written, targets, done)

    def _judge_next(
        self,
        read: deque[Future[_Counted]],
        writing: ThreadPoolExecutor,
        written: deque[tuple[_Counted, Future[list[EvaluatedWindow]]]],
        targets: Targets,
        done: Evaluation,
    ) -> None:
        batch = read.popleft().result()
        try:
            judged = judge(batch.versions, targets, self._settings, self._scratch)
        except FAILURES:
            self._one_by_one(batch, targets, done)
            return
        while written:
            self._settle(written, targets, done)
        written.append((batch, writing.submit(self._write, batch, judged, targets)))

    def _settle(
        self,
        written: deque[tuple[_Counted, Future[list[EvaluatedWindow]]]],
        targets: Targets,
        done: Evaluation,
    ) -> None:
        batch, future = written.popleft()
        try:
            done.windows.extend(future.result())
        except StoreUnavailable:
            raise
        except FAILURES:
            self._one_by_one(batch, targets, done)

    def _one_by_one(self, batch: _Counted, targets: Targets, done: Evaluation) -> None:
        """One model's failure never stops the others: each on its own shows whose it is."""
        for one in batch.versions:
            alone = _Counted([one])
            try:
                judged = judge(alone.versions, targets, self._settings, self._scratch)
                done.windows.extend(self._write(alone, judged, targets))
            except StoreUnavailable:
                raise
            except FAILURES as error:
                self._fail(one.watched.model, error, done)

    def _fail(self, model: str, error: ModelFailure, done: Evaluation) -> None:
        _log.error("model not evaluated", model=model, error=str(error), exc_info=error)
        done.failed[model] = error

    def _read(
        self, counted: Sequence[tuple[Watched, CountRequest, ModelCounts]], targets: Targets
    ) -> _Counted:
        """Counts of a batch with what came before its windows."""
        watched = [each for each, _, _ in counted]
        return _Counted(
            [
                CountedVersion(each, (first, *self._other_counts(each, request, targets)), past, before)
                for (each, request, first), past, before in zip(
                    counted,
                    self._history(watched, targets),
                    self._states_before(watched, targets),
                    strict=True,
                )
            ]
        )

    def _write(
        self, batch: _Counted, judged: Sequence[JudgedVersion], targets: Targets
    ) -> list[EvaluatedWindow]:
        """Write profiles, scores and findings, then the windows, which marks them as done."""
        save_counts(
            self._store,
            [
                StoredCounts(plan, each.watched.baseline.baseline_id, part)
                for each in batch.versions
                for plan, part in zip(each.watched.plans, each.counts, strict=True)
            ],
            targets.window_seconds,
        )
        save_scores(self._store, [scores for each in judged for scores in each.scores])
        save_findings(self._store, [finding for each in judged for finding in each.findings])
        windows = [
            window
            for each, counted in zip(judged, batch.versions, strict=True)
            for window in _windows(each, counted.counts[0], targets)
        ]
        commit_windows(self._store, windows)
        for each in judged:
            self._states[each.watched.model, each.watched.version] = _Remembered(
                each.watched, targets.first + targets.count, each.states
            )
        return windows

    def _other_counts(
        self, watched: Watched, request: CountRequest, targets: Targets
    ) -> tuple[ModelCounts, ...]:
        """Counts by the other segment fields of a version that has several; only segments are kept."""
        found = []
        for plan in watched.plans[1:]:
            again = CountRequest(plan, request.since, request.until, versions=request.versions)
            counts = count_model(self._store, again, window_seconds=targets.window_seconds)
            found.append(counts.select(np.array([segment != "" for segment in counts.segments], dtype=bool)))
        return tuple(found)

    def _history(self, versions: Sequence[Watched], targets: Targets) -> list[list[list[Table]]]:
        """Stored scores of the windows before the targets: for each version one list of tables a segment."""
        scored = [each.scored() for each in versions]
        tables = iter(
            load_scores(
                self._store,
                [one for each in scored for one in each],
                since=targets.start(targets.first - (REACH - 1)),
                until=targets.start(targets.first),
                window_seconds=targets.window_seconds,
            )
        )
        return [[next(tables) for _ in each] for each in scored]

    def _states_before(self, versions: Sequence[Watched], targets: Targets) -> list[Sequence[States]]:
        """What the window before the targets left behind: remembered, else read from its findings."""
        unknown = [each for each in versions if not self._remembers(each, targets)]
        stored = StoredStates(
            self._store,
            unknown,
            since=targets.start(targets.first - REACH),
            before=targets.start(targets.first),
            window_seconds=targets.window_seconds,
        )
        return [
            self._states[each.model, each.version].states
            if self._remembers(each, targets)
            else [stored.of(each, stack) for stack in each.stacks]
            for each in versions
        ]

    def _remembers(self, watched: Watched, targets: Targets) -> bool:
        known = self._states.get((watched.model, watched.version))
        return known is not None and known.watched is watched and known.next == targets.first


@dataclass(frozen=True, slots=True)
class _Counted:
    """A batch of versions that is judged together."""

    versions: list[CountedVersion]


@dataclass(frozen=True, slots=True)
class _Remembered:
    """States of a version after its last window, for the window of number ``next``."""

    watched: Watched
    next: int
    states: tuple[States, ...]


def _windows(judged: JudgedVersion, counts: ModelCounts, targets: Targets) -> list[EvaluatedWindow]:
    """The windows of one version, each with its findings."""
    by_start: dict[datetime, list[Finding]] = {}
    for finding in judged.findings:
        by_start.setdefault(finding.window_start, []).append(finding)
    effective = counts.effective_rows
    result = []
    for cell in range(counts.cells):
        if counts.segments[cell]:
            continue
        start = targets.start(int(counts.starts[cell]) // targets.window_seconds)
        findings = tuple(by_start.get(start, ()))
        status, reason = summarise(findings)
        result.append(
            EvaluatedWindow(
                model=judged.watched.model,
                version=judged.watched.version,
                baseline_id=judged.watched.baseline.baseline_id,
                start=start,
                end=start + timedelta(seconds=targets.window_seconds),
                status=status,
                reason=reason,
                rows=int(counts.rows[cell]),
                findings=findings,
                weight_sum=float(counts.weight_sum[cell]),
                effective_rows=float(effective[cell]),
            )
        )
    return result
