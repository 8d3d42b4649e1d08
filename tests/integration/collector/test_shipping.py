"""From the spool to a real ClickHouse: everything once, with raw payloads and the counts of all fates."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from collector.coverage import Source
from collector.store_link import StoreLink
from driftline.engine.config import free_port
from driftline.events import EventBlock, RawPayload
from driftline.store import Store
from tests.integration.collector.flaky import FlakyStore, Stage, SteadyLink, counted, stored
from tests.integration.collector.waiting import eventually
from tests.seeding.event_blocks import STARTED_MS, event_block

SOURCE = Source("m", "1", "i", "splice")


@pytest.fixture
def flaky(store: Store, clickhouse_url: str) -> FlakyStore:
    return FlakyStore(clickhouse_url, store.database)


def test_events_payloads_and_counts_arrive(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    stage = Stage(SteadyLink(flaky), tmp_path)
    payload = RawPayload(STARTED_MS, "0", "text", "BYTES", (1,), "as it came")
    stage.shipper.offer(event_block(300, payloads=[payload]))
    stage.shipper.offer(event_block(5, first=300, slots=2, model="other", version="7"))
    stage.ledger.unsampled(SOURCE, 40)
    eventually(lambda: stored(store)["rows"], lambda rows: rows == 305)
    stage.shipper.stop(10)
    assert store.query("SELECT event_id, field, shape, body FROM payloads") == [
        {"event_id": "0", "field": "text", "shape": [1], "body": "as it came"}
    ]
    (row,) = store.query("SELECT * FROM inference_events WHERE model = 'other' AND event_id = '12d'")
    assert (row["version"], row["instance"], row["categorical"]) == ("7", "i", ["dog"])
    assert row["numeric"] == event_block(5, first=300, slots=2).numeric[1].tolist()
    assert counted(store) == {"seen": 345, "kept": 305, "unsampled": 40, "dropped": {}}
    assert stage.ledger.totals() == {("splice", "kept"): 305, ("splice", "unsampled"): 40}
    assert list(tmp_path.glob("*.segment*")) == []
    stats = stage.shipper.stats()
    assert (stats.events_sent, stats.retries, stats.last_error) == (305, 0, "")


def test_a_batch_whose_answers_are_lost_counts_once(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    flaky.lost_answers = 3
    stage = Stage(SteadyLink(flaky), tmp_path)
    payload = RawPayload(STARTED_MS, "0", "text", "BYTES", (1,), "once")
    stage.shipper.offer(event_block(10, payloads=[payload]))
    eventually(lambda: stage.total("kept"), lambda kept: kept == 10)
    stage.shipper.stop(10)
    assert stage.shipper.stats().retries == 3
    assert stored(store) == {"rows": 10, "events": 10}
    assert store.scalar("SELECT count() FROM payloads") == 1
    assert counted(store) == {"seen": 10, "kept": 10, "unsampled": 0, "dropped": {}}


def test_nothing_counts_twice_when_clickhouse_remembers_no_tokens(
    store: Store, flaky: FlakyStore, tmp_path: Path
) -> None:
    for table in ("inference_events", "payloads", "coverage"):
        store.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 0")
    flaky.lost_answers = 3
    stage = Stage(SteadyLink(flaky), tmp_path)
    payload = RawPayload(STARTED_MS, "0", "text", "BYTES", (1,), "once")
    stage.shipper.offer(event_block(10, payloads=[payload]))
    eventually(lambda: stage.total("kept"), lambda kept: kept == 10)
    stage.shipper.stop(10)
    assert stored(store) == {"rows": 10, "events": 10}
    assert store.scalar("SELECT count() FROM payloads") == 1
    assert counted(store)["kept"] == 10


def test_the_next_run_ships_what_is_left(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    flaky.away = True
    stage = Stage(SteadyLink(flaky), tmp_path)
    stage.shipper.offer(event_block(10))
    stage.ledger.unsampled(SOURCE, 7)
    began = time.monotonic()
    stage.shipper.stop(0.5)
    assert time.monotonic() - began < 3
    assert stage.shipper.stats().segments > 0
    assert stored(store)["rows"] == 0
    flaky.away = False
    after = Stage(SteadyLink(flaky), tmp_path)
    after.shipper.offer(event_block(10, first=10))
    eventually(lambda: stored(store)["rows"], lambda rows: rows == 20)
    after.shipper.stop(10)
    assert counted(store) == {"seen": 27, "kept": 20, "unsampled": 7, "dropped": {}}


def test_after_the_stop_events_are_counted_as_lost(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    stage = Stage(SteadyLink(flaky), tmp_path)
    stage.shipper.stop(5)
    stage.shipper.offer(event_block(3))
    assert stage.total("shutdown") == 3


def test_an_absent_clickhouse_costs_no_time(tmp_path: Path) -> None:
    link = StoreLink(f"clickhouse://nobody:x@127.0.0.1:{free_port()}/", "d", tmp_path, 30)
    stage = Stage(link, tmp_path / "spool", max_bytes=60_000, segment_bytes=20_000)
    began = time.monotonic()
    for number in range(40):
        stage.shipper.offer(event_block(10, first=10 * number))
    assert time.monotonic() - began < 0.5
    dropped = stage.total("spool_full")
    assert 100 < dropped < 300
    stage.shipper.stop(1.0)
    assert time.monotonic() - began < 6
    assert stage.shipper.stats().spool_bytes <= 60_000


def test_counts_reach_clickhouse_without_a_spool(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    stage = Stage(SteadyLink(flaky), blocker / "spool")
    flaky.lost_answers = 1
    stage.shipper.offer(event_block(10))
    assert stage.total("spool_failed") == 10
    assert "file" in stage.shipper.stats().last_error
    eventually(lambda: counted(store)["seen"], lambda seen: seen == 10)
    stage.shipper.stop(5)
    assert counted(store) == {"seen": 10, "kept": 0, "unsampled": 0, "dropped": {"spool_failed": 10}}


def test_damage_on_disk_is_counted(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    flaky.away = True
    stage = Stage(SteadyLink(flaky), tmp_path)
    for number in range(3):
        stage.shipper.offer(event_block(10, first=10 * number))
    stage.shipper.stop(0.2)
    path = min(tmp_path.glob("*.segment"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    flaky.away = False
    after = Stage(SteadyLink(flaky), tmp_path)
    eventually(lambda: counted(store)["seen"], lambda seen: seen == 30)
    after.shipper.stop(5)
    assert counted(store) == {"seen": 30, "kept": 20, "unsampled": 0, "dropped": {"spool_corrupt": 10}}
    assert stored(store)["rows"] == 20


def test_a_block_that_cannot_be_written_is_counted_and_harms_nobody(
    store: Store, flaky: FlakyStore, tmp_path: Path
) -> None:
    good = event_block(4)
    columns = {name: getattr(good, name) for name in good.__slots__}
    stage = Stage(SteadyLink(flaky), tmp_path)
    stage.shipper.offer(EventBlock(**columns | {"event_id": ["\ud800", "b", "c", "d"]}))
    stage.shipper.offer(EventBlock(**columns | {"version": None}))
    stage.shipper.offer(good)
    eventually(lambda: stored(store)["rows"], lambda rows: rows == 4)
    stage.shipper.stop(5)
    assert counted(store) == {"seen": 8, "kept": 4, "unsampled": 0, "dropped": {"rejected": 4}}
