"""What the last findings of fields say for the next ones: open changes and where evidence counts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as fields_of
from datetime import datetime

import numpy as np

from detectors.evidence.score_set import CHANGES
from detectors.evidence.scoring import score_set
from detectors.evidence.states import NO_WINDOW, States
from detectors.findings import NEVER
from detectors.watched import Watched, WatchedStack
from driftline.store import Store, load_sql


def joined_states(parts: Sequence[States]) -> States:
    """States of all fields of several stacks, in their order."""
    return States(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields_of(States))
    )


def states_between(states: States, start: int, stop: int) -> States:
    """States of some neighbouring fields."""
    return States(*(getattr(states, field.name)[start:stop] for field in fields_of(States)))


class StoredStates:
    """Newest decided findings of several versions of models before a window, read in one query.

    Only open changes and moved floors matter: without either a field is as if it were new.
    """

    def __init__(
        self,
        store: Store,
        watched: Sequence[Watched],
        *,
        since: datetime,
        before: datetime,
        window_seconds: int,
    ) -> None:
        self._window_seconds = window_seconds
        rows = store.query(
            load_sql(__file__, "field_states"),
            {
                "models": sorted({each.model for each in watched}),
                "baselines": sorted({each.baseline.baseline_id for each in watched}),
                "since": since,
                "before": before,
            },
        )
        self._found = {
            (
                row["model"],
                row["version"],
                row["baseline_id"],
                row["segment"],
                row["field"],
                row["change"],
            ): row
            for row in rows
        }

    def of(self, watched: Watched, stack: WatchedStack) -> States:
        """States of the fields of one stack."""
        states = States.fresh(len(stack.columns))
        if not any(
            key[:3] == (watched.model, watched.version, watched.baseline.baseline_id) for key in self._found
        ):
            return states
        references = stack.references
        scores = score_set(references.layouts, references.counts, references.effective_rows)
        for index, (column, segment) in enumerate(zip(stack.columns, stack.segments, strict=True)):
            for change in CHANGES:
                key = (
                    watched.model, watched.version, watched.baseline.baseline_id, segment, column.name, change
                )  # fmt: skip
                row = self._found.get(key)
                if row is None:
                    continue
                score = scores.index(index, row["direction"])
                states.put(
                    index,
                    change,
                    open=row["status"] == "drifted",
                    score=-1 if score is None else score,
                    effect=row["effect"],
                    floor=self._window(row["floor"]),
                    change_start=self._window(row["change_start"]),
                )
        return states

    def _window(self, moment: datetime | None) -> int:
        if moment is None or moment <= NEVER:
            return NO_WINDOW
        return int(moment.timestamp()) // self._window_seconds
