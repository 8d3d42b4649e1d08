"""The ledger's counts on their way out: into the spool, or to ClickHouse when the spool takes none."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from collector.coverage import CoverageLedger
from collector.shipping.insert_once import insert_once
from collector.shipping.tables import COVERAGE
from collector.spool.spool import Spool
from collector.spool.table_record import as_milliseconds
from driftline.store import Store

COVERAGE_SECONDS = 2.0
"""Counts are in memory for so long; this much of them is lost with a process that is killed."""


class CoverageOutlet:
    """Takes counts from the ledger and holds them until they are written; used by one thread."""

    def __init__(self, ledger: CoverageLedger, spool: Spool) -> None:
        self._ledger = ledger
        self._spool = spool
        self._taken_at = time.monotonic()
        self._held: dict[str, list[Any]] | None = None
        self._token = ""
        self._uncertain = False

    def pending(self) -> bool:
        """Whether there is anything to write."""
        return self._held is not None or self._ledger.pending()

    def spool(self, *, at_once: bool) -> None:
        """Move the counts into the spool, every :data:`COVERAGE_SECONDS` or ``at_once``."""
        if self._held is None:
            if not at_once and time.monotonic() - self._taken_at < COVERAGE_SECONDS:
                return
            self._taken_at = time.monotonic()
            columns = {name: as_milliseconds(values) for name, values in self._ledger.take().items()}
            if not columns["ts"]:
                return
            self._held, self._token, self._uncertain = columns, uuid4().hex, False
        # What was sent, perhaps in vain, must not also go through the spool: it would have another token.
        if not self._uncertain and self._spool.append_coverage(self._held):
            self._held = None

    def send(self, store: Store) -> None:
        """Write what the spool did not take; raises :class:`driftline.errors.StoreError`."""
        if self._held is None:
            return
        uncertain, self._uncertain = self._uncertain, True
        insert_once(store, COVERAGE, self._held, f"{self._token}.coverage", uncertain=uncertain)
        self._held = None
