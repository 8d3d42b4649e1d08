"""From the counts of a batch of models to findings: one pass over all their fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.decisions import DRIFTED, WATCH
from detectors.evidence.judge import Judge
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import REACH
from detectors.evidence.score_set import CHANGES
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries
from detectors.evidence.states import NO_WINDOW, States
from detectors.field_states import joined_states, states_between
from detectors.field_statistics import BinShare, moved_bins, stack_statistics
from detectors.findings import NEVER, Finding
from detectors.profiles.model_counts import ModelCounts
from detectors.profiles.score_records import ScoredWindow, Table
from detectors.reference_stack import ReferenceStack
from detectors.schema_changes import schema_findings
from detectors.targets import Targets
from detectors.watched import KINDS, Watched
from driftline.settings import Settings

Vector = NDArray[np.float64]

TOP_BINS = 5


@dataclass(frozen=True, slots=True)
class CountedVersion:
    """One version of a model with the counts of the windows that are to be judged.

    Attributes
    ----------
    counts
        One a plan of ``watched``; the first has the cells of all rows.
    history
        Scores of the windows before, one list of tables ``(windows, fields, 1 + scores)`` a segment.
    states
        What the last window before left behind, one a stack.
    """

    watched: Watched
    counts: Sequence[ModelCounts]
    history: Sequence[Sequence[Table]]
    states: Sequence[States]


@dataclass(frozen=True, slots=True)
class JudgedVersion:
    """What came of it: findings, scores to store, and the states for the next window."""

    watched: Watched
    findings: list[Finding]
    scores: list[ScoredWindow]
    states: tuple[States, ...]


class _Placed:
    """Cells of one counted version on the clock grid: series of counts of every segment."""

    def __init__(self, counted: CountedVersion, targets: Targets) -> None:
        whole = counted.counts[0]
        segments = counted.watched.segments
        shape = (len(segments), targets.count)
        self.counts = np.zeros((*shape, *whole.counts.shape[1:]))
        self.rows = np.zeros(shape, dtype=np.int64)
        self.effective = np.zeros(shape)
        for number, part in enumerate(counted.counts):
            effective = part.effective_rows
            for cell in range(part.cells):
                segment = part.segments[cell]
                if (number > 0 and segment == "") or segment not in segments:
                    continue
                at = segments.index(segment), int(part.starts[cell]) // targets.window_seconds - targets.first
                self.counts[at] = part.counts[cell]
                self.rows[at] = part.rows[cell]
                self.effective[at] = effective[cell]
        self.numeric = whole.numeric

    def of_kind(self, kind: int) -> tuple[Vector, Vector, NDArray[np.int64]]:
        """Counts ``(F, T, WIDTH)``, effective rows and rows ``(F, T)`` of the fields of one kind."""
        columns = slice(None, self.numeric) if kind == 0 else slice(self.numeric, None)
        chosen = self.counts[:, :, columns].transpose(0, 2, 1, 3)
        fields = chosen.shape[1]
        return (
            chosen.reshape(-1, *chosen.shape[2:]),
            np.repeat(self.effective, fields, axis=0),
            np.repeat(self.rows, fields, axis=0),
        )


class Scratch:
    """Room for the series of a batch, used again by the next: fresh pages cost as much as filling them."""

    def __init__(self) -> None:
        self._room = np.zeros(0, dtype=np.float32)

    def array(self, *shape: int) -> Table:
        """An array of unknown content; the one given before is overwritten."""
        size = int(np.prod(shape))
        if self._room.size < size:
            self._room = np.zeros(size, dtype=np.float32)
        return self._room[:size].reshape(shape)


def judge(
    counted: Sequence[CountedVersion],
    targets: Targets,
    settings: Settings,
    scratch: Scratch | None = None,
) -> list[JudgedVersion]:
    """Judge all fields of a batch of versions in the same windows.

    A field's failure is its own status; the others go on. ``scratch`` is room that calls share, one call at a
    time.
    """
    room = scratch or Scratch()
    placed = [_Placed(each, targets) for each in counted]
    findings: list[list[Finding]] = [[] for _ in counted]
    states: list[list[States]] = [[] for _ in counted]
    tables: list[list[list[Table]]] = [[] for _ in counted]
    for kind in range(len(KINDS)):
        sizes = [len(each.watched.stacks[kind].columns) for each in counted]
        if sum(sizes) == 0:
            for index in range(len(counted)):
                states[index].append(States.fresh(0))
                tables[index].append([])
            continue
        judged = _Judged(kind, counted, placed, targets, settings, room)
        ends = np.cumsum(sizes).tolist()
        for index, (end, size) in enumerate(zip(ends, sizes, strict=True)):
            start = end - size
            states[index].append(states_between(judged.states, start, end))
            tables[index].append(judged.tables(start, end))
            findings[index] += judged.findings(counted[index].watched, start, size)
    result = []
    for index, each in enumerate(counted):
        findings[index] += schema_findings(each.watched, each.counts[0], targets, settings.min_samples)
        scores = _scored_windows(each.watched, placed[index], tables[index], targets)
        result.append(JudgedVersion(each.watched, findings[index], scores, tuple(states[index])))
    return result


class _Judged:
    """All fields of one kind of a batch, judged together."""

    def __init__(
        self,
        kind: int,
        counted: Sequence[CountedVersion],
        placed: Sequence[_Placed],
        targets: Targets,
        settings: Settings,
        room: Scratch,
    ) -> None:
        stacks = [each.watched.stacks[kind] for each in counted]
        self._targets = targets
        self._columns = [column for stack in stacks for column in stack.columns]
        self._segments = [segment for stack in stacks for segment in stack.segments]
        self._budget = np.concatenate([stack.budget for stack in stacks])
        self._references = ReferenceStack.joined([stack.references for stack in stacks])
        parts = [each.of_kind(kind) for each in placed]
        self._counts = np.concatenate([counts for counts, _, _ in parts])
        self._effective = np.concatenate([effective for _, effective, _ in parts])
        self._rows = np.concatenate([rows for _, _, rows in parts])
        references = self._references
        scores = score_set(references.layouts, references.counts, references.effective_rows)
        noise = Noise.unpack([packed for stack in stacks for packed in stack.noise], scores)
        self._live = ScoreSeries.of_counts(scores, self._counts, self._effective, targets.first)
        series = _with_history(kind, counted, self._live, room)
        judge = Judge(
            scores,
            noise,
            alphas=self._budget / 12,
            window_seconds=targets.window_seconds,
            tolerances=np.concatenate([stack.tolerances for stack in stacks]),
            min_samples=settings.min_samples,
        )
        quiet = [
            targets.start(number).date() in settings.holidays
            for number in range(series.first, series.first + series.windows)
        ]
        before = joined_states([each.states[kind] for each in counted])
        self._decisions, self.states = judge.decide(
            series, before, targets=targets.count, holidays=np.array(quiet)
        )
        self._scores = scores
        self._statistics = self._all_statistics()

    def tables(self, start: int, stop: int) -> list[Table]:
        """Scores of some neighbouring fields, one table ``(fields, 1 + scores)`` a target window."""
        live = self._live.select(slice(start, stop))
        joined = np.concatenate([live.rows[..., None], live.means], axis=2)
        return [joined[:, window] for window in range(self._targets.count)]

    def _all_statistics(self) -> list[dict[str, float]]:
        """Statistics of every field and window, in the order (F, T); without those that are undefined."""
        targets = self._targets.count
        references = self._references
        if targets > 1:
            references = references.select(np.repeat(np.arange(len(references)), targets))
        found = stack_statistics(
            references, self._counts.reshape(-1, self._counts.shape[-1]), self._effective.ravel()
        )
        names = list(found)
        table = np.stack([found[name] for name in names], axis=1)
        # What no field of this kind has would only be looked for in every row.
        some = np.asarray(~np.isnan(table).all(axis=0))
        names, table = [name for name, kept in zip(names, some, strict=True) if kept], table[:, some]
        known = ~np.isnan(table)
        complete = np.asarray(known.all(axis=1))
        result = []
        for row, all_known, mask in zip(table.tolist(), complete.tolist(), known, strict=True):
            if all_known:
                result.append(dict(zip(names, row, strict=True)))
            else:
                result.append({names[at]: row[at] for at in np.flatnonzero(mask).tolist()})
        return result

    def findings(self, watched: Watched, first_field: int, fields: int) -> list[Finding]:
        """Findings of the fields of one version, in every target window with events."""
        result = []
        own = slice(first_field, first_field + fields)
        present = self._rows[own] > 0
        telling = np.isin(self._decisions.status[own], (WATCH, DRIFTED))
        # A moved floor has to be remembered until it is out of reach.
        remembered = self.states.floor[own] > self._targets.first - REACH
        for field, target in np.argwhere(present).tolist():
            at = first_field + field
            result.append(self._finding(watched, at, target, 0))
            for change in range(1, len(CHANGES)):
                if telling[field, target, change] or remembered[field, change]:
                    result.append(self._finding(watched, at, target, change))
        return result

    def _finding(self, watched: Watched, field: int, target: int, change: int) -> Finding:
        targets, column = self._targets, self._columns[field]
        decision = self._decisions.decision(field, target, CHANGES[change])
        start = targets.start(targets.first + target)
        carrier = int(self._decisions.open_score[field, target, change])
        bins: tuple[BinShare, ...] = ()
        if decision.status in ("watch", "drifted"):
            segment = self._segments[field]
            baseline = watched.baseline
            reference = (baseline.segments[segment] if segment else baseline.columns)[column.name]
            compact = reference.layout.compact(self._counts[field, target])
            bins = tuple(moved_bins(reference, compact, TOP_BINS))
        return Finding(
            model=watched.model,
            version=watched.version,
            baseline_id=watched.baseline.baseline_id,
            window_start=start,
            window_end=start + timedelta(seconds=targets.window_seconds),
            column=column.name,
            kind=column.kind,
            role=column.role,
            decision=decision,
            rows=float(self._rows[field, target]),
            effective_rows=float(self._effective[field, target]),
            floor=self._moment(int(self._decisions.floor[field, target, change])) or NEVER,
            statistics=self._statistics[field * targets.count + target],
            top_bins=bins,
            segment=self._segments[field],
            change=CHANGES[change],
            open_direction=self._scores.names(field)[carrier] if carrier >= 0 else "",
            open_effect=float(self._decisions.open_effect[field, target, change]),
            change_start=self._moment(decision.change_start),
            change_earliest=self._moment(decision.change_earliest),
            change_latest=self._moment(decision.change_latest),
            budget=float(self._budget[field]),
        )

    def _moment(self, number: int | None) -> datetime | None:
        return None if number is None or number == NO_WINDOW else self._targets.start(number)


def _with_history(
    kind: int, counted: Sequence[CountedVersion], live: ScoreSeries, room: Scratch
) -> ScoreSeries:
    """The targets' scores of all fields of one kind, behind those that are stored of the windows before."""
    stored = [segment[kind] for each in counted for segment in each.history]
    past = stored[0].shape[0]
    fields, targets, scores = live.means.shape
    rows = np.empty((fields, past + targets), dtype=np.float32)
    means = room.array(fields, past + targets, scores)
    start = 0
    for table in stored:
        stop = start + table.shape[1]
        rows[start:stop, :past] = table[..., 0].T
        means[start:stop, :past] = table[..., 1:].transpose(1, 0, 2)
        start = stop
    rows[:, past:], means[:, past:] = live.rows, live.means
    return ScoreSeries(live.first - past, rows, means)


def _scored_windows(
    watched: Watched, placed: _Placed, tables: Sequence[Sequence[Table]], targets: Targets
) -> list[ScoredWindow]:
    """What ``window_scores`` holds of the target windows that have events, one row a segment."""
    result = []
    scored = watched.scored()
    for segment in range(len(watched.segments)):
        for target in np.flatnonzero(placed.rows[segment] > 0).tolist():
            parts = []
            for kind, stack in enumerate(watched.stacks):
                each = len(stack.columns) // len(watched.segments)
                width = scored[segment].shape.stacks[kind][1]
                parts.append(
                    tables[kind][target][segment * each : (segment + 1) * each]
                    if each
                    else np.zeros((0, width), dtype=np.float32)
                )
            start = (targets.first + target) * targets.window_seconds
            result.append(ScoredWindow(scored[segment], start, tuple(parts)))
    return result
