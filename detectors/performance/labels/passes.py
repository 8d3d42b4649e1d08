"""One call for one model: new labels meet all events, new events meet all labels."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from detectors.performance.labels.progress import BEGIN, END, JoinProgress, save_progress
from detectors.performance.labels.recipe import JoinRecipe
from detectors.performance.labels.slices import slices
from driftline.settings import Settings
from driftline.store import Store, load_sql

OVERLAP = timedelta(minutes=2)
"""By this searches for events overlap: receipt is noted a little before an insert can be read."""

FEW_LABELS = 1_000_000
"""Up to so many labels are held in memory while all events pass by; with more, the events are, by slices."""

SLICE_EVENTS = 2_000_000
SLICE_TEXTS = 100_000
"""Events of a slice; texts are long."""

AHEAD = timedelta(days=1)
"""Clocks of model servers may run ahead."""

_INSERT_SETTINGS = {"max_partitions_per_insert_block": 0}
"""Labels of one delivery may belong to a year of weeks."""


class Passes:
    """The passes of a model, slice by slice, until a deadline on the monotonic clock."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        recipe: JoinRecipe,
        moment: datetime,
        now: datetime | None,
        deadline: float,
    ) -> None:
        self.moment = moment
        self.labels = 0
        self._begun = 0
        self._store = store
        self._recipe = recipe
        self._deadline = deadline
        self._since = retained(settings, now or moment)
        self._until = max(now or moment, moment) + AHEAD

    def run(self, progress: JoinProgress, *, first: bool) -> JoinProgress:
        """Bring a model up to date as far as time allows."""
        before = progress
        if progress.labels_target == progress.labels_done and progress.events_target == progress.events_done:
            progress = self._aim(progress, first=first)
        if progress.labels_target > progress.labels_done:
            progress = self._join_labels(progress)
        if progress.labels_target == progress.labels_done and progress.events_target > progress.events_done:
            progress = self._join_events(progress)
        if progress != before:
            self._save(progress)
        return progress

    def _aim(self, progress: JoinProgress, *, first: bool) -> JoinProgress:
        """Begin new passes, over all that is there now."""
        new = self._store.query(
            load_sql(__file__, "new_labels"), {"model": progress.model, "above": progress.labels_done}
        )[0]
        self.labels = new["rows"]
        aimed = replace(
            progress,
            labels_target=max(new["newest"], progress.labels_done),
            events_target=max(self.moment, progress.events_done),
        )
        if first and not self._recipe.kpis:
            # All labels are about to meet all events; only figures of the events have to be read besides.
            return replace(aimed, events_done=self.moment, events_target=self.moment)
        return aimed

    def _join_labels(self, progress: JoinProgress) -> JoinProgress:
        """New labels meet all events."""
        blocks = progress.labels_done, progress.labels_target
        # With a key, texts cannot be looked up by what labels name, so all of them would be read.
        whole = self._recipe.text_field == "" or self._recipe.key_slot == 0
        few = SLICE_TEXTS if self._recipe.text_field else FEW_LABELS
        if progress.labels_reached == END and whole and 0 < self.labels <= few:
            self._join(progress.model, self._since, self._until, blocks, few_labels=True)
            return progress.labels_joined()
        for since, until in self._slices(progress.model, progress.labels_reached, BEGIN):
            if self._is_time_up():
                return progress
            self._join(progress.model, since, until, blocks)
            progress = replace(progress, labels_reached=since)
            self._save(progress)
        return progress.labels_joined()

    def _join_events(self, progress: JoinProgress) -> JoinProgress:
        """Events that came since meet all labels that are done."""
        received = overlapping(progress.events_done)
        blocks = 0, progress.labels_done
        for since, until in self._slices(progress.model, progress.events_reached, received):
            if self._is_time_up():
                return progress
            if progress.labels_done > 0:
                self._join(progress.model, since, until, blocks, received, skip_known=True)
            if self._recipe.kpis:
                self._take_kpis(progress.model, since, until, received)
            progress = replace(progress, events_reached=since)
            if received == BEGIN:
                self._save(progress)
        return progress.events_joined()

    def _is_time_up(self) -> bool:
        """Whether no further slice may be begun: there is always one, else a back-fill would never end."""
        self._begun += 1
        return self._begun > 1 and time.monotonic() > self._deadline

    def _slices(self, model: str, below: datetime, received: datetime) -> list[tuple[datetime, datetime]]:
        minutes = self._store.query(
            load_sql(__file__, "event_minutes"),
            {
                "model": model,
                "text_field": self._recipe.text_field,
                "since": self._since,
                "until": min(below, self._until),
                "received_since": received,
            },
        )
        most = SLICE_TEXTS if self._recipe.text_field else SLICE_EVENTS
        return list(slices(((row["minute"], row["rows"]) for row in minutes), most))

    def _join(
        self,
        model: str,
        since: datetime,
        until: datetime,
        blocks: tuple[int, int],
        received: datetime = BEGIN,
        *,
        few_labels: bool = False,
        skip_known: bool = False,
    ) -> None:
        how = {
            "above": blocks[0],
            "upto": blocks[1],
            "few_labels": int(few_labels),
            "skip_known": int(skip_known),
        }
        self._store.command(
            load_sql(__file__, "join"),
            self._recipe.params() | self._range(model, since, until, received) | how,
            settings=_INSERT_SETTINGS,
        )

    def _take_kpis(self, model: str, since: datetime, until: datetime, received: datetime) -> None:
        figures = {"kpis": list(self._recipe.kpis), "kpi_slots": list(self._recipe.kpi_slots)}
        self._store.command(
            load_sql(__file__, "kpi_columns"),
            self._recipe.params() | self._range(model, since, until, received) | figures,
            settings=_INSERT_SETTINGS,
        )

    def _range(self, model: str, since: datetime, until: datetime, received: datetime) -> dict[str, Any]:
        return {
            "model": model,
            "since": max(since, self._since),
            "until": until,
            "received_since": received,
            "moment": self.moment,
        }

    def _save(self, progress: JoinProgress) -> None:
        save_progress(self._store, [progress], datetime.now(UTC))


def overlapping(received: datetime) -> datetime:
    """From when on events are looked for, when those received before ``received`` are done."""
    return max(BEGIN, received - OVERLAP) if received > BEGIN else BEGIN


def retained(settings: Settings, now: datetime) -> datetime:
    """Events before this are gone or about to go."""
    return now - timedelta(days=settings.event_ttl_days)
