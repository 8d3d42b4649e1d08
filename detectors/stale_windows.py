"""Finding the windows that have to be evaluated, without reading a week of events in every cycle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from detectors.baselines.book import BaselineBook
from detectors.windows import Window, closed_windows, touched_windows
from driftline.settings import Settings
from driftline.store import Store

OVERLAP = timedelta(minutes=2)
"""By this two searches for events overlap: receipt is noted a little before an insert can be read."""


class StaleWindows:
    """Closed windows whose events or baseline are not those they were last evaluated with.

    A model is looked at in full, back to the first window that late events may change, when it is seen
    for the first time, when a baseline of it changed, and after it failed. Otherwise only those windows
    count that received events since the last search. One thread at a time.
    """

    def __init__(self, store: Store, settings: Settings, book: BaselineBook) -> None:
        self._store = store
        self._settings = settings
        self._book = book
        self._baselines: dict[str, frozenset[str]] = {}
        self._searched: tuple[datetime, datetime] | None = None
        self._begun = datetime(1970, 1, 1, tzinfo=UTC)

    def find(self, models: Sequence[str], until: datetime) -> list[Window]:
        """Stale windows of some models that end by ``until``, oldest first."""
        self._begun = datetime.now(UTC)
        step = self._settings.window_seconds
        since = until - timedelta(seconds=step * self._settings.lookback_windows)
        known = [model for model in models if self._baselines.get(model) == self._in_force(model)]
        found: list[Window] = []
        if len(known) < len(models):
            new = sorted(set(models) - set(known))
            # An empty list is all models: one reading of the range instead of a long list of names.
            found += closed_windows(
                self._store, [] if not known else new, since=since, until=until, window_seconds=step
            )
            chosen = set(new)
            found = [window for window in found if window.model in chosen]
        if known and self._searched is not None:
            closed, searched = self._searched
            chosen = set(known)
            found += [
                window
                for window in touched_windows(
                    self._store,
                    received_since=min(closed, searched) - OVERLAP,
                    since=since,
                    until=until,
                    window_seconds=step,
                )
                if window.model in chosen
            ]
        return [window for window in found if window.is_stale(self._baseline(window))]

    def done(self, models: Sequence[str], until: datetime, failed: Sequence[str]) -> None:
        """Note that the windows found were evaluated, except those of models that failed."""
        for model in models:
            self._baselines[model] = self._in_force(model)
        for model in failed:
            self._baselines.pop(model, None)
        if len(models) >= len(self._baselines):
            self._searched = until, self._begun

    def _in_force(self, model: str) -> frozenset[str]:
        return self._book.ids(model)

    def _baseline(self, window: Window) -> str:
        packed = self._book.packed(window.model, window.version)
        return packed.baseline_id if packed else ""
