"""All metrics of a month of windows of a classifier, recomputed from 100,000,000 labelled events.

Truth, prediction, one score with ties and a weight; every one of 720 windows gets accuracy, precision, recall
and F1 with averages, the confusion matrix, log loss, Brier score, calibration error, ROC AUC and PR AUC, all
with intervals. The baseline is what one would write first: the columns of a window, scikit-learn's functions
over them, no intervals; of some windows, scaled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.process_figures import PeakMemory, cpu_seconds
from detectors.performance.labels.recipe import join_recipe
from detectors.performance.metrics.window_figures import window_figures
from driftline.contracts import Contract, parse_contract
from driftline.engine import EmbeddedClickHouse
from driftline.store import Store, load_sql
from driftline.store.migrations import migrate

EVENTS, QUICK_EVENTS = 100_000_000, 5_000_000
WINDOWS, WINDOW_SECONDS = 720, 3600
PART = 5_000_000
SEED = 20
SAMPLED_WINDOWS = 4
BAR_SECONDS = 30.0
ENGINE_MIB = 4096


def contract() -> Contract:
    """A classifier of two classes with the probability of one."""
    return parse_contract(
        {
            "model": "quality",
            "fields": [
                {"name": "out", "role": "output", "kind": "categorical"},
                {"name": "p_bad", "role": "output", "kind": "numeric"},
            ],
            "prediction": "out",
            "quality": {"scores": {"bad": "p_bad"}, "positive": "bad"},
        }
    )


def begin() -> datetime:
    """First window: on a border, and young enough to be kept."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return now - timedelta(seconds=(WINDOWS + 24) * WINDOW_SECONDS)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Generate events inside ClickHouse, compute every figure in a process of its own and report."""
    events = QUICK_EVENTS if quick else EVENTS
    start = begin()
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        state = Path(folder) / "state"
        with EmbeddedClickHouse(state) as engine:
            generated = seed(Store(engine.url, "bench"), events, start)
        # What generating left in the engine's memory is none of the metrics'.
        with EmbeddedClickHouse(state, memory_mib=ENGINE_MIB) as engine:
            answer = subprocess.run(
                [sys.executable, "-m", "bench.quality", str(engine.pid), start.isoformat()],
                env=os.environ | {"BENCH_CLICKHOUSE_URL": engine.url, "OPENBLAS_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
    measured: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    bar = BAR_SECONDS * events / EVENTS
    return [
        {
            "bench": "quality",
            "metric": "all_window_metrics_wall",
            "value": round(measured["wall"], 2),
            "unit": "s",
            "bar": bar,
            # A small run is mostly what every query costs at least: only the whole one is held to the bar.
            "met": None if quick else measured["wall"] <= bar,
            "baseline": f"scikit-learn, {SAMPLED_WINDOWS} windows scaled, without intervals",
            "baseline_value": round(measured["baseline_wall"], 1),
            "ratio": round(measured["baseline_wall"] / measured["wall"], 1),
            "our_cpu_seconds": round(measured["our_cpu"], 2),
            "engine_cpu_seconds": round(measured["engine_cpu"], 2),
            "peak_mib_with_clickhouse": round(measured["peak_mib"]),
            "figures": measured["figures"],
            "largest_difference": measured["difference"],
            "parts_a_partition": measured["parts"],
            "load_after": round(os.getloadavg()[0], 2),
            "sizes": {"events": events, "windows": WINDOWS, "generated_in_s": round(generated)},
        }
    ]


def seed(store: Store, events: int, start: datetime) -> float:
    """Write the events part by part, as labels come; returns the seconds it took."""
    migrate(store)
    recipe = join_recipe(contract())
    assert recipe is not None
    began = time.monotonic()
    for first in range(0, events, PART):
        store.command(
            load_sql(__file__, "quality_events"),
            {
                "recipe": recipe.recipe,
                "first": first,
                "rows": min(PART, events - first),
                "total": events,
                "begin": int(start.timestamp()),
                "seed": SEED,
            },
            settings={"max_insert_threads": 2},
        )
    return time.monotonic() - began


def _measure(engine_pid: int, start: datetime) -> dict[str, Any]:
    store = Store(os.environ["BENCH_CLICKHOUSE_URL"], "bench")
    parts = store.scalar(
        "SELECT count() / uniqExact(partition) FROM system.parts "
        "WHERE active AND rows > 0 AND table = 'labelled_events' AND database = currentDatabase()"
    )
    pids = [os.getpid(), engine_pid]
    until = start + timedelta(seconds=WINDOWS * WINDOW_SECONDS)
    ours, engines = time.process_time(), cpu_seconds(engine_pid)
    began = time.monotonic()
    values: dict[datetime, dict[tuple[str, str], float]] = {}
    figures = 0
    with PeakMemory(lambda: pids) as memory:
        for window in window_figures(store, contract(), start, until, WINDOW_SECONDS):
            values[window.start] = {(each.metric, each.class_name): each.value for each in window.figures}
            figures += len(window.figures)
    wall = time.monotonic() - began
    ours, engines = time.process_time() - ours, cpu_seconds(engine_pid) - engines
    if len(values) != WINDOWS:
        raise RuntimeError(f"{len(values)} windows have figures, {WINDOWS} were expected")
    difference, baseline = 0.0, 0.0
    for index in range(SAMPLED_WINDOWS):
        moment = start + timedelta(seconds=index * WINDOWS // SAMPLED_WINDOWS * WINDOW_SECONDS)
        began = time.monotonic()
        expected = _by_scikit_learn(store, moment)
        baseline += time.monotonic() - began
        difference = max(difference, *(abs(values[moment][name] - x) for name, x in expected.items()))
    return {
        "wall": wall,
        "our_cpu": ours,
        "engine_cpu": engines,
        "peak_mib": memory.peak_bytes / 2**20,
        "figures": figures,
        "baseline_wall": baseline * WINDOWS / SAMPLED_WINDOWS,
        "difference": difference,
        "parts": round(float(parts), 1),
    }


def _by_scikit_learn(store: Store, start: datetime) -> dict[tuple[str, str], float]:
    from sklearn import metrics as sk

    found = store.query_columns(
        "SELECT toString(truth) AS truth, toString(prediction) AS prediction, scores[1] AS p, weight "
        "FROM labelled_events FINAL WHERE model = 'quality' AND ts >= {since:DateTime64(3, 'UTC')} "
        "AND ts < {until:DateTime64(3, 'UTC')}",
        {"since": start, "until": start + timedelta(seconds=WINDOW_SECONDS)},
    )
    truth, prediction = np.array(found["truth"]), np.array(found["prediction"])
    p, weight = np.array(found["p"]), np.array(found["weight"])
    classes, bad = (truth, prediction), truth == "bad"
    weighted = {"sample_weight": weight}
    values: dict[tuple[str, str], float] = {
        ("accuracy", ""): sk.accuracy_score(*classes, **weighted),
        ("balanced_accuracy", ""): sk.balanced_accuracy_score(*classes, **weighted),
        ("log_loss", ""): sk.log_loss(bad, p, **weighted),
        ("brier", ""): sk.brier_score_loss(bad, p, **weighted),
        ("roc_auc", ""): sk.roc_auc_score(bad, p, **weighted),
        ("pr_auc", ""): sk.average_precision_score(bad, p, **weighted),
    }
    sk.confusion_matrix(*classes, **weighted)
    for average in ("macro", "weighted", "micro"):
        names = ("precision", "recall", "f1")
        columns = sk.precision_recall_fscore_support(*classes, average=average, **weighted)
        values |= {(f"{name}_{average}", ""): float(x) for name, x in zip(names, columns[:3], strict=True)}
    bins = np.minimum((p * 15).astype(int), 14)
    values["calibration_error", ""] = float(
        np.abs(np.bincount(bins, weight * (bad - p))).sum() / weight.sum()
    )
    return values


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))))
