"""False alarms, power and time of the evidence procedure in a minute.

``python -m bench.simulation`` is the long run.

Beside it, on the same rows, what most people run: a KS (numeric) or chi-square test a window and field,
p < .05 divided by the number of fields.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from bench.simulation.changes import CHANGES
from bench.simulation.kinds import KINDS
from bench.simulation.latent import CELLS
from bench.simulation.month import BaselineKind, build_month
from bench.simulation.peers import KS_WINDOW
from bench.simulation.procedure import live_judge
from bench.simulation.records import Unit
from bench.simulation.units import simulate

MONTHS = 2
RUNS = 2
FIELDS = 25
BEHIND = 168
UNCHANGED: tuple[tuple[str, BaselineKind], ...] = (
    ("iid", "file"),
    ("ar1", "file"),
    ("daily_weekly", "history"),
)
FOUND: tuple[tuple[str, BaselineKind, float], ...] = (
    ("shift .5 sigma", "file", 0.95),
    ("shift .2 sigma", "history", 0.9),
)


def run() -> list[dict[str, Any]]:
    """Simulate a few months and changes with fixed seeds."""
    results = [_unchanged(kind, baseline) for kind, baseline in UNCHANGED]
    results += [_found(change, baseline, bar) for change, baseline, bar in FOUND]
    return [*results, _time()]


def _unchanged(kind: str, baseline: BaselineKind) -> dict[str, Any]:
    ours = [simulate(Unit("month", kind, baseline, i)) for i in range(MONTHS)]
    others = [simulate(Unit("peers", kind, baseline, i)) for i in range(MONTHS)]
    false = sum(bool(month["alarms"]) for month in ours) / MONTHS
    return _result(
        f"false_months_{kind}_{baseline}",
        false,
        sum(month["flagged"][KS_WINDOW] > 0 for month in others) / MONTHS,
        "share of model-months with a false episode",
        "none",
        false == 0,
        {"model_months": MONTHS, "fields": FIELDS, "windows": 720, "rows_a_window": 1000},
    )


def _found(name: str, baseline: BaselineKind, bar: float) -> dict[str, Any]:
    within = next(change.within for change in CHANGES if change.name == name)
    ours = [simulate(Unit("power", "iid", baseline, i, name)) for i in range(RUNS)]
    others = [simulate(Unit("peer_power", "iid", baseline, i, name)) for i in range(RUNS)]
    mine = [delay for run in ours for delay in run["delays"]]
    theirs = [delay for run in others for delay in run["delays"][KS_WINDOW]]
    shares = [np.mean([d is not None and d <= within for d in found]) for found in (mine, theirs)]
    return _result(
        f"found_{name.replace(' ', '_')}_within_{within}_{baseline}",
        float(shares[0]),
        float(shares[1]),
        "share of changes found",
        f"at least {bar}",
        bool(shares[0] >= bar),
        {"trials": len(mine), "windows_before": 200, "rows_a_window": 1000},
    )


def _time() -> dict[str, Any]:
    """One live decision: the newest window of a field with a week behind it."""
    month = build_month(KINDS["iid"], "file", 0, windows=BEHIND, keep_rows=True)
    decide = live_judge(month)
    decide()
    began = time.process_time()
    rounds = 20
    for _ in range(rounds):
        decide()
    ours = (time.process_time() - began) / rounds / FIELDS
    numeric = [rows for rows in month.raw if rows.field.kind == "numeric" and not rows.field.missing]
    began = time.process_time()
    for rows in numeric:
        window = rows.month[-1000:]
        ks_2samp(
            rows.field.values[rows.reference[rows.reference < CELLS]],
            rows.field.values[window[window < CELLS]],
            method="asymp",
        )
    theirs = (time.process_time() - began) / len(numeric)
    sizes = {"windows_behind": BEHIND, "rows_a_window": 1000, "reference_rows": 10_000}
    return _result("decision_per_field_and_window", 1e3 * ours, 1e3 * theirs, "ms", "", None, sizes)


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
        "value": round(value, 4),
        "unit": unit,
        "bar": bar,
        "baseline": KS_WINDOW,
        "baseline_value": round(baseline_value, 4),
        "ratio": round(value / baseline_value, 3) if baseline_value else None,
        "met": met,
        "sizes": sizes,
    }
