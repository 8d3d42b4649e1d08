"""Profiles in the database: written per window, read back as the history of every column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.evidence.detector import WindowCounts
from detectors.profiles.profile import Profile
from driftline.contracts import ColumnKind
from driftline.store import Store, load_sql

History = dict[str, dict[datetime, WindowCounts]]
"""Counts by column and window start."""


def save_profiles(
    store: Store,
    model: str,
    baseline_id: str,
    kinds: Mapping[str, ColumnKind],
    profiles: Iterable[Profile],
    window_seconds: int,
) -> None:
    """Write profiles; a later one of the same window, column and baseline replaces the earlier."""
    now = datetime.now(UTC)
    store.insert_rows(
        "profiles",
        [
            {
                "model": model,
                "version": profile.version,
                "baseline_id": baseline_id,
                "window_start": profile.window_start,
                "window_end": profile.window_start + timedelta(seconds=window_seconds),
                "field": profile.column,
                "kind": kinds[profile.column],
                "counts": [float(count) for count in profile.counts],
                "rows": profile.rows,
                "weight_sum": profile.weight_sum,
                "effective_rows": profile.effective_rows,
                "mean": profile.mean,
                "std": profile.std,
                "minimum": profile.minimum,
                "maximum": profile.maximum,
                "computed_at": now,
            }
            for profile in profiles
        ],
    )


def load_history(
    store: Store, model: str, version: str, baseline_id: str, *, since: datetime, until: datetime
) -> History:
    """Stored counts of every column in windows that start in ``[since, until)``."""
    history: History = {}
    rows = store.query(
        load_sql(__file__, "stored"),
        {"model": model, "version": version, "baseline_id": baseline_id, "since": since, "until": until},
    )
    for row in rows:
        history.setdefault(row["field"], {})[row["window_start"]] = WindowCounts(
            np.array(row["counts"], dtype=np.float64), row["effective_rows"]
        )
    return history
