"""Quality estimated without labels against what labels say: ``python -m bench estimates``.

Simulated shifts in which an estimator's assumptions hold, and such in which they do not; then real tables
bundled with scikit-learn and river, windows drawn unevenly along something known before the label
(:mod:`bench.tilted_tables`). Seeds are fixed; every simulated window has a reference of its own.

Bars. Where an estimator's assumptions hold and something moved, its mean absolute error against the accuracy
of the shifted population is at most half of that of "assume unchanged". Where they hold, its 95% interval
holds the realised accuracy of 93% to 98% of the windows: the share as counted, its own 95% interval
(Clopper-Pearson) beside it. Where they do not and inputs or scores show it, it warns. The error against the
window's realised accuracy stands beside the other: it holds the luck of the window, which no estimator knows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import betaincinv

from bench.simulated_shifts import SHIFTS, expected_accuracy, sampled
from bench.tilted_tables import Table, tables, tilted_windows
from detectors.performance.estimates.atc import fit_atc
from detectors.performance.estimates.bbse import fit_bbse
from detectors.performance.estimates.cbpe import fit_cbpe
from detectors.performance.estimates.compared import Compared
from detectors.performance.estimates.dle import fit_dle
from detectors.performance.estimates.estimate import Estimate
from detectors.performance.estimates.estimator import FittedEstimator
from detectors.performance.estimates.mlls import fit_mlls
from detectors.performance.estimates.pape import fit_pape
from detectors.performance.estimates.rows import LabelledRows

REFERENCE, WINDOW = 3_000, 1_000
COVERAGE = (0.93, 0.98)
QUICK = 8
FEWEST = 30
"""Windows of which a bar is judged at least."""

ESTIMATORS: Mapping[str, Callable[[LabelledRows], FittedEstimator]] = {
    "cbpe": fit_cbpe,
    "pape": fit_pape,
    "dle": lambda rows: fit_dle(rows, _loss(rows)),
    "atc": fit_atc,
    "bbse": fit_bbse,
    "mlls": fit_mlls,
}
HOLDS: Mapping[str, tuple[str, ...]] = {
    "none": ("cbpe", "pape", "bbse", "mlls", "atc", "dle"),
    "score": ("cbpe", "pape", "dle"),
    "blind": ("pape", "dle"),
    "label": ("bbse", "mlls"),
    "unseen": (),
    "concept": (),
    "concept and score": (),
}
"""Which estimators' assumptions hold under a shift."""

COVERED = {
    "none": ("cbpe", "pape", "atc", "bbse", "mlls"),
    "score": ("cbpe", "pape"),
    "blind": ("pape",),
    "label": ("bbse", "mlls"),
}
"""Those whose coverage is counted on all windows; the others are seen on the first 60."""

RUNS: Mapping[str, int] = {"none": 1_000, "score": 1_000, "label": 1_000, "blind": 400}
FEW_RUNS, SPLITS = 60, 10


@dataclass
class Tally:
    """What an estimator said and what became of it."""

    errors: list[float] = field(default_factory=list)
    unchanged: list[float] = field(default_factory=list)
    realised: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    warned: list[bool] = field(default_factory=list)
    luck: list[float] = field(default_factory=list)

    def add(self, said: Estimate, expected: float, realised: float, luck: float = 0.0) -> None:
        """One window."""
        self.warned.append(bool(said.warnings) or said.status != "ok")
        if said.status == "ok":
            self.errors.append(abs(said.value - expected))
            self.unchanged.append(abs(said.baseline_value - expected))
            self.realised.append(abs(said.value - realised))
            self.covered.append(said.lower <= realised <= said.upper)
            self.luck.append(luck)

    def figures(self) -> dict[str, object]:
        """As they are printed."""
        if not self.errors:
            return {"windows": 0, "warned": float(np.mean(self.warned))}
        error, unchanged = float(np.mean(self.errors)), float(np.mean(self.unchanged))
        return {
            "windows": len(self.errors),
            "mae": round(error, 4),
            "mae_unchanged": round(unchanged, 4),
            "ratio": round(error / max(unchanged, 1e-12), 2),
            "mae_realised": round(float(np.mean(self.realised)), 4),
            "warned": round(float(np.mean(self.warned)), 3),
        }

    def coverage(self) -> dict[str, object]:
        """Share of windows in the interval, and its own 95% interval."""
        n, hits = len(self.covered), sum(self.covered)
        low = float(betaincinv(hits, n - hits + 1, 0.025)) if hits else 0.0
        high = float(betaincinv(hits + 1, n - hits, 0.975)) if hits < n else 1.0
        return {"coverage": round(hits / n, 3), "coverage_95": [round(low, 3), round(high, 3)]}


def run(*, quick: bool = False) -> Iterator[dict[str, object]]:
    """Simulations, then real tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in SHIFTS:
            yield from simulated(kind, QUICK if quick else RUNS.get(kind, FEW_RUNS))
        for title, table in tables().items():
            yield from real(title, table, 2 if quick else SPLITS)


def simulated(kind: str, runs: int) -> Iterator[dict[str, object]]:
    """One kind of shift, a fresh reference in each run; estimators not in ``COVERED`` in the first 60."""
    tallies = {name: Tally() for name in ESTIMATORS}
    expected = expected_accuracy(kind)
    for seed in range(runs):
        rng = np.random.default_rng((20_261, seed))
        reference = sampled(rng, REFERENCE, "none", hidden=kind == "blind")
        window = sampled(rng, WINDOW, kind, hidden=kind == "blind")
        compared = Compared(reference, window.rows)
        for name in ESTIMATORS if seed < FEW_RUNS else COVERED.get(kind, ()):
            said = _accuracy(ESTIMATORS[name](reference).estimate(compared))
            tallies[name].add(said, expected, float(window.correct.mean()))
    for name, tally in tallies.items():
        found = _line(f"simulated: {SHIFTS[kind]}", name, tally, holds=name in HOLDS[kind])
        if tally.covered:
            found.update(tally.coverage())
        if name in HOLDS[kind] and len(tally.covered) >= FEWEST:
            share = float(np.mean(tally.covered))
            found["halved"] = kind == "none" or _halved(tally)
            found["covers"] = COVERAGE[0] <= share <= COVERAGE[1]
            found["met"] = bool(found["halved"] and found["covers"])
        yield found


def real(title: str, table: Table, splits: int) -> Iterator[dict[str, object]]:
    """One table: windows of every split, both ways along every direction.

    Coverage is not asked here: rows of a small pool are drawn many times, and its own luck is in them all.
    """
    names = tuple(ESTIMATORS) if table.classes else ("dle",)
    tallies = {name: Tally() for name in names}
    for seed in range(splits):
        for one in tilted_windows(table, seed):
            compared = Compared(one.reference, one.window.rows)
            weights = one.window.rows.weights
            loss = np.abs(one.window.truth - one.window.rows.predicted)
            realised = float(np.average(one.window.correct if table.classes else loss, weights=weights))
            for name, tally in tallies.items():
                said = _accuracy(ESTIMATORS[name](one.reference).estimate(compared))
                tally.add(said, one.expected, realised, one.luck)
    for name, tally in tallies.items():
        found = _line(f"real: {title}", name, tally, holds=name in ("cbpe", "pape"))
        if tally.errors:
            found["luck"] = round(float(np.mean(tally.luck)), 4)
            if name in ("cbpe", "pape") and len(tally.errors) >= FEWEST:
                found["halved"] = found["met"] = _halved(tally)
        yield found


def _halved(tally: Tally) -> bool:
    return bool(np.mean(tally.errors) <= np.mean(tally.unchanged) / 2)


def _accuracy(found: tuple[Estimate, ...]) -> Estimate:
    return next(one for one in found if one.metric in ("accuracy", "mae") and not one.class_name)


def _loss(rows: LabelledRows) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    if rows.rows.classes:
        return {"accuracy": 1 - rows.correct}
    return {"mae": np.abs(rows.truth - rows.rows.predicted)}


def _line(what: str, name: str, tally: Tally, *, holds: bool) -> dict[str, object]:
    return {"bench": "estimates", "what": what, "estimator": name, "holds": holds, **tally.figures()}
