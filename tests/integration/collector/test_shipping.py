"""The shipper against a real ClickHouse that fails at the worst moments."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.coverage import CoverageLedger
from collector.shipping import Shipper
from collector.store_link import StoreLink
from driftline.engine.config import free_port
from driftline.errors import StoreQueryFailed, StoreUnavailable
from driftline.events import Event
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.collector.waiting import eventually


class FlakyStore(Store):
    """Writes, and then says that the connection broke: the sender cannot know."""

    failures = 0
    refuse = False

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], *, token: str | None = None) -> int:
        if self.refuse and table == "inference_events":
            raise StoreQueryFailed("refused for the test")
        rows = super().insert(table, columns, token=token)
        if self.failures > 0:
            self.failures -= 1
            raise StoreUnavailable("the answer was lost")
        return rows


class FlakyLink(StoreLink):
    """Always has the store, at once."""

    def __init__(self, store: Store) -> None:
        super().__init__(None, store.database, Path(), 30)
        self._flaky = store

    def get(self) -> Store:
        return self._flaky


def events(count: int) -> list[Event]:
    return [
        Event(
            model="m",
            version="1",
            instance="i",
            ts=datetime.now(UTC),
            event_id=str(number),
            trace_id="",
            status="ok",
            latency_ms=1.0,
            weight=1.0,
            numeric=[float(number)],
            categorical=["a"],
        )
        for number in range(count)
    ]


def test_a_batch_whose_answer_was_lost_counts_once(store: Store, clickhouse_url: str) -> None:
    flaky = FlakyStore(clickhouse_url, store.database)
    flaky.failures = 3
    ledger = CoverageLedger("i")
    shipper = Shipper(FlakyLink(flaky), ledger, flush_seconds=0.05)
    shipper.start()
    shipper.offer(events(10))
    eventually(lambda: flaky.failures, lambda left: left == 0)
    shipper.stop(10)
    assert store.scalar("SELECT count() FROM inference_events") == 10
    assert store.query("SELECT sum(seen) AS seen, sum(kept) AS kept FROM coverage") == [
        {"seen": 10, "kept": 10}
    ]


def test_what_is_refused_again_and_again_is_given_up_and_counted(store: Store, clickhouse_url: str) -> None:
    flaky = FlakyStore(clickhouse_url, store.database)
    flaky.refuse = True
    ledger = CoverageLedger("i")
    shipper = Shipper(FlakyLink(flaky), ledger, flush_seconds=0.05)
    shipper.start()
    shipper.offer(events(10))
    eventually(lambda: ledger.totals["rejected"], lambda rejected: rejected == 10)
    flaky.refuse = False
    shipper.offer(events(5))
    shipper.stop(10)
    assert store.scalar("SELECT count() FROM inference_events") == 5
    rows = store.query(
        "SELECT sum(seen) AS seen, sum(kept) AS kept, sumMap(dropped) AS dropped FROM coverage"
    )
    assert rows == [{"seen": 15, "kept": 5, "dropped": {"rejected": 10}}]


def test_the_buffer_is_bounded_and_the_end_is_too(settings: Settings, tmp_path: Path) -> None:
    away = f"clickhouse://nobody:x@127.0.0.1:{free_port()}/"
    ledger = CoverageLedger("i")
    link = StoreLink(away, settings.clickhouse_database, tmp_path, 30)
    shipper = Shipper(link, ledger, flush_seconds=0.05, buffer_events=8)
    shipper.start()
    began = time.monotonic()
    shipper.offer(events(20))
    assert time.monotonic() - began < 0.5
    assert ledger.totals["buffer_full"] == 12
    shipper.stop(1.0)
    assert time.monotonic() - began < 5


def test_a_buffer_bounded_in_bytes(settings: Settings, tmp_path: Path) -> None:
    ledger = CoverageLedger("i")
    link = StoreLink(None, settings.clickhouse_database, tmp_path, 30)
    shipper = Shipper(link, ledger, flush_seconds=0.05, buffer_bytes=1000)
    shipper.offer(events(20))
    assert 0 < ledger.totals["buffer_full"] < 20
