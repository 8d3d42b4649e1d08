"""Evaluation of models: windows whose events or baseline changed are counted, judged and committed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.baselines.book import BaselineBook
from detectors.evaluated_window import EvaluatedWindow, summarise
from detectors.evidence.pooling import REACH
from detectors.evidence.states import States
from detectors.field_states import StoredStates
from detectors.findings import Finding, save_findings
from detectors.judging import CountedVersion, JudgedVersion, judge
from detectors.profiles.counting import count_fleet, count_model
from detectors.profiles.counting_constants import CountRequest
from detectors.profiles.model_counts import ModelCounts
from detectors.profiles.score_records import Table, load_scores, save_scores
from detectors.profiles.stored import StoredCounts, save_counts
from detectors.stale_windows import StaleWindows
from detectors.targets import Targets
from detectors.watched import Watched
from detectors.windows import Window, last_closed_end
from driftline.contracts import Contract
from driftline.errors import DriftlineError, StoreUnavailable
from driftline.logs import get_logger
from driftline.settings import Settings
from driftline.store import Store

_log = get_logger(__name__)

NO_BASELINE = "no baseline: make one with `driftline baseline`"

MOST_TARGETS = 720
"""Windows that are judged in one go; more are taken in turns, so that memory stays bounded."""

FIELDS_A_BATCH = 5_000
"""Fields that are judged together in one window, about."""

FIELD_WINDOWS_A_BATCH = 50_000
"""Fields times windows that are judged together where there are several windows, about."""

ModelFailure = DriftlineError | ValueError | ArithmeticError | LookupError
FAILURES = (DriftlineError, ValueError, ArithmeticError, LookupError)
"""What one model's data or state can bring about, without touching the others."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one round did: windows evaluated, oldest first, and models that could not be."""

    windows: list[EvaluatedWindow] = field(default_factory=list)
    failed: dict[str, ModelFailure] = field(default_factory=dict)


class Monitor:
    """Evaluates the windows of models against their baselines.

    Evaluating again is harmless: ids are derived and rows replace each other. The window row is written
    last, so a crash in between makes the window stale and it is simply done again. What is kept in memory
    only saves reading: baselines, the states that the last windows left behind, where to look for new
    events. One thread at a time.
    """

    def __init__(self, store: Store, settings: Settings, book: BaselineBook | None = None) -> None:
        self._store = store
        self._settings = settings
        self.book = book or BaselineBook(store)
        self._stale = StaleWindows(store, settings, self.book)
        self._watched: dict[tuple[str, str], tuple[object, Watched]] = {}
        self._states: dict[tuple[str, str], _Remembered] = {}

    def evaluate(self, contract: Contract, now: datetime | None = None) -> list[EvaluatedWindow]:
        """Evaluate every stale closed window of one model; return them oldest first.

        Raises
        ------
        DriftlineError
            The model could not be evaluated.
        """
        done = self.evaluate_all([contract], now)
        for failure in done.failed.values():
            raise failure
        return done.windows

    def evaluate_all(
        self,
        contracts: Sequence[Contract],
        now: datetime | None = None,
        *,
        fleet: int | None = None,
        waiting: Mapping[tuple[str, str], str] | None = None,
    ) -> Evaluation:
        """Evaluate every stale closed window of some models, all together.

        Parameters
        ----------
        fleet
            How many models share a fleet-wide budget; default: as many as are given.
        waiting
            For what the baseline of a model and version (``""``: any) waits, to be told with its windows.
        """
        settings = self._settings
        until = last_closed_end(
            now or datetime.now(UTC), settings.window_seconds, settings.allowed_lateness_seconds
        )
        self.book.refresh()
        done = Evaluation()
        by_name = {contract.model: contract for contract in contracts}
        stale = self._stale.find(list(by_name), until)
        without: list[Window] = []
        firsts: dict[int, list[Watched]] = {}
        size = len(contracts) if fleet is None else fleet
        for (model, version), windows in _by_version(stale).items():
            try:
                watched = self._watch(by_name[model], version, size)
            except FAILURES as error:
                done.failed[model] = error
                continue
            if watched is None:
                without += windows
            else:
                firsts.setdefault(self._number(windows[0].start), []).append(watched)
        self._without_baseline(without, waiting or {}, done)
        last = self._number(until)
        # Oldest first: what is evaluated later may need the states of what came before.
        for first in sorted(firsts):
            for begin in range(first, last, MOST_TARGETS):
                count = min(MOST_TARGETS, last - begin)
                self._evaluate(firsts[first], Targets(begin, count, settings.window_seconds), done)
        self._stale.done(list(by_name), until, failed=list(done.failed))
        done.windows.sort(key=lambda window: (window.start, window.model, window.version))
        return done

    def add(self, window: EvaluatedWindow, findings: Sequence[Finding]) -> EvaluatedWindow:
        """Add findings about an evaluated window, store them and revise the window."""
        together = (*window.findings, *findings)
        status, reason = summarise(together)
        revised = dataclasses.replace(window, status=status, reason=reason, findings=together)
        save_findings(self._store, findings)
        if (status, reason) != (window.status, window.reason):
            self._commit([revised])
        return revised

    def _number(self, moment: datetime) -> int:
        return round(moment.timestamp()) // self._settings.window_seconds

    def _watch(self, contract: Contract, version: str, fleet: int) -> Watched | None:
        """The version with what it is judged against; ``None`` without a baseline."""
        packed = self.book.packed(contract.model, version)
        if packed is None:
            return None
        key = (packed.baseline_id, contract.revision, self._settings.budget.per_model_year(fleet))
        known = self._watched.get((contract.model, version))
        if known is None or known[0] != key:
            watched = Watched.of(contract, version, packed.unpacked(), self._settings, fleet)
            known = self._watched[contract.model, version] = key, watched
        return known[1]

    def _without_baseline(
        self, windows: Sequence[Window], waiting: Mapping[tuple[str, str], str], done: Evaluation
    ) -> None:
        step = timedelta(seconds=self._settings.window_seconds)
        found = []
        for window in windows:
            text = waiting.get((window.model, window.version)) or waiting.get((window.model, ""))
            reason = f"no baseline: {text}" if text else NO_BASELINE
            end = window.start + step
            found.append(
                EvaluatedWindow(
                    window.model,
                    window.version,
                    "",
                    window.start,
                    end,
                    "no_baseline",
                    reason,
                    window.rows,
                    (),
                )
            )
        self._commit(found)
        done.windows.extend(found)

    def _evaluate(self, watched: Sequence[Watched], targets: Targets, done: Evaluation) -> None:
        """Count, judge and commit, a batch of versions at a time."""
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
        for batch in batches:
            counted = [(by_request[id(request)], request, counts) for request, counts in batch]
            try:
                self._judge(counted, targets, done)
                continue
            except StoreUnavailable:
                raise
            except FAILURES as error:
                if len(counted) == 1:
                    self._fail(counted[0][0].model, error, done)
                    continue
            # One model's failure never stops the others: each on its own shows whose it is.
            for one in counted:
                try:
                    self._judge([one], targets, done)
                except StoreUnavailable:
                    raise
                except FAILURES as error:
                    self._fail(one[0].model, error, done)

    def _fail(self, model: str, error: ModelFailure, done: Evaluation) -> None:
        _log.error("model not evaluated", model=model, error=str(error), exc_info=error)
        done.failed[model] = error

    def _judge(
        self, counted: Sequence[tuple[Watched, CountRequest, ModelCounts]], targets: Targets, done: Evaluation
    ) -> None:
        versions = [watched for watched, _, _ in counted]
        counts = [
            (first, *self._other_counts(watched, request, targets)) for watched, request, first in counted
        ]
        history = self._history(versions, targets)
        states = self._states_before(versions, targets)
        judged = judge(
            [
                CountedVersion(watched, parts, past, before)
                for watched, parts, past, before in zip(versions, counts, history, states, strict=True)
            ],
            targets,
            self._settings,
        )
        save_counts(
            self._store,
            [
                StoredCounts(plan, watched.baseline.baseline_id, part)
                for watched, parts in zip(versions, counts, strict=True)
                for plan, part in zip(watched.plans, parts, strict=True)
            ],
            targets.window_seconds,
        )
        save_scores(self._store, [scores for each in judged for scores in each.scores])
        save_findings(self._store, [finding for each in judged for finding in each.findings])
        windows = [
            window
            for each, parts in zip(judged, counts, strict=True)
            for window in _windows(each, parts[0], targets)
        ]
        self._commit(windows)
        done.windows.extend(windows)
        for each in judged:
            self._states[each.watched.model, each.watched.version] = _Remembered(
                each.watched, targets.first + targets.count, each.states
            )

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

    def _commit(self, windows: Sequence[EvaluatedWindow]) -> None:
        """Write the rows that mark windows as done."""
        if not windows:
            return
        now = datetime.now(UTC)
        self._store.insert(
            "windows",
            {
                "model": [window.model for window in windows],
                "version": [window.version for window in windows],
                "window_start": [window.start for window in windows],
                "window_end": [window.end for window in windows],
                "baseline_id": [window.baseline_id for window in windows],
                "status": [window.status for window in windows],
                "reason": [window.reason for window in windows],
                "rows": [window.rows for window in windows],
                "weight_sum": [window.weight_sum for window in windows],
                "effective_rows": [window.effective_rows for window in windows],
                "drifted_fields": [list(window.drifted_fields) for window in windows],
                "computed_at": [now] * len(windows),
            },
        )


@dataclass(frozen=True, slots=True)
class _Remembered:
    """States of a version after its last window, for the window of number ``next``."""

    watched: Watched
    next: int
    states: tuple[States, ...]


def _by_version(windows: Sequence[Window]) -> dict[tuple[str, str], list[Window]]:
    """Windows by model and version, oldest first."""
    found: dict[tuple[str, str], list[Window]] = {}
    for window in sorted(windows, key=lambda window: window.start):
        found.setdefault((window.model, window.version), []).append(window)
    return found


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
