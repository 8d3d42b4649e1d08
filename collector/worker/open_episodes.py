"""Which models are in trouble, so that more of them is sampled."""

from __future__ import annotations

import time
from collections.abc import Sequence

from driftline.store import Store, load_sql

REFRESH_SECONDS = 10.0


class OpenEpisodes:
    """Read by the shipper's thread, asked by the loop's."""

    def __init__(self) -> None:
        self.models: frozenset[str] = frozenset()
        """Models with an open episode when last read."""
        self._read_at = -REFRESH_SECONDS

    def work(self, store: Store, models: Sequence[str]) -> None:
        """Read anew when it is due; raises what the store raises."""
        now = time.monotonic()
        if now - self._read_at < REFRESH_SECONDS or not models:
            return
        self._read_at = now
        rows = store.query(load_sql(__file__, "open_episodes"), {"models": list(models)})
        self.models = frozenset(str(row["model"]) for row in rows)
