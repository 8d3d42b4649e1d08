"""Which windows need work: closed ones whose events are not the ones last evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from detectors.profiles.counting import window_start
from driftline.store import Store, load_sql

WindowStatus = Literal["ok", "watch", "drifted", "insufficient_data", "no_baseline", "failed"]

SEPARATE_WINDOWS = 24
"""Up to so many different windows are looked at one by one, beyond that the whole range at once."""


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

    model: str
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
    store: Store, models: Sequence[str], *, since: datetime, until: datetime, window_seconds: int
) -> list[Window]:
    """Windows with events in ``[since, until)``, oldest first, with what was last evaluated.

    Parameters
    ----------
    models
        Models to look at; empty for all of them, which reads all events of the range.
    since, until
        On window borders.
    """
    found = store.query_columns(
        load_sql(__file__, "windows"),
        {"models": list(models), "since": since, "until": until, "window_seconds": window_seconds},
    )
    return [
        Window(*row)
        for row in zip(
            found["model"],
            found["version"],
            found["window_start"],
            found["rows"],
            found["evaluated_rows"],
            found["baseline_id"],
            strict=True,
        )
    ]


def touched_windows(
    store: Store, *, received_since: datetime, since: datetime, until: datetime, window_seconds: int
) -> list[Window]:
    """Windows of all models in ``[since, until)`` that got events since a moment of receipt, oldest first.

    Finds late events without reading what came before. ``received_at`` is the database's clock, taken a
    little before an insert is there to be read: let two searches overlap by a minute or two.
    ``received_since`` before the beginning of the newest window finds all of that window.

    Parameters
    ----------
    since, until
        On window borders.
    """
    params = {"received_since": received_since, "since": since, "until": until}
    found = store.query_columns(
        load_sql(__file__, "touched_windows"), params | {"window_seconds": window_seconds}
    )
    touched: dict[datetime, set[tuple[str, str]]] = {}
    for model, version, start in zip(found["model"], found["version"], found["window_start"], strict=True):
        touched.setdefault(start, set()).add((model, version))
    step, starts = timedelta(seconds=window_seconds), sorted(touched)
    spans = [(start, start + step, touched[start]) for start in starts]
    if len(starts) > SEPARATE_WINDOWS:
        spans = [(starts[0], starts[-1] + step, set().union(*touched.values()))]
    windows: list[Window] = []
    for begin, end, asked in spans:
        models = sorted({model for model, _ in asked})
        windows += closed_windows(store, models, since=begin, until=end, window_seconds=window_seconds)
    return [window for window in windows if (window.model, window.version) in touched.get(window.start, ())]
