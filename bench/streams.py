"""False alarms and delays of the online detectors: ``python -m bench streams``.

Streams as long as the average run length asked for, independent (errors at rates of .02, .1, .3; normal
scores) and, to show what no parameter mends, autocorrelated .9. The same streams go to the library's
defaults. Seed 20,275.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import ks_2samp

from detectors.streams.detector import StreamDetector
from detectors.streams.library import river_detector
from detectors.streams.parameters import BY_RUN_LENGTH
from detectors.streams.registry import STREAM_DETECTORS

Values = NDArray[np.float64]

SEED = 20_275
OBSERVATIONS = int(os.environ.get("DRIFTLINE_BENCH_OBSERVATIONS", "1000000"))
"""A run length, detector and stream; at least three streams of the run length, of slow KSWIN one."""
CALM, WATCHED, RUNS = 3_000, 3_000, 40

STREAMS: dict[str, Callable[[np.random.Generator, int], Values]] = {
    "errors .02": lambda rng, n: (rng.random(n) < 0.02).astype(float),
    "errors .1": lambda rng, n: (rng.random(n) < 0.1).astype(float),
    "errors .3": lambda rng, n: (rng.random(n) < 0.3).astype(float),
    "scores": lambda rng, n: rng.standard_normal(n),
    "scores, AR(1) .9": lambda rng, n: np.asarray(
        lfilter([np.sqrt(1 - 0.81)], [1, -0.9], rng.standard_normal(n))
    ),
}
INDEPENDENT = [name for name in STREAMS if "AR" not in name]

CHANGES: dict[str, tuple[str, Callable[[np.random.Generator, int], Values]]] = {
    "errors .1 to .2": ("errors .1", lambda rng, n: (rng.random(n) < 0.2).astype(float)),
    "errors .02 to .06": ("errors .02", lambda rng, n: (rng.random(n) < 0.06).astype(float)),
    "scores by .5 sd": ("scores", lambda rng, n: rng.standard_normal(n) + 0.5),
    "scores by 1 sd": ("scores", lambda rng, n: rng.standard_normal(n) + 1.0),
    "scores twice as wide": ("scores", lambda rng, n: 2 * rng.standard_normal(n)),
}

DEFAULTS: dict[str, Callable[[], Any]] = {
    "adwin": lambda: river_detector("river.drift", "ADWIN"),
    "page-hinkley": lambda: river_detector("river.drift", "PageHinkley"),
    "ddm": lambda: river_detector("river.drift.binary", "DDM"),
    "kswin": lambda: river_detector("river.drift", "KSWIN", seed=1),
}


def fits(detector: str, stream: str) -> bool:
    """DDM is for errors alone."""
    return detector != "ddm" or stream.startswith("errors")


class QuickKolmogorovSmirnov:
    """SciPy's test for two samples of one size, its p-values looked up: KSWIN asks at every value."""

    def __init__(self) -> None:
        self._p_values: dict[int, list[float]] = {}

    def ks_2samp(self, first: list[float], second: list[float], method: str) -> tuple[float, float]:
        """Statistic and p-value as ``scipy.stats.ks_2samp``."""
        n = len(first)
        if n not in self._p_values:
            grid = np.arange(float(n))
            self._p_values[n] = [
                float(ks_2samp(grid, grid + steps - 0.5 if steps else grid, method="exact").pvalue)
                for steps in range(n + 1)
            ]
        x, y = np.sort(first), np.sort(second)
        points = np.concatenate([x, y])
        gap = np.abs(np.searchsorted(x, points, side="right") - np.searchsorted(y, points, side="right"))
        steps = int(gap.max())
        return steps / n, self._p_values[n][steps]


def alarms(detector: Any, values: Values) -> int:
    """How often a detector alarms, starting anew each time."""
    found = 0
    flag = "drifted" if hasattr(detector, "drifted") else "drift_detected"
    for value in values.tolist():
        detector.update(value)
        found += bool(getattr(detector, flag))
    return found


def false_alarms(
    make: Callable[[], Any], stream: str, length: int, observations: int, *, least: int = 3
) -> float:
    """Mean false alarms in streams of a length."""
    rng = np.random.default_rng([SEED, length, list(STREAMS).index(stream)])
    repeats = max(least, observations // length)
    return sum(alarms(make(), STREAMS[stream](rng, length)) for _ in range(repeats)) / repeats


def delay(make: Callable[[], StreamDetector], change: str, seed: int) -> int | None:
    """Observations from a change to the alarm; None when none came in time, or one before."""
    rng = np.random.default_rng([SEED, seed])
    before, after = CHANGES[change]
    detector = make()
    alarms(detector, STREAMS[before](rng, CALM))
    for at, value in enumerate(after(rng, WATCHED).tolist()):
        detector.update(value)
        if detector.drifted:
            return at + 1
    return None


def run() -> Iterator[dict[str, object]]:
    """The library's defaults, then every run length of the table: false alarms and delays."""
    with mock.patch("river.drift.kswin.stats", SimpleNamespace(ks_2samp=QuickKolmogorovSmirnov().ks_2samp)):
        yield from _defaults()
        for length in BY_RUN_LENGTH:
            for name in STREAM_DETECTORS:
                yield _kept(name, length)


def _defaults() -> Iterator[dict[str, object]]:
    for name, make in DEFAULTS.items():
        yield {
            "bench": "streams",
            "detector": name,
            "parameters": "the library's defaults",
            "false_alarms_in_1000": {
                stream: round(false_alarms(make, stream, 1_000, 100_000), 3)
                for stream in STREAMS
                if fits(name, stream)
            },
            "false_alarms_in_100000": {
                stream: round(false_alarms(make, stream, 100_000, 300_000), 2)
                for stream in STREAMS
                if fits(name, stream)
            },
        }


def _kept(name: str, length: int) -> dict[str, object]:
    def make() -> StreamDetector:
        return STREAM_DETECTORS[name](length)

    observations, least = (OBSERVATIONS // 4, 1) if name == "kswin" else (OBSERVATIONS, 3)
    found = {
        stream: round(false_alarms(make, stream, length, observations, least=least), 3)
        for stream in INDEPENDENT
        if fits(name, stream)
    }
    delays: dict[str, object] = {}
    for change, (before, _) in CHANGES.items():
        if fits(name, before):
            waits = [wait for seed in range(RUNS) if (wait := delay(make, change, seed)) is not None]
            delays[change] = {
                "found": len(waits) / RUNS,
                "median": float(np.median(waits)) if waits else None,
            }
    correlated = None
    if name != "ddm":
        correlated = round(false_alarms(make, "scores, AR(1) .9", 10_000, 100_000) * length / 10_000, 1)
    return {
        "bench": "streams",
        "detector": name,
        "false_alarm_every": length,
        "false_alarms_in_that_many": found,
        "if_autocorrelated": correlated,
        "delays": delays,
        "met": max(found.values()) <= 1.0,
    }
