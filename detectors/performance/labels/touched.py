"""Windows whose figures are out of date because labels were joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class TouchedWindow:
    """A window of one version that got labels; ``rows`` counts corrections again."""

    version: str
    start: datetime
    rows: int


def touched_windows(
    store: Store, model: str, recipe: int, since: datetime, window_seconds: int
) -> tuple[TouchedWindow, ...]:
    """Windows of a model with labels that were joined at or after ``since``, oldest first."""
    rows = store.query(
        load_sql(__file__, "touched"),
        {"model": model, "recipe": recipe, "joined_since": since, "window_seconds": window_seconds},
    )
    return tuple(TouchedWindow(row["version"], row["window_start"], row["rows"]) for row in rows)
