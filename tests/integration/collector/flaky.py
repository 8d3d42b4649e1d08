"""A ClickHouse that fails on demand, between the shipper and a real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.coverage import CoverageLedger
from collector.shipping import Shipper
from collector.spool import Spool, SpoolOptions
from collector.store_link import StoreLink
from driftline.errors import StoreUnavailable
from driftline.store import Store


class FlakyStore(Store):
    """Loses answers: the first ``lost_answers`` inserts are written, and then the connection breaks.

    ``settings`` go with every insert, for failures that the server itself makes.
    """

    lost_answers = 0
    away = False
    settings: Mapping[str, Any] = {}

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], *, token: str | None = None) -> int:
        if self.away:
            raise StoreUnavailable("nobody is there")
        rows = super().insert(table, columns, token=token)
        if self.lost_answers > 0:
            self.lost_answers -= 1
            raise StoreUnavailable("the answer was lost")
        return rows

    def _send(
        self, table: str, names: str, columns: Mapping[str, Sequence[Any]], settings: dict[str, Any]
    ) -> None:
        super()._send(table, names, columns, {**settings, **self.settings})


class SteadyLink(StoreLink):
    """Always has the store, at once."""

    def __init__(self, store: Store) -> None:
        super().__init__(None, store.database, Path(), 30)
        self._steady = store

    def get(self) -> Store:
        return self._steady


class Stage:
    """A shipper with its spool and ledger, started."""

    def __init__(self, link: StoreLink, folder: Path, **options: float) -> None:
        self.ledger = CoverageLedger()
        self.spool = Spool(SpoolOptions(str(folder), **options))  # type: ignore[arg-type]
        self.shipper = Shipper(link, self.ledger, self.spool, flush_seconds=0.05)
        self.shipper.start()

    def total(self, fate: str) -> int:
        """Rows with that fate, of all taps."""
        return sum(rows for (_, name), rows in self.ledger.totals().items() if name == fate)


def counted(store: Store) -> dict[str, Any]:
    """What the table ``coverage`` says, summed."""
    (row,) = store.query(
        "SELECT sum(seen) AS seen, sum(kept) AS kept, sum(unsampled) AS unsampled, "
        "sumMap(dropped) AS dropped FROM coverage"
    )
    return row


def stored(store: Store) -> dict[str, int]:
    """Rows of ``inference_events`` and how many different events they are, by trace id."""
    (row,) = store.query(
        "SELECT count() AS rows, uniqExact(trace_id) AS events FROM inference_events WHERE trace_id != ''"
    )
    return row
