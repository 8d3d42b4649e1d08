"""A lease in ClickHouse: of all processes that want to do a thing, one does it at a time.

ClickHouse compares and sets nothing, but it drops an insert whose deduplication token it has seen. Whoever
wants the next term inserts a row with the token of that term's number; the first row stays, and reading it
back tells who won. The term ends by the database's clock; its holder counts from before it asked, by a
clock that never jumps, so it always believes its term shorter than it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from driftline.store.client import Store
from driftline.store.sql import load_sql

TABLE = "leases"


class Lease:
    """The right to do a thing for a while; for one thread.

    Parameters
    ----------
    name
        What is done.
    seconds
        Length of a term: for so long nobody else can take over from a process that died.
    holder
        Who asks; a name of its own when empty. A process that is surely the only one of a name goes on with
        the term of the one before it.
    monotonic
        Clock in seconds that never jumps.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        seconds: float,
        holder: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._name = name
        self._seconds = seconds
        self._monotonic = monotonic
        self.holder = holder or uuid4().hex
        self._fence = 0
        self._ends = -float("inf")

    @property
    def fence(self) -> int:
        """Number of the newest term this process held; it grows with every term of anybody."""
        return self._fence

    def held(self, for_seconds: float = 0.0) -> bool:
        """Whether the term goes on for at least so long; asks nobody."""
        return self._monotonic() + for_seconds < self._ends

    def keep(self, for_seconds: float = 0.0) -> bool:
        """Hold the term for at least so long, prolonging it in good time; ``False`` when it is not ours."""
        return self.held(max(for_seconds, self._seconds / 2)) or self.take()

    def take(self) -> bool:
        """Begin or prolong a term; ``False`` when somebody else's goes on.

        Raises
        ------
        StoreUnavailable
            It is not known who won; the term that was held goes on to its end.
        """
        asked = self._monotonic()
        (newest,) = self._store.query(load_sql(__file__, "lease"), {"name": self._name})
        now: datetime = newest["now"]
        if newest["fence"] and newest["holder"] != self.holder and newest["until"] > now:
            self._ends = -float("inf")
            return False
        fence = newest["fence"] + 1
        self._insert(fence, now + timedelta(seconds=self._seconds))
        (winner,) = self._store.query(load_sql(__file__, "lease"), {"name": self._name})
        won = bool(winner["fence"] == fence and winner["holder"] == self.holder)
        self._fence = fence if won else self._fence
        self._ends = asked + self._seconds if won else -float("inf")
        return won

    def release(self) -> None:
        """End the term now, so that the next holder need not wait; harmless when none is held."""
        if not self.held():
            return
        self._ends = -float("inf")
        (newest,) = self._store.query(load_sql(__file__, "lease"), {"name": self._name})
        if newest["holder"] == self.holder:
            self._insert(newest["fence"] + 1, newest["now"])

    def _insert(self, fence: int, until: datetime) -> None:
        row = {"name": self._name, "fence": fence, "holder": self.holder, "until": until}
        self._store.insert_rows(TABLE, [row], token=f"{self._name}/{fence}")
