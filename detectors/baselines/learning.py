"""What the windows of a baseline's history teach: which are unusual, and how much the others differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import Baseline, BaselineColumn
from detectors.baselines.building import BuiltBaseline, reference
from detectors.baselines.recipe import Recipe, RollingRecipe, SeasonalRecipe
from detectors.baselines.spans import window_number
from detectors.evidence.contamination import clean_windows
from detectors.evidence.history import LEAST_WINDOWS, learn
from detectors.evidence.noise import Noise
from detectors.evidence.score_set import ScoreSet
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries


@dataclass(frozen=True, slots=True)
class LearnedStack:
    """Fields of one kind of the whole (``""``) or of one segment, with what was learned about them.

    Attributes
    ----------
    fields
        Names, in the order of ``scores`` and ``noise``.
    unusual
        Windows that the field itself shows to be unlike the others: first and last number and why, by field.
    """

    segment: str
    fields: tuple[str, ...]
    scores: ScoreSet
    noise: Noise
    unusual: dict[str, list[tuple[int, int, str]]]


def learn_from_history(built: BuiltBaseline) -> tuple[Baseline, list[LearnedStack]]:
    """Learn the noise of every field and segment; without a history it is left to live windows.

    Windows that a field itself shows to be unusual are taken out of its reference too, so its counts are
    added up again.
    """
    baseline = built.baseline
    columns: dict[str, dict[str, BaselineColumn]] = {}
    stacks: list[LearnedStack] = []
    for segment in ("", *baseline.segments):
        before = baseline.segments[segment] if segment else baseline.columns
        learned = list(_stacks(built, segment, before))
        columns[segment] = dict(before)
        for stack, again in learned:
            columns[segment] |= again
            stacks.append(stack)
    whole = columns.pop("")
    return dataclasses.replace(baseline, columns=whole, segments=columns), stacks


def _stacks(
    built: BuiltBaseline, segment: str, columns: Mapping[str, BaselineColumn]
) -> Iterator[tuple[LearnedStack, dict[str, BaselineColumn]]]:
    counts = built.counts
    kinds = (range(counts.numeric), range(counts.numeric, len(counts.columns)))
    for kind in kinds:
        fields = tuple(counts.columns[at] for at in kind)
        if fields:
            yield _learned(built, segment, fields, np.array(kind), columns)


def _learned(
    built: BuiltBaseline,
    segment: str,
    fields: tuple[str, ...],
    at: NDArray[np.intp],
    columns: Mapping[str, BaselineColumn],
) -> tuple[LearnedStack, dict[str, BaselineColumn]]:
    seconds = built.baseline.window_seconds
    scores = _scores(columns, fields)
    if not seconds:
        return LearnedStack(segment, fields, scores, Noise.live(scores), {}), {}
    grid = _Grid(built, segment, at)
    if grid.taken.sum() < LEAST_WINDOWS:
        return LearnedStack(segment, fields, scores, Noise.live(scores), {}), {}
    series = ScoreSeries.of_counts(scores, grid.counts, grid.rows, grid.first)
    clean = np.broadcast_to(grid.taken, (len(fields), grid.taken.size))
    spans: dict[int, list[tuple[int, int, str]]] = {}
    again: Mapping[str, BaselineColumn] = columns
    if not _keeps_drifted(built.baseline.recipe):
        found = clean_windows(scores, series, window_seconds=seconds)
        spans, clean = found.spans, found.clean & grid.taken
    if clean.sum() < len(fields) * grid.taken.sum():
        keep = np.zeros((built.counts.cells, len(built.counts.columns)), dtype=bool)
        keep[:, at] = grid.of_cells(clean)
        again = reference(built.counts, segment, keep, built.laid_out)
        scores = _scores(again, fields)
        series = ScoreSeries.of_counts(scores, grid.counts, grid.rows, grid.first)
    noise = learn(scores, series, window_seconds=seconds, clean=clean)
    taught = {name: dataclasses.replace(again[name], noise=noise.pack(f)) for f, name in enumerate(fields)}
    unusual = {fields[f]: found for f, found in spans.items() if found}
    return LearnedStack(segment, fields, scores, noise, unusual), taught


def _keeps_drifted(recipe: Recipe) -> bool:
    return isinstance(recipe, (RollingRecipe, SeasonalRecipe)) and recipe.keep_drifted


def _scores(columns: Mapping[str, BaselineColumn], fields: tuple[str, ...]) -> ScoreSet:
    mine = [columns[name] for name in fields]
    return score_set(
        [column.layout for column in mine],
        np.stack([column.layout.aligned(column.counts) for column in mine]),
        np.array([column.effective_rows for column in mine]),
    )


class _Grid:
    """Windows of some columns of one segment on the clock grid of the whole history.

    Attributes
    ----------
    counts, rows
        Shapes ``(F, T, WIDTH)`` and ``(F, T)``; 0 rows where a window has no traffic or is left out.
    taken
        Windows that have traffic and are not left out, shape ``(T,)``.
    """

    def __init__(self, built: BuiltBaseline, segment: str, at: NDArray[np.intp]) -> None:
        history, seconds = built.baseline.history, built.baseline.window_seconds
        assert history is not None
        counts = built.counts
        self._total = counts.cells
        self.first = window_number(history.since, seconds)
        length = -(-int((history.until - history.since).total_seconds()) // seconds)
        length = max(length, int(counts.starts.max() // seconds) - self.first + 1)
        self._cells = np.flatnonzero([name == segment for name in counts.segments])
        self._windows = counts.starts[self._cells] // seconds - self.first
        self.counts = np.zeros((at.size, length, counts.counts.shape[-1]))
        self.counts[:, self._windows] = counts.counts[np.ix_(self._cells, at)].swapaxes(0, 1)
        rows = np.zeros(length)
        rows[self._windows] = counts.effective_rows[self._cells]
        left_out = np.array([number - self.first for number in built.excluded], dtype=np.intp)
        rows[left_out[(left_out >= 0) & (left_out < length)]] = 0.0
        self.rows = np.broadcast_to(rows, (at.size, length))
        self.taken = rows > 0

    def of_cells(self, windows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask over fields and windows, (F, T), as one over all cells and these fields, (R, F)."""
        keep = np.zeros((self._total, windows.shape[0]), dtype=bool)
        keep[self._cells] = windows[:, self._windows].T
        return keep
