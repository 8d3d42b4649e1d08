"""False alarms and power of the evidence procedure, simulated on seeded streams without a database.

A month is 720 hourly windows of 1,000 rows of one field against a file of 10,000 rows, under the default
budget of a model with 25 fields. Streams: rows that are independent, and rows that follow each other as
AR(1) with .9, as bursts and caches make them. Beside it, on the same rows, what most people run: a
two-sample KS test a window at p < .05.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import lfilter
from scipy.stats import ks_2samp

from detectors.evidence.detector import FieldDetector, WindowCounts
from detectors.evidence.scan import SCALES
from detectors.monitor import DRIFT_SHARE_OF_BUDGET
from driftline.settings import Settings
from tests.seeding.columns import Vector, numeric_column, numeric_counts

FIELDS = 25
ROWS = 1_000
REFERENCE_ROWS = 10_000
WINDOWS = 720
LEARNING = 200
BASELINE = "two-sample KS test a window, p < .05"

Draw = Callable[[np.random.Generator, int], Vector]


def independent(rng: np.random.Generator, n: int) -> Vector:
    """Standard normal rows."""
    return rng.normal(size=n)


def autocorrelated(rng: np.random.Generator, n: int) -> Vector:
    """Rows of a stationary AR(1) process with coefficient .9, mean 0 and variance 1."""
    noise = rng.normal(size=n) * np.sqrt(1 - 0.81)
    noise[0] = rng.normal()
    return np.asarray(lfilter([1.0], [1.0, -0.9], noise))


@dataclass
class Tally:
    """Alarms of one procedure, and the seconds it took."""

    windows: int = 0
    alarms: int = 0
    episodes: int = 0
    seconds: float = 0.0
    alarming: bool = False

    def note(self, alarm: bool, seconds: float) -> None:
        self.windows += 1
        self.alarms += alarm
        self.episodes += alarm and not self.alarming
        self.alarming = alarm
        self.seconds += seconds


class Field:
    """One field: its reference, and both procedures on windows as they come."""

    def __init__(self, reference: Vector) -> None:
        settings = Settings()
        month = settings.false_episodes_per_model_year / 12 * DRIFT_SHARE_OF_BUDGET
        self._reference = reference
        column = numeric_column(reference)
        self._layout = column.layout
        self._detector = FieldDetector(
            column,
            alpha=month / FIELDS,
            window_seconds=settings.window_seconds,
            tolerance=settings.drift_tolerance,
            min_samples=settings.min_samples,
        )
        self._windows: list[WindowCounts] = []

    def see(self, values: Vector) -> None:
        """Take in a window without judging it."""
        self._windows.append(WindowCounts(numeric_counts(self._layout, values), float(values.size)))
        del self._windows[: -max(SCALES)]

    def ours(self) -> bool:
        return self._detector.decide(self._windows).status == "drifted"

    def ks(self, values: Vector) -> bool:
        return bool(ks_2samp(self._reference, values, method="asymp").pvalue < 0.05)


def run(quick: bool = True) -> list[dict[str, Any]]:
    """Simulate; ``quick`` takes about a minute of one core, otherwise about twenty."""
    months, trials = (6, 100) if quick else (150, 1000)
    results: list[dict[str, Any]] = []
    cost = [Tally(), Tally()]
    for number, (name, draw) in enumerate((("independent", independent), ("ar1_0.9", autocorrelated))):
        ours, ks = false_episodes(draw, months, seed=number)
        for total, part in zip(cost, (ours, ks), strict=True):
            total.windows += part.windows
            total.seconds += part.seconds
        results.append(
            _result(
                f"false_episodes_per_field_month_{name}",
                ours.episodes / months,
                ks.episodes / months,
                "episodes",
                f"none in {months} field-months" if quick else "at most one in 25 field-months",
                ours.episodes <= (0 if quick else months / 25),
                {"field_months": months, "windows": WINDOWS, "rows_a_window": ROWS},
            )
        )
    for shift, within, bar in ((0.5, 1, 0.98), (0.2, 3, 0.95)):
        found, found_by_ks = power(shift, within, trials, seed=int(100 * shift))
        results.append(
            _result(
                f"power_{shift}_sigma_within_{within}_windows",
                found,
                found_by_ks,
                "share of changes found",
                f"at least {bar}",
                found >= bar,
                {"trials": trials, "windows_before": LEARNING, "rows_a_window": ROWS},
            )
        )
    times = [tally.seconds / tally.windows * 1e3 for tally in cost]
    sizes = {"windows_behind": max(SCALES), "rows_a_window": ROWS, "reference_rows": REFERENCE_ROWS}
    results.append(_result("decision_per_field_and_window", times[0], times[1], "ms", "", None, sizes))
    return results


def false_episodes(draw: Draw, months: int, seed: int) -> tuple[Tally, Tally]:
    """Alarms in ``months`` field-months of an unchanged stream, of ours and of the KS test."""
    tallies = Tally(), Tally()
    for month in range(months):
        rng = np.random.default_rng([seed, month])
        for tally in tallies:
            tally.alarming = False
        stream = draw(rng, REFERENCE_ROWS + WINDOWS * ROWS)
        field = Field(stream[:REFERENCE_ROWS])
        for values in _windows(stream[REFERENCE_ROWS:]):
            began = time.process_time()
            field.see(values)
            alarm = field.ours()
            middle = time.process_time()
            tallies[0].note(alarm, middle - began)
            tallies[1].note(field.ks(values), time.process_time() - middle)
    return tallies


def power(shift: float, within: int, trials: int, seed: int) -> tuple[float, float]:
    """Share of shifts found within some windows of their beginning, after 200 quiet ones."""
    found = [0, 0]
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial])
        field = Field(independent(rng, REFERENCE_ROWS))
        for values in _windows(independent(rng, LEARNING * ROWS)):
            field.see(values)
        alarms = [False, False]
        for _ in range(within):
            values = independent(rng, ROWS) + shift
            field.see(values)
            alarms = [alarms[0] or field.ours(), alarms[1] or field.ks(values)]
        found = [count + alarm for count, alarm in zip(found, alarms, strict=True)]
    return found[0] / trials, found[1] / trials


def _windows(stream: Vector) -> Iterator[Vector]:
    return iter(stream.reshape(-1, ROWS))


def _result(
    metric: str,
    value: float,
    baseline_value: float,
    unit: str,
    bar: str,
    met: bool | None,
    sizes: dict[str, int],
) -> dict[str, Any]:
    return {
        "bench": "evidence",
        "metric": metric,
        "value": round(value, 3),
        "unit": unit,
        "bar": bar,
        "baseline": BASELINE,
        "baseline_value": round(baseline_value, 3),
        "ratio": round(value / baseline_value, 3) if baseline_value else None,
        "met": met,
        "sizes": sizes,
    }
