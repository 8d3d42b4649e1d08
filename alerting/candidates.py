"""Which models have to be looked at for an episode: a few of a fleet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from alerting.episode import Episode
from driftline.store import Store, load_sql


def models_in_trouble(store: Store, live: Iterable[Episode], since: datetime) -> set[str]:
    """Models with an open episode, or whose newest decided windows since a moment drifted or decayed.

    The condition of all other models cannot open or change an episode. It is read from committed windows,
    so a crash between their commit and the episode loses nothing.
    """
    found = {row["model"] for row in store.query(load_sql(__file__, "candidates"), {"since": since})}
    return found | {episode.model for episode in live if episode.state == "open"}
