"""Versions that were made to end an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerting.episode import Episode
from driftline.ids import EpisodeId
from driftline.store import Store, load_sql


def candidates_of(store: Store, episodes: Sequence[Episode]) -> Mapping[EpisodeId, str]:
    """The version that each episode's retrain made, as its outcome says under ``detail.candidate``.

    Without such a word, the newest version of the model that the gate was asked about since the episode
    opened. An episode without either is absent.
    """
    if not episodes:
        return {}
    rows = store.query(
        load_sql(__file__, "candidates"),
        {
            "episode_ids": [episode.episode_id for episode in episodes],
            "models": [episode.model for episode in episodes],
            "opened": [episode.opened_at.isoformat() for episode in episodes],
        },
    )
    return {EpisodeId(row["episode_id"]): row["version"] for row in rows}
