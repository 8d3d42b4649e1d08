"""One seeded model-month: a baseline, with its history's windows if it has one, and the month's windows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.simulation.changes import Change
from bench.simulation.fields import Field
from bench.simulation.kinds import Kind
from bench.simulation.latent import CODES, MISSING_CELL, Cells, Vector, cells_of
from bench.simulation.levels import HOLIDAYS, MONTH_BEGINS, flat
from bench.simulation.reference import column_of, layout_of, singletons_of, slots_of
from bench.simulation.weighting import RowWeights
from detectors.baselines.baseline import BaselineColumn
from detectors.baselines.pooling import with_unseen
from detectors.profiles.layout import WIDTH

BaselineKind = Literal["history", "day", "file"]
HISTORY: dict[BaselineKind, int] = {"history": MONTH_BEGINS, "day": 24, "file": 0}
"""Windows of history that a baseline has: two weeks, the first day of traffic, or a file without time."""

WINDOWS = 720


@dataclass(frozen=True)
class Windows:
    """Counts of successive hourly windows.

    Attributes
    ----------
    hours
        Beginning of each window in hours since a Monday 00:00 UTC, shape ``(T,)``.
    counts
        Aligned (weighted) counts, shape ``(F, T, WIDTH)``.
    effective_rows
        Of each window, shape ``(T,)``; 0 for an empty one.
    """

    hours: Vector
    counts: Vector
    effective_rows: Vector


@dataclass(frozen=True)
class FieldRows:
    """One field's raw rows for procedures that look at rows: cells of the baseline and of the month."""

    field: Field
    reference: Cells
    month: Cells


@dataclass
class Month:
    """A baseline and the windows that follow it.

    Attributes
    ----------
    columns
        The baseline of every field.
    singletons, baseline_rows
        Categories that the whole baseline saw once, of every field, and its rows.
    history
        Windows of the baseline in their order, or ``None`` for a file.
    windows
        The month.
    rows
        Rows of each window of the month, unweighted, shape ``(T,)``.
    holidays
        Windows of the month that a calendar knows to be holidays, shape ``(T,)``, or ``None`` without one.
    raw
        Raw rows of every field, when they were asked for.
    segments
        The same for the rows of every segment, in the layouts of the whole.
    """

    columns: list[BaselineColumn]
    singletons: list[int]
    baseline_rows: int
    history: Windows | None
    windows: Windows
    rows: NDArray[np.int64]
    holidays: NDArray[np.bool_] | None = None
    raw: list[FieldRows] = field(default_factory=list)
    segments: list[Month] = field(default_factory=list)


def generator(*names: str | int) -> np.random.Generator:
    """The random numbers of one named thing: the same on every machine and in every order of work."""
    entropy = [name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


def build_month(
    kind: Kind,
    baseline: BaselineKind,
    number: int,
    *,
    windows: int = WINDOWS,
    change: Change | None = None,
    change_at: int = 0,
    keep_rows: bool = False,
) -> Month:
    """Draw month ``number`` of a kind of stream.

    Parameters
    ----------
    windows
        Windows after the baseline.
    change, change_at
        What happens to every field, and from which of these windows on.
    keep_rows
        Keep the raw rows too; about 50 MiB.
    """
    rng = generator(kind.name, baseline, number, change.name if change else "")
    frame = _frame(kind, baseline, windows, rng)
    fields = kind.fields(rng)
    shape = (len(fields), frame.n.size, WIDTH)
    counts, of_segments = np.empty(shape), np.zeros((len(kind.segments), *shape))
    segment_of_row = rng.choice(len(kind.segments), frame.total, p=kind.segments) if kind.segments else None
    columns, singletons, raw = [], [], []
    for i, spec in enumerate(fields):
        cells = _cells(kind, spec, frame, rng, change, change_at)
        seen = np.bincount(cells[: frame.first_row], minlength=CODES)
        layout = layout_of(spec, seen)
        place = slots_of(spec, layout).take(cells) + frame.window_of_row * WIDTH
        counts[i] = np.bincount(place, frame.rows.weights, counts[i].size).reshape(shape[1:])
        pooled = counts[i, : frame.past].sum(axis=0)
        singletons.append(singletons_of(spec, seen))
        columns.append(column_of(spec, layout, pooled, seen, frame.baseline_rows, singletons[-1]))
        if segment_of_row is not None:
            place += segment_of_row * counts[i].size
            found = np.bincount(place, minlength=of_segments[:, i].size)
            of_segments[:, i] = found.reshape(-1, *shape[1:])
        if keep_rows:
            raw.append(FieldRows(spec, cells[: frame.first_row], cells[frame.first_row :]))
    whole = frame.month(columns, singletons, counts, frame.n, frame.effective)
    whole.raw = raw
    if kind.calendar:
        whole.holidays = np.isin(whole.windows.hours // 24, HOLIDAYS)
    for segment, counted in enumerate(of_segments):
        mine = np.bincount(frame.window_of_row[segment_of_row == segment], minlength=frame.n.size)
        own = [
            _of_segment(column, aligned, float(mine[: frame.past].sum()), once, frame.first_row)
            for column, aligned, once in zip(
                columns, counted[:, : frame.past].sum(axis=1), singletons, strict=True
            )
        ]
        whole.segments.append(frame.month(own, singletons, counted, mine, mine.astype(np.float64)))
    return whole


@dataclass(frozen=True)
class _Frame:
    """What all fields of a month share: its windows and rows.

    ``past`` windows, of which ``first_row`` is the number of rows, belong to the baseline; it is worth
    ``baseline_rows`` effective rows.
    """

    past: int
    has_history: bool
    hours: Vector
    n: NDArray[np.int64]
    rows: RowWeights
    window_of_row: NDArray[np.int64]
    first_row: int
    effective: Vector
    baseline_rows: float

    @property
    def total(self) -> int:
        return self.window_of_row.size

    def month(
        self,
        columns: list[BaselineColumn],
        singletons: list[int],
        counts: Vector,
        n: NDArray[np.int64],
        effective: Vector,
    ) -> Month:
        past, rest = (
            Windows(self.hours[part], counts[:, part], effective[part])
            for part in (slice(self.past), slice(self.past, None))
        )
        return Month(
            columns, singletons, self.first_row, past if self.has_history else None, rest, n[self.past :]
        )


def _frame(kind: Kind, baseline: BaselineKind, windows: int, rng: np.random.Generator) -> _Frame:
    # A file is drawn as one large window before the month.
    past = HISTORY[baseline] or 1
    hours = np.arange(MONTH_BEGINS - past, MONTH_BEGINS + windows, dtype=np.float64)
    n = kind.traffic(rng, hours)
    if not HISTORY[baseline]:
        n[0] = kind.file_rows
    rows = kind.weighting(rng, int(n.sum()))
    window_of_row = np.repeat(np.arange(n.size), n)
    first_row = int(n[:past].sum())
    effective, baseline_rows = n.astype(np.float64), float(first_row)
    if rows.weights is not None:
        effective = _effective_rows(rows.weights, window_of_row, n.size)
        before = rows.weights[:first_row]
        baseline_rows = float(before.sum() ** 2 / (before @ before))
    has_history = HISTORY[baseline] > 0
    return _Frame(past, has_history, hours, n, rows, window_of_row, first_row, effective, baseline_rows)


def _cells(
    kind: Kind,
    spec: Field,
    frame: _Frame,
    rng: np.random.Generator,
    change: Change | None,
    change_at: int,
) -> Cells:
    """Cells of all rows of one field."""
    latent = kind.rows(rng, frame.total)
    if frame.rows.driver is not None and spec.loading:
        latent *= np.float32(np.sqrt(1 - spec.loading**2))
        latent += np.float32(spec.loading) * frame.rows.driver
    if kind.spread is not None:
        latent *= np.repeat(1 + kind.spread(rng, frame.hours).astype(np.float32), frame.n)
    if kind.level is not flat:
        level = kind.level(rng, frame.hours)
        if not frame.has_history:
            level[0] = 0.0
        latent += np.repeat(level.astype(np.float32), frame.n)
    if change is None:
        cells = cells_of(latent)
    else:
        changed = slice(int(frame.n[: frame.past + change_at].sum()), None)
        change.move(rng, latent[changed], frame.window_of_row[changed] - (frame.past + change_at))
        cells = cells_of(latent)
        change.replace(rng, spec, cells[changed])
    missing = np.full(frame.n.size, spec.missing)
    if kind.outage is not None:
        missing += kind.outage(rng, frame.hours)
        if not frame.has_history:
            missing[0] = missing[1:].mean()
    if missing.any():
        cells[rng.random(frame.total) < np.repeat(missing, frame.n)] = MISSING_CELL
    return cells


def _of_segment(
    column: BaselineColumn, aligned: Vector, rows: float, singletons: int, all_rows: int
) -> BaselineColumn:
    counts = column.layout.compact(aligned)
    own = replace(column, counts=counts, rows=int(rows), weight_sum=rows, effective_rows=rows)
    return with_unseen(own, singletons, all_rows)


def _effective_rows(weights: Vector, window_of_row: NDArray[np.int64], windows: int) -> Vector:
    """``(sum w)^2 / sum w^2`` of every window, 0 for an empty one."""
    sums = np.bincount(window_of_row, weights, windows)
    squares = np.bincount(window_of_row, weights**2, windows)
    return np.asarray(sums**2 / np.where(squares > 0, squares, 1.0))
