"""Files of history for replays: rows of hourly windows with drift at a known time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

BEGIN = datetime(2024, 2, 27, tzinfo=UTC)
"""Older than any retention of events, and with a leap day behind it."""

HOUR = timedelta(hours=1)
ROWS = 200


def history(
    hours: int,
    *,
    drift: tuple[int, int] = (0, 0),
    shift: float = 1.0,
    rows: int = ROWS,
    seed: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """Columns of so many hours from ``BEGIN``; ``amount`` moves by ``shift`` in the hours of ``drift``."""
    rng = np.random.default_rng(seed)
    hour = np.repeat(np.arange(hours), rows)
    within = np.tile(np.arange(rows) * (3600 // rows), hours)
    moved = (hour >= drift[0]) & (hour < drift[1])
    begin = int(BEGIN.timestamp())
    return {
        "at": begin + hour * 3600 + within,
        "amount": rng.normal(100, 10, hour.size) + 10 * shift * moved,
        "age": rng.integers(18, 80, hour.size).astype(float),
        "country": rng.choice(["DE", "FR", "CN"], hour.size, p=[0.5, 0.3, 0.2]),
        "constant": np.full(hour.size, 7.0),
        **more,
    }


def write(path: Path, columns: dict[str, Any]) -> Path:
    """Write CSV or Parquet, as the name says."""
    table = pa.table(columns)
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path)
    return path


def at(hour: int) -> datetime:
    """Beginning of an hour of the history."""
    return BEGIN + hour * HOUR
