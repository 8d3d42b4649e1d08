"""Episodes: ongoing and past conditions of models, each at its latest revision."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from driftline.errors import NotFound
from driftline.readmodel.ranges import EVERYTHING, Range
from driftline.readmodel.records import JsonObject, Record, parse_json_object
from driftline.store import Store, load_sql

EpisodeKind = Literal["harmless_drift", "drift", "decay", "harmful_drift"]
EpisodeState = Literal["open", "resolved"]


class Episode(Record):
    """A condition of a model from its first window until it is resolved."""

    episode_id: str
    model: str
    kind: EpisodeKind
    opened_kind: EpisodeKind | Literal[""] = Field(description="What it was when it opened.")
    state: EpisodeState
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    first_window: datetime = Field(description="Start of the first window that shows the condition.")
    last_window: datetime = Field(description="Start of the last window that shows it.")
    version: str = Field(description="Model version it began with.")
    fields: tuple[str, ...] = Field(description="Fields that carry it.")
    summary: str
    evidence: JsonObject = Field(description="The figures behind the summary.")
    revision: int


def episodes(
    store: Store, span: Range, model: str = "", state: EpisodeState | Literal[""] = ""
) -> list[Episode]:
    """Episodes, newest first; of one model and in one state when they are named."""
    return _read(store, {"model": model, "episode_id": "", "state": state, **span.parameters()})


def episode(store: Store, episode_id: str) -> Episode:
    """One episode; :class:`NotFound` when there is none of that id."""
    found = _read(store, {"model": "", "episode_id": episode_id, "state": "", **EVERYTHING.parameters()})
    if not found:
        raise NotFound(f"episode {episode_id!r} is unknown: GET /api/v1/episodes lists those there are")
    return found[0]


def _read(store: Store, parameters: dict[str, Any]) -> list[Episode]:
    rows = store.query(load_sql(__file__, "episodes"), parameters)
    return [Episode.model_validate(row | {"evidence": parse_json_object(row["evidence"])}) for row in rows]
