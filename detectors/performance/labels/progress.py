"""How far labels and events of a model are joined: kept in the store, so that a crash loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Final

from driftline.store import Store, load_sql

BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
END: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Bounds of a pass that has not begun: everything is still to be done."""


@dataclass(frozen=True, slots=True)
class JoinProgress:
    """One pass over new labels and one over new events; each goes from the newest events to the oldest.

    Attributes
    ----------
    labels_done, labels_target
        Blocks of ``labels`` that are joined, and up to which the present pass joins them.
    events_done, events_target
        Times of receipt up to which events met the labels that waited for them, likewise.
    labels_reached, events_reached
        Event time down to which the present pass came; ``END`` between passes.
    """

    model: str
    recipe: int
    labels_done: int = 0
    labels_target: int = 0
    labels_reached: datetime = END
    events_done: datetime = BEGIN
    events_target: datetime = BEGIN
    events_reached: datetime = END

    @property
    def unfinished(self) -> bool:
        """Whether a pass was begun and not ended."""
        return self.labels_target > self.labels_done or self.events_target > self.events_done

    def labels_joined(self) -> JoinProgress:
        """After the pass over labels."""
        return replace(self, labels_done=self.labels_target, labels_reached=END)

    def events_joined(self) -> JoinProgress:
        """After the pass over events."""
        return replace(self, events_done=self.events_target, events_reached=END)


def load_progress(store: Store, models: Sequence[str] = ()) -> dict[tuple[str, int], JoinProgress]:
    """What is stored of some models, of all when none are named, by model and recipe."""
    rows = store.query(load_sql(__file__, "progress"), {"models": list(models)})
    return {(row["model"], row["recipe"]): JoinProgress(**row) for row in rows}


def save_progress(store: Store, progress: Sequence[JoinProgress], at: datetime) -> None:
    """Keep it; the newest counts."""
    store.insert_rows("label_joins", [asdict(one) | {"written_at": at} for one in progress])
