"""A month of hourly windows replayed, start to end: `driftline replay` against a plain SciPy loop.

720 windows of 500 rows x 25 fields (20 numeric, 5 categorical) behind two weeks that are the baseline; one
field moves by half a standard deviation for 60 hours. Ours is the command as a person runs it: process start,
engine start, reading, baseline with history, every window judged, episodes. The loop reads the same file and
runs a KS test a numeric field and a chi-square test a categorical one in every window, at p < .05 over the
number of fields, against 10,000 reference rows. It knows no episodes; the windows it flags stand beside.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

NUMERIC, CATEGORICAL = 20, 5
ROWS = 500
BASELINE_WINDOWS, WINDOWS = 336, 720
DRIFT_AT, DRIFT_WINDOWS, SHIFT = 400, 60, 0.5
BEGIN = datetime(2025, 3, 3, tzinfo=UTC)
LETTERS = np.array(["a", "b", "c", "d"])
SHARES = [0.4, 0.3, 0.2, 0.1]
BAR_SECONDS = 60.0
LEVEL = 0.05
REFERENCE_ROWS = 10_000
"""Of the baseline's 168,000: with all of them the loop takes minutes, which nobody would accept."""


def run() -> list[dict[str, Any]]:
    """Measure both on Parquet, and ours on CSV too."""
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder:
        parquet, csv = Path(folder) / "history.parquet", Path(folder) / "history.csv"
        _write(parquet, csv)
        loop = _measured([sys.executable, "-m", "bench.replay", str(parquet)])
        results = []
        for file in (parquet, csv):
            ours = _replay(file)
            results.append(_result(file.suffix[1:], ours, loop))
        return results


def _result(form: str, ours: dict[str, Any], loop: dict[str, Any]) -> dict[str, Any]:
    return {
        "bench": "replay",
        "metric": f"month_of_hourly_windows_{form}",
        "value": round(ours["wall_seconds"], 1),
        "unit": "s",
        "bar": f"at most {BAR_SECONDS:g} s",
        "baseline": "SciPy loop: ks_2samp and chi2_contingency a window, Parquet",
        "baseline_value": round(loop["wall_seconds"], 1),
        "ratio": round(loop["wall_seconds"] / ours["wall_seconds"], 2),
        "met": ours["wall_seconds"] <= BAR_SECONDS,
        "cpu_seconds": round(ours["cpu_seconds"], 1),
        "windows": ours["answer"]["windows"],
        "episodes": [(one["opened_at"], one["fields"]) for one in ours["answer"]["episodes"]],
        "windows_flagged_by_the_loop": loop["answer"]["flagged"],
        "windows_that_drifted": DRIFT_WINDOWS,
        "sizes": {
            "windows": WINDOWS,
            "baseline_windows": BASELINE_WINDOWS,
            "rows_a_window": ROWS,
            "numeric": NUMERIC,
            "categorical": CATEGORICAL,
        },
    }


def _replay(file: Path) -> dict[str, Any]:
    return _measured(
        [
            *(sys.executable, "-m", "service.cli.main", "replay", str(file), "--time-column", "at"),
            *("--baseline", f"first:{BASELINE_WINDOWS}h", "--window", "1h", "--json"),
        ]
    )


def _measured(command: list[str]) -> dict[str, Any]:
    """Wall and CPU seconds of a command with its children, and its last line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return {
        "wall_seconds": wall,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "answer": json.loads(done.stdout.splitlines()[-1]),
    }


def _write(parquet: Path, csv: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv as csv_writer
    from pyarrow import parquet as parquet_writer

    rng = np.random.default_rng(11)
    windows = BASELINE_WINDOWS + WINDOWS
    hour = np.repeat(np.arange(windows), ROWS)
    begin = int(BEGIN.timestamp() * 1000)
    within = np.tile(np.linspace(0, 3_599_000, ROWS).astype(np.int64), windows)
    columns: dict[str, Any] = {
        "at": pa.array(begin + hour * 3_600_000 + within, pa.timestamp("ms", tz="UTC"))
    }
    moved = (hour >= BASELINE_WINDOWS + DRIFT_AT) & (hour < BASELINE_WINDOWS + DRIFT_AT + DRIFT_WINDOWS)
    for index in range(NUMERIC):
        columns[f"n{index}"] = rng.normal(size=hour.size) + SHIFT * moved * (index == 3)
    for index in range(CATEGORICAL):
        columns[f"k{index}"] = pa.array(LETTERS[rng.choice(4, hour.size, p=SHARES)])
    table = pa.table(columns)
    parquet_writer.write_table(table, parquet)
    csv_writer.write_csv(table, csv)


def _loop(file: Path) -> dict[str, Any]:
    """Tests of every window against the whole reference; windows with any flagged field."""
    from pyarrow import parquet as parquet_reader
    from scipy import stats

    table = parquet_reader.read_table(file)
    hours = table["at"].to_numpy().astype("datetime64[h]").astype(np.int64)
    hours -= hours[0]
    edges = np.searchsorted(hours, np.arange(BASELINE_WINDOWS, BASELINE_WINDOWS + WINDOWS + 1))
    flagged = 0
    columns = {
        name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names if name != "at"
    }
    level = LEVEL / len(columns)
    chosen = np.random.default_rng(1).choice(edges[0], REFERENCE_ROWS, replace=False)
    reference = {name: np.sort(values[chosen]) for name, values in columns.items()}
    before = {
        name: np.unique(reference[name], return_counts=True) for name in columns if name.startswith("k")
    }
    for start, end in pairwise(edges):
        hit = False
        for name, values in columns.items():
            now = values[start:end]
            if name.startswith("n"):
                p_value = stats.ks_2samp(reference[name], now).pvalue
            else:
                names, counts = before[name]
                current = [int((now == one).sum()) for one in names]
                p_value = stats.chi2_contingency(np.stack([counts, current])).pvalue
            hit |= bool(p_value < level)
        flagged += hit
    return {"flagged": flagged}


if __name__ == "__main__":
    print(json.dumps(_loop(Path(sys.argv[1]))))
