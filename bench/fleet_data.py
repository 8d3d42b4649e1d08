"""What a fleet has stored when a window closes: baselines, a week of scores, the events of two windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.baselines.baseline import Baseline, EventRange
from detectors.baselines.building import build_baseline
from detectors.baselines.stored import save_baseline
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries
from detectors.profiles.score_records import ScoredWindow, save_scores
from detectors.watched import Watched
from driftline.contracts import Contract, parse_contract
from driftline.settings import Settings
from driftline.store import Store, load_sql
from driftline.store.migrations import migrate

NUMERIC, CATEGORICAL = 40, 10
WINDOW_SECONDS = 3600
HISTORY = 168
REFERENCE_WINDOWS = 60
PATTERNS = 20
"""Models whose score series are made anew; the others repeat them."""

YEAR_MODELS, YEAR_WINDOWS = 5, 8760
MODELS_AN_INSERT = 100
SEED = 11


def contract_of(number: int) -> Contract:
    """The contract of one model of the fleet; all have the same fields."""
    return parse_contract(
        {
            "model": f"m{number:05d}",
            "fields": [
                *({"name": f"n{i}", "kind": "numeric"} for i in range(NUMERIC)),
                *({"name": f"k{i}", "kind": "categorical"} for i in range(CATEGORICAL)),
            ],
        }
    )


def first_window(now: datetime) -> datetime:
    """Beginning of the older of the two newest full hours."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


def seed_fleet(store: Store, models: int, rows: int, begin: datetime) -> None:
    """Fill a fresh database: ``rows`` events a model in each of two windows from ``begin``."""
    migrate(store)
    baseline = _seed_baselines(store, models, rows, begin)
    _seed_scores(store, models, rows, begin, baseline)
    for first in range(0, models, MODELS_AN_INSERT):
        _seed_events(store, min(MODELS_AN_INSERT, models - first), first, rows, begin, 2)
    store.command(
        load_sql(__file__, "fleet_profiles"),
        {"models": YEAR_MODELS, "windows": YEAR_WINDOWS, "until": _seconds(begin)},
    )
    for table in ("inference_events", "window_scores", "profiles", "baselines"):
        store.command(f"OPTIMIZE TABLE {table} FINAL")


def _seed_events(store: Store, models: int, first: int, rows: int, begin: datetime, windows: int) -> None:
    store.command(
        load_sql(__file__, "fleet_events"),
        {
            "models": models,
            "first": first,
            "rows": rows,
            "begin": _seconds(begin),
            "windows": windows,
            "seed": SEED + (windows > 2),
        },
        settings={"max_insert_threads": 2, "max_block_size": 8192},
    )


def _seed_baselines(store: Store, models: int, rows: int, begin: datetime) -> Baseline:
    since = begin - timedelta(hours=REFERENCE_WINDOWS + 2 * HISTORY)
    _seed_events(store, 1, 0, rows, since, REFERENCE_WINDOWS)
    span = EventRange("m00000", (), since, since + timedelta(hours=REFERENCE_WINDOWS))
    baseline = build_baseline(store, contract_of(0), span, name="reference", source="bench", version="")
    save_baseline(store, baseline)
    store.command(load_sql(__file__, "fleet_baselines"), {"models": models})
    return baseline


def _seed_scores(store: Store, models: int, rows: int, begin: datetime, baseline: Baseline) -> None:
    """Scores of windows whose counts are drawn from the baseline's own shares."""
    rng = np.random.default_rng(SEED)
    first = _seconds(begin) // WINDOW_SECONDS - HISTORY
    windows = []
    patterns = min(PATTERNS, models)
    for number in range(patterns):
        contract = contract_of(number)
        scored = Watched.of(contract, "1", baseline, Settings(), models).scored()[0]
        tables = []
        for names, width in scored.shape.stacks:
            columns = [baseline.columns[name] for name in names]
            layouts = [column.layout for column in columns]
            counts = np.stack([column.layout.aligned(column.counts) for column in columns])
            scores = score_set(layouts, counts, np.array([column.effective_rows for column in columns]))
            shares = counts / counts.sum(-1, keepdims=True)
            drawn = rng.multinomial(rows, shares[:, None], size=(len(names), HISTORY)).astype(np.float64)
            series = ScoreSeries.of_counts(scores, drawn, np.full((len(names), HISTORY), float(rows)), first)
            table = np.concatenate([series.rows[..., None], series.means], axis=-1)
            assert table.shape[-1] == width
            tables.append(table)
        baseline_id = scored.baseline_id if number == 0 else f"bl_{contract.model}"
        own = replace(scored, baseline_id=baseline_id)
        windows += [
            ScoredWindow(own, (first + at) * WINDOW_SECONDS, tuple(table[:, at] for table in tables))
            for at in range(HISTORY)
        ]
    save_scores(store, windows)
    for start in range(patterns, models, MODELS_AN_INSERT):
        count = min(MODELS_AN_INSERT, models - start)
        store.command(
            load_sql(__file__, "fleet_scores"), {"first": start, "models": count, "patterns": patterns}
        )


def _seconds(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp())
