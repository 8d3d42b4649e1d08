"""All statistics of 1,000,000 x 50 rows a side: Driftline against a plain NumPy/SciPy loop.

Data already in ClickHouse, baseline stored. The loop gets its columns as NumPy arrays in memory, which
spares it the reading that Driftline does; it computes KS, chi-square and PSI alone. Both run in processes
of their own, one after the other, and report wall time, CPU time and the largest resident size.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from detectors.baselines.baseline import EventRange
from detectors.baselines.building import build_baseline
from detectors.baselines.stored import load_baselines, save_baseline
from detectors.comparison import compare
from detectors.reference_rows import Batch, load_rows
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.engine import EmbeddedClickHouse
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.migrations import migrate

NUMERIC, CATEGORICAL = 40, 10
BLOCK = 20_000
NAMES = [f"c{k}" for k in range(30)]
SHARES = np.diff(np.sqrt(np.arange(31) / 30))
REPEATS = 3


def run(rows: int = 1_000_000) -> list[dict[str, Any]]:
    """Measure both; ``rows`` a side."""
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        with EmbeddedClickHouse(Path(folder) / "state") as engine:
            _load(Store(engine.url, "bench"), rows)
            ours = _measured("ours", engine.url, rows)
        loop = _measured("loop", "", rows)
    sizes = {"rows_a_side": rows, "numeric": NUMERIC, "categorical": CATEGORICAL}
    return [
        {
            "bench": "check",
            "metric": "all_statistics_wall",
            "value": round(ours["wall_seconds"], 2),
            "unit": "s",
            "bar": "at most 1/8 of the loop",
            "baseline": "NumPy/SciPy loop: ks_2samp, chi2_contingency, PSI",
            "baseline_value": round(loop["wall_seconds"], 2),
            "ratio": round(loop["wall_seconds"] / ours["wall_seconds"], 1),
            "met": ours["wall_seconds"] <= loop["wall_seconds"] / 8,
            "sizes": sizes,
        },
        {
            "bench": "check",
            "metric": "peak_resident_size_of_our_process",
            "value": round(ours["peak_mib"]),
            "unit": "MiB",
            "bar": "at most 500",
            "baseline": "NumPy/SciPy loop",
            "baseline_value": round(loop["peak_mib"]),
            "ratio": round(loop["peak_mib"] / ours["peak_mib"], 1),
            "met": ours["peak_mib"] <= 500,
            "sizes": sizes,
        },
    ]


def _contract() -> Contract:
    return parse_contract(
        {
            "model": "current",
            "fields": [
                *({"name": f"n{i}", "kind": "numeric"} for i in range(NUMERIC)),
                *({"name": f"k{i}", "kind": "categorical"} for i in range(CATEGORICAL)),
            ],
        }
    )


def _blocks(rows: int, seed: int) -> Iterator[Batch]:
    rng = np.random.default_rng(seed)
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        numbers = rng.normal(size=(NUMERIC, size))
        codes = rng.choice(30, p=SHARES, size=(CATEGORICAL, size))
        yield {f"n{i}": numbers[i].tolist() for i in range(NUMERIC)} | {
            f"k{i}": [NAMES[code] for code in codes[i]] for i in range(CATEGORICAL)
        }


def _load(store: Store, rows: int) -> None:
    migrate(store)
    contract = ContractStore(store).register(_contract())
    reference = load_rows(store, contract, "current@reference", _blocks(rows, 1))
    save_baseline(store, build_baseline(store, contract, reference, name="reference", source="bench"))
    load_rows(store, contract, "current@now", _blocks(rows, 2))
    store.command("OPTIMIZE TABLE inference_events FINAL")


def _measured(part: str, url: str, rows: int) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "bench.check", part, str(rows)],
        env=os.environ | {"BENCH_CLICKHOUSE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return measured


def _ours(rows: int) -> float:
    store = Store(os.environ["BENCH_CLICKHOUSE_URL"], "bench")
    contract = ContractStore(store).required("current")
    since, until = store.query("SELECT min(ts) AS a, max(ts) + 1 AS b FROM inference_events")[0].values()
    best = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        baseline = load_baselines(store, "current")[""]
        result = compare(store, contract, baseline, EventRange("current@now", (), since, until), Settings())
        best = min(best, time.perf_counter() - began)
        assert len(result.fields) == NUMERIC + CATEGORICAL
        assert result.current_rows == rows
    return best


def _loop(rows: int) -> float:
    from scipy import stats

    sides = []
    for seed in (1, 2):
        columns: dict[str, list[np.ndarray]] = {}
        for block in _blocks(rows, seed):
            for name, values in block.items():
                columns.setdefault(name, []).append(np.asarray(values))
        sides.append({name: np.concatenate(parts) for name, parts in columns.items()})
    reference, current = sides
    began = time.perf_counter()
    for name, before in reference.items():
        now = current[name]
        if name.startswith("n"):
            stats.ks_2samp(before, now)
            edges = np.quantile(before, np.arange(1, 32) / 32)
            p, q = (np.bincount(np.searchsorted(edges, side), minlength=32) for side in (before, now))
        else:
            labels, codes = np.unique(np.concatenate([before, now]), return_inverse=True)
            p = np.bincount(codes[: before.size], minlength=labels.size)
            q = np.bincount(codes[before.size :], minlength=labels.size)
            stats.chi2_contingency(np.stack([p, q]))
        p, q = (p + 0.5) / (p.sum() + 0.5 * p.size), (q + 0.5) / (q.sum() + 0.5 * q.size)
        float(np.sum((q - p) * np.log(q / p)))
    return time.perf_counter() - began


if __name__ == "__main__":
    wall = {"ours": _ours, "loop": _loop}[sys.argv[1]](int(sys.argv[2]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall_seconds": wall, "peak_mib": peak}))
