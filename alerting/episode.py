"""Episodes: an ongoing condition of a model, from the first sign to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import orjson

from driftline.errors import NotFound
from driftline.ids import EpisodeId, derived_id
from driftline.store import Store, load_sql

EpisodeKind = Literal["harmless_drift", "drift", "decay", "harmful_drift"]

HARM: Final[Mapping[EpisodeKind, int]] = {"harmless_drift": 0, "drift": 1, "decay": 2, "harmful_drift": 2}
"""How bad each kind is; drift whose harm is not known counts more than drift that is shown to do none."""

EpisodeState = Literal["open", "resolved"]


@dataclass(frozen=True, slots=True)
class Episode:
    """One revision of an episode; the highest revision counts.

    Attributes
    ----------
    kind
        ``drift``: inputs or outputs changed, the harm is not known; ``harmless_drift``: they changed and
        quality is shown to hold; ``decay``: quality fell without visible drift; ``harmful_drift``: both.
    opened_kind
        What it was when it opened; differs from ``kind`` when it worsened.
    first_window, last_window
        Starts of the first and the newest window that showed it.
    version
        Version of the model it began with.
    summary
        One sentence with the figures.
    evidence
        The figures behind it, as JSON values.
    """

    episode_id: EpisodeId
    model: str
    kind: EpisodeKind
    opened_kind: EpisodeKind
    state: EpisodeState
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    first_window: datetime
    last_window: datetime
    version: str
    fields: tuple[str, ...]
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 1

    @property
    def worsened(self) -> bool:
        """Whether it became more harmful after it opened."""
        return self.kind != self.opened_kind and HARM[self.kind] >= max(HARM[self.opened_kind], HARM["decay"])

    @property
    def harmful(self) -> bool:
        """Whether quality fell."""
        return HARM[self.kind] >= HARM["decay"]

    def as_json(self) -> dict[str, Any]:
        """The episode as webhooks and the API show it."""
        return {
            "episode_id": self.episode_id,
            "model": self.model,
            "kind": self.kind,
            "state": self.state,
            "opened_at": self.opened_at.isoformat(),
            "resolved_at": self.resolved_at.isoformat() if self.resolved_at else None,
            "first_window": self.first_window.isoformat(),
            "version": self.version,
            "fields": list(self.fields),
            "summary": self.summary,
            "evidence": dict(self.evidence),
        }


def episode_id(model: str, first_window: datetime) -> EpisodeId:
    """Id of the episode of a model that began in a window."""
    return EpisodeId(derived_id("ep", model, first_window.isoformat()))


class EpisodeStore:
    """Episodes in the database, revisions appended."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, *episodes: Episode) -> None:
        """Append a revision of each, all at once."""
        if episodes:
            self._store.insert_rows("episodes", [_row(episode) for episode in episodes])

    def latest(self, model: str) -> Episode | None:
        """The newest episode of a model, open or resolved, or ``None``."""
        return self.newest([model]).get(model)

    def newest(self, models: Sequence[str]) -> dict[str, Episode]:
        """The newest episode of each model that ever had one, open or resolved."""
        rows = self._store.query(load_sql(__file__, "newest_episodes"), {"models": list(models)})
        return {row["model"]: _from_row(row) for row in rows}

    def get(self, episode_id: str) -> Episode:
        """The newest revision of an episode; :class:`NotFound` when there is none of that id."""
        rows = self._store.query(load_sql(__file__, "episode_by_id"), {"episode_id": episode_id})
        if not rows:
            raise NotFound(f"episode {episode_id!r} is unknown")
        return _from_row(rows[0])

    def live(self, resolved_within: timedelta) -> list[Episode]:
        """Every open episode, and those resolved not longer ago than that."""
        since = datetime.now(UTC) - resolved_within
        return [_from_row(row) for row in self._store.query(load_sql(__file__, "episode"), {"since": since})]


def _row(episode: Episode) -> dict[str, Any]:
    return {
        "episode_id": episode.episode_id,
        "model": episode.model,
        "kind": episode.kind,
        "opened_kind": episode.opened_kind,
        "state": episode.state,
        "opened_at": episode.opened_at,
        "updated_at": episode.updated_at,
        "resolved_at": episode.resolved_at,
        "first_window": episode.first_window,
        "last_window": episode.last_window,
        "version": episode.version,
        "fields": list(episode.fields),
        "summary": episode.summary,
        "evidence": orjson.dumps(dict(episode.evidence)).decode(),
        "revision": episode.revision,
    }


def _from_row(row: Mapping[str, Any]) -> Episode:
    values = dict(row)
    values["fields"] = tuple(values["fields"])
    values["evidence"] = orjson.loads(values["evidence"])
    return Episode(**values)
