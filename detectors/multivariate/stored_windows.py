"""Scores of windows in the database: written when a window is judged, read back as its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftline.store import Store, load_sql

Matrix = NDArray[np.float64]

Origin = Literal["live", "baseline"]


@dataclass(frozen=True, slots=True)
class WindowScores:
    """One group in one window.

    Attributes
    ----------
    values
        Distances and changes of correlations, shape ``(K,)``, NaN: unknown.
    means
        Mean normal scores of the numeric columns, shape ``(C,)``; empty without pairs.
    """

    field: str
    start: datetime
    effective_rows: float
    values: Matrix
    means: Matrix
    drifted: bool = False


@dataclass(frozen=True, slots=True)
class StoredWindows:
    """Windows of one group, oldest first.

    Rows and flags have shape ``(T,)``, values ``(T, K)`` and means ``(T, C)``.
    """

    rows: Matrix
    values: Matrix
    means: Matrix
    drifted: NDArray[np.bool_]

    @classmethod
    def of(cls, windows: Sequence[WindowScores], scores: int, means: int) -> StoredWindows:
        """Windows with this many scores and means; others belong to an earlier revision of the contract."""
        kept = [one for one in windows if (one.values.size, one.means.size) == (scores, means)]
        return cls(
            np.array([one.effective_rows for one in kept]),
            np.stack([one.values for one in kept]) if kept else np.empty((0, scores)),
            np.stack([one.means for one in kept]) if kept else np.empty((0, means)),
            np.array([one.drifted for one in kept], dtype=bool),
        )


def save_windows(
    store: Store,
    model: str,
    version: str,
    baseline_id: str,
    origin: Origin,
    windows: Sequence[WindowScores],
) -> None:
    """Write windows; a later row of the same window and group replaces the earlier."""
    now = datetime.now(UTC)
    store.insert_rows(
        "multivariate_windows",
        [
            {
                "model": model,
                "version": version,
                "baseline_id": baseline_id,
                "origin": origin,
                "field": one.field,
                "window_start": one.start,
                "effective_rows": one.effective_rows,
                "scores": one.values.astype("<f2").tobytes(),
                "means": one.means.astype("<f2").tobytes(),
                "drifted": int(one.drifted),
                "computed_at": now,
            }
            for one in windows
        ],
    )


def load_windows(
    store: Store, model: str, version: str, baseline_id: str, *, before: datetime, most: int
) -> dict[Origin, dict[str, list[WindowScores]]]:
    """The last ``most`` stored windows of every group that start before ``before``, oldest first."""
    found: dict[Origin, dict[str, list[WindowScores]]] = {"live": {}, "baseline": {}}
    rows = store.query(
        load_sql(__file__, "windows"),
        {"model": model, "version": version, "baseline_id": baseline_id, "before": before, "most": most},
    )
    for row in rows:
        found[row["origin"]].setdefault(row["field"], []).append(
            WindowScores(
                row["field"],
                row["window_start"],
                row["effective_rows"],
                _unpacked(row["scores"]),
                _unpacked(row["means"]),
                bool(row["drifted"]),
            )
        )
    return found


def _unpacked(text: str) -> Matrix:
    return np.frombuffer(bytes.fromhex(text), dtype="<f2").astype(np.float64)
