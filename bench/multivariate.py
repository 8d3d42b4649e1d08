"""False alarms and power of model-level drift: ``python -m bench multivariate``.

Twelve numeric columns in three correlated blocks of four, 500 rows a window, a month of 720 windows, a file
of 10,000 rows as baseline. Every third window is judged, as a rotation over many models would: 240 a month.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.group_model import GroupModel
from detectors.multivariate.groups import Group
from detectors.multivariate.judgement import Judged, judge
from detectors.multivariate.reference import reference_of
from detectors.multivariate.sampled_rows import SampledRows, slots_of
from detectors.multivariate.stored_windows import StoredWindows
from detectors.profiles.layout import QUANTILE_LEVELS, ColumnLayout, numeric_layout

Rows = NDArray[np.float64]

COLUMNS, BLOCK = 12, 4
WITHIN = 0.6
ROWS, BASELINE_ROWS = 500, 10_000
WINDOWS, EVERY = 720, 3
WINDOW_SECONDS = 3600
ALPHA_MONTH = 0.001
"""A tenth of a model's month budget of 1%."""

MONTHS = int(os.environ.get("DRIFTLINE_BENCH_MONTHS", "200"))
POWER_RUNS = 40
LEARNED = 72
START = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = Group("(inputs)", "input", "side", tuple(f"x{i}" for i in range(COLUMNS)), ())


def correlation() -> Rows:
    """Three blocks of four columns, .6 within a block."""
    blocks = np.kron(np.eye(COLUMNS // BLOCK), np.full((BLOCK, BLOCK), WITHIN))
    np.fill_diagonal(blocks, 1.0)
    return np.asarray(blocks)


class Stream:
    """Rows of successive windows.

    Parameters
    ----------
    phi
        Autocorrelation of successive rows.
    cycle
        Amplitude in standard deviations of a daily cycle of every column, each with its own phase.
    """

    def __init__(self, seed: int, *, phi: float = 0.0, cycle: float = 0.0) -> None:
        self.rng = np.random.default_rng(seed)
        self._root = np.linalg.cholesky(correlation())
        self._phi, self._cycle = phi, cycle
        self._phase = self.rng.uniform(0, 2 * np.pi, COLUMNS)
        self._last = self._draw(1)[0]

    def window(self, number: int, rows: int = ROWS) -> Rows:
        """The next rows, as the window of that number."""
        drawn = self._draw(rows)
        if self._phi:
            drawn *= np.sqrt(1 - self._phi**2)
            drawn[0] += self._phi * self._last
            for i in range(1, rows):
                drawn[i] += self._phi * drawn[i - 1]
            self._last = drawn[-1].copy()
        return drawn + self._cycle * np.sin(2 * np.pi * number / 24 + self._phase)

    def _draw(self, rows: int) -> Rows:
        return np.asarray(self.rng.standard_normal((rows, COLUMNS)) @ self._root.T)


class Model:
    """A baseline from a file and the windows that were judged against it."""

    def __init__(self, baseline: Rows) -> None:
        self._layouts = {name: _layout(baseline[:, i]) for i, name in enumerate(GROUP.numeric)}
        self.fitted = GroupModel.of(GROUP, reference_of("b", self._slots(baseline), self._layouts))
        scores = self.fitted.variances.baseline.size
        self._none = StoredWindows.of([], scores, COLUMNS)
        self._rows = np.empty(WINDOWS)
        self._values = np.empty((WINDOWS, scores))
        self._means = np.empty((WINDOWS, COLUMNS))
        self._drifted = np.zeros(WINDOWS, dtype=bool)
        self._count = 0

    def judge(self, rows: Rows, alpha_month: float = ALPHA_MONTH) -> Judged:
        """Judge the next window and remember it."""
        count = self._count
        judged = judge(
            self.fitted,
            self._slots(rows),
            StoredWindows(
                self._rows[:count],
                self._values[:count],
                self._means[:count],
                self._drifted[:count],
            ),
            self._none,
            start=START,
            window_seconds=WINDOW_SECONDS,
            alpha_month=alpha_month,
        )
        self._rows[count] = judged.measured.effective_rows
        self._values[count] = judged.measured.values
        self._means[count] = judged.measured.means
        self._drifted[count] = judged.drifted
        self._count += 1
        return judged

    def _slots(self, rows: Rows) -> SampledRows:
        slots = np.stack(
            [slots_of(self._layouts[name], rows[:, i]) for i, name in enumerate(GROUP.numeric)], axis=1
        )
        return SampledRows(GROUP.columns, slots, np.ones(len(rows)))


def _layout(values: Rows) -> ColumnLayout:
    quantiles = tuple(float(one) for one in np.quantile(values, QUANTILE_LEVELS))
    return numeric_layout(float(values.min()), float(values.max()), quantiles, float(values.std()))


def stream_of(kind: str, seed: int) -> Stream:
    """An unchanged stream of the named kind."""
    if kind == "ar":
        return Stream(seed, phi=0.9)
    return Stream(seed, cycle=0.5 if kind == "daily" else 0.0)


def baseline_rows(stream: Stream) -> Rows:
    """A file's rows: drawn over the whole cycle."""
    return np.concatenate([stream.window(hour, BASELINE_ROWS // 24 + 1) for hour in range(24)])[
        :BASELINE_ROWS
    ]


def month(kind: str, seed: int, every: int = EVERY) -> int:
    """Windows called drifted in a month of unchanged data."""
    stream = stream_of(kind, seed)
    model = Model(baseline_rows(stream))
    return sum(model.judge(stream.window(number)).drifted for number in range(0, WINDOWS, every))


def vanished(rows: Rows, rng: np.random.Generator) -> Rows:
    """One correlated pair comes apart: the first column is shuffled, its distribution unchanged."""
    out = rows.copy()
    out[:, 0] = rng.permutation(out[:, 0])
    return out


def rotated(rows: Rows, rng: np.random.Generator) -> Rows:
    """The cloud turns by 30 degrees in planes of two blocks, to and fro; every column stays as it is."""
    out = rows.copy()
    for i in range(BLOCK):
        angle = np.pi / 6 * (-1) ** i
        a, b = rows[:, i], rows[:, BLOCK + i]
        out[:, i] = np.cos(angle) * a - np.sin(angle) * b
        out[:, BLOCK + i] = np.sin(angle) * a + np.cos(angle) * b
    return out


def clustered(rows: Rows, rng: np.random.Generator) -> Rows:
    """A new cluster: 4% of rows where one block of columns contradicts itself, at 2 standard deviations."""
    out = rows.copy()
    chosen = rng.random(len(rows)) < 0.04
    out[chosen, :BLOCK] = np.array([2.0, -2.0, 2.0, -2.0]) + 0.3 * rng.standard_normal((chosen.sum(), BLOCK))
    return out


Change = Callable[[Rows, np.random.Generator], Rows]
CHANGES: dict[str, Change] = {"vanished": vanished, "rotated": rotated, "new cluster": clustered}


def power(change: Change, seed: int, within: int = 12, rows: int = ROWS) -> tuple[int | None, str]:
    """Windows until a change is found after three days of learning, and by which kind of finding."""
    stream = Stream(seed)
    model = Model(baseline_rows(stream))
    for number in range(LEARNED):
        model.judge(stream.window(number, rows))
    for number in range(within):
        judged = model.judge(change(stream.window(LEARNED + number, rows), stream.rng))
        found = [one.change for one in judged.findings if one.status == "drifted"]
        if found:
            return number + 1, "+".join(found)
    return None, ""


def run() -> Iterator[dict[str, object]]:
    """False months of unchanged streams, then the power for each change, then the cost of a window."""
    for kind in ("iid", "ar", "daily"):
        began, false, windows = time.process_time(), 0, 0
        for seed in range(MONTHS):
            found = month(kind, 1_000 + seed)
            false += found > 0
            windows += found
        yield {
            "bench": "multivariate",
            "what": f"unchanged, {kind}",
            "months": MONTHS,
            "false_months": false,
            "windows_called_drifted": windows,
            "allowed": max(2, MONTHS // 100),
            "cpu_seconds": round(time.process_time() - began, 1),
            "met": false <= max(2, MONTHS // 100),
        }
    for name, change in CHANGES.items():
        waits = [power(change, 5_000 + seed) for seed in range(POWER_RUNS)]
        found_after = [wait for wait, _ in waits if wait is not None]
        yield {
            "bench": "multivariate",
            "what": f"change: {name}",
            "runs": POWER_RUNS,
            "found_within_1": sum(wait <= 1 for wait in found_after) / POWER_RUNS,
            "found_within_3": sum(wait <= 3 for wait in found_after) / POWER_RUNS,
            "found_within_12": len(found_after) / POWER_RUNS,
            "by": sorted({by for _, by in waits if by}),
            "met": sum(wait <= 3 for wait in found_after) >= 0.95 * POWER_RUNS,
        }
