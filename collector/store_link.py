"""A connection to ClickHouse that may be absent: found, lost and found again."""

from __future__ import annotations

import random
import time
from pathlib import Path

from driftline.engine.supervisor import running_engine_url
from driftline.errors import DriftlineError
from driftline.logs import get_logger
from driftline.store import Store
from driftline.store.migrations import migrate

_log = get_logger(__name__)

LONGEST_PAUSE_SECONDS = 15.0
TIMEOUT_SECONDS = 30.0


class StoreLink:
    """Finds the store of a URL or of a state folder's running engine; never starts an engine.

    After :meth:`lost` the address is looked up anew, because an embedded engine that was started again
    listens on other ports. Attempts are spaced by a growing pause with jitter.

    Parameters
    ----------
    url
        ClickHouse URL, or ``None`` for the engine that runs on ``state_dir``.
    database
        Database of Driftline's tables; created and migrated when a connection is made.
    """

    def __init__(self, url: str | None, database: str, state_dir: Path, event_ttl_days: int) -> None:
        self._url = url
        self._database = database
        self._state_dir = state_dir
        self._event_ttl_days = event_ttl_days
        self._store: Store | None = None
        self._failures = 0
        self._next_attempt = 0.0

    def get(self) -> Store | None:
        """The store when it can be reached now, else ``None`` at once or after one failed attempt."""
        if self._store is not None or time.monotonic() < self._next_attempt:
            return self._store
        try:
            self._store = self._connect()
        except DriftlineError as error:
            self._failed(error.message)
            return None
        if self._store is None:
            self._failed(f"no embedded ClickHouse runs on {self._state_dir}")
            return None
        if self._failures:
            _log.info("connected to ClickHouse again", address=self._store.address)
        self._failures = 0
        return self._store

    def lost(self, error: DriftlineError) -> None:
        """Report that the store failed; the next :meth:`get` connects anew."""
        self.close()
        self._failed(error.message)

    def close(self) -> None:
        """Close the connections."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _connect(self) -> Store | None:
        url = self._url or running_engine_url(self._state_dir)
        if url is None:
            return None
        store = Store(url, self._database, timeout_seconds=TIMEOUT_SECONDS)
        try:
            migrate(store, event_ttl_days=self._event_ttl_days)
        except BaseException:
            store.close()
            raise
        return store

    def _failed(self, message: str) -> None:
        self._failures += 1
        pause = min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** min(self._failures, 10))
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._next_attempt = time.monotonic() + pause
        if self._failures & (self._failures - 1) == 0:
            _log.warning("ClickHouse is not reachable, data waits", error=message, failures=self._failures)
