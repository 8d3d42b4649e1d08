"""Which windows of a model need work: closed ones whose events are not the ones last evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from detectors.profiles.counting import window_start
from driftline.store import Store, load_sql

WindowStatus = Literal["ok", "watch", "drifted", "insufficient_data", "no_baseline", "failed"]


@dataclass(frozen=True, slots=True)
class Window:
    """A closed window of one version of a model that has events.

    Attributes
    ----------
    rows
        Events in it now.
    evaluated_rows
        Events in it when it was last evaluated; -1 when it never was.
    evaluated_baseline
        Baseline it was evaluated against; empty for none.
    """

    version: str
    start: datetime
    rows: int
    evaluated_rows: int
    evaluated_baseline: str

    def is_stale(self, baseline_id: str) -> bool:
        """Whether late events or another baseline make the last evaluation out of date."""
        return self.rows != self.evaluated_rows or self.evaluated_baseline != baseline_id


def last_closed_end(now: datetime, window_seconds: int, allowed_lateness_seconds: float) -> datetime:
    """End of the newest window that is closed at ``now``: windows close once the lateness has passed."""
    return window_start(now - timedelta(seconds=allowed_lateness_seconds), window_seconds)


def closed_windows(
    store: Store, model: str, *, since: datetime, until: datetime, window_seconds: int
) -> list[Window]:
    """Windows with events in ``[since, until)``, oldest first, with what was last evaluated."""
    rows = store.query(
        load_sql(__file__, "windows"),
        {"model": model, "since": since, "until": until, "window_seconds": window_seconds},
    )
    return [
        Window(
            version=row["version"],
            start=row["window_start"],
            rows=row["rows"],
            evaluated_rows=row["evaluated_rows"],
            evaluated_baseline=row["baseline_id"],
        )
        for row in rows
    ]
