"""A real ClickHouse that is read-only, full, busy, slow or cut off: nothing lost, nothing twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from collector.shipping.refusal import refuses_data
from collector.store_link import StoreLink
from driftline.errors import StoreQueryFailed
from driftline.store import Store
from tests.integration.collector.cutting_proxy import CuttingProxy
from tests.integration.collector.flaky import FlakyStore, Stage, SteadyLink, counted, stored
from tests.integration.collector.waiting import eventually
from tests.seeding.event_blocks import event_block


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.shipping.shipper.LONGEST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("collector.store_link.LONGEST_PAUSE_SECONDS", 0.1)


@pytest.fixture
def flaky(store: Store, clickhouse_url: str) -> FlakyStore:
    return FlakyStore(clickhouse_url, store.database)


def assert_retried_for_ever(store: Store, stage: Stage, code: int) -> None:
    """It fails with ``code`` more often than data is refused, and nothing is given up."""
    stats = eventually(stage.shipper.stats, lambda stats: stats.retries >= 8)
    assert f"error {code}" in stats.last_error
    assert stage.total("rejected") == stage.total("kept") == 0
    assert stored(store)["rows"] == 0


def assert_arrives(store: Store, stage: Stage, rows: int) -> None:
    eventually(lambda: stage.total("kept"), lambda kept: kept == rows)
    stage.shipper.stop(10)
    assert stored(store) == {"rows": rows, "events": rows}
    assert counted(store) == {"seen": rows, "kept": rows, "unsampled": 0, "dropped": {}}


@pytest.mark.parametrize(("setting", "value", "code"), [("readonly", 1, 164), ("max_memory_usage", 1, 241)])
def test_conditions_of_the_server_are_waited_out(
    store: Store, flaky: FlakyStore, tmp_path: Path, setting: str, value: int, code: int
) -> None:
    flaky.settings = {setting: value}
    stage = Stage(SteadyLink(flaky), tmp_path)
    stage.shipper.offer(event_block(10))
    assert_retried_for_ever(store, stage, code)
    flaky.settings = {}
    assert_arrives(store, stage, 10)


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [("parts_to_throw_insert", 1, 252), ("min_free_disk_bytes_to_perform_insert", 1 << 60, 243)],
)
def test_conditions_of_the_table_are_waited_out(
    store: Store, flaky: FlakyStore, tmp_path: Path, setting: str, value: int, code: int
) -> None:
    store.command("SYSTEM STOP MERGES inference_events")
    store.insert("inference_events", {"model": ["before"], "ts": [datetime.now(UTC)]}, token="t")
    store.command(f"ALTER TABLE inference_events MODIFY SETTING {setting} = {value}")
    stage = Stage(SteadyLink(flaky), tmp_path)
    stage.shipper.offer(event_block(10))
    assert_retried_for_ever(store, stage, code)
    store.command(f"ALTER TABLE inference_events RESET SETTING {setting}")
    assert_arrives(store, stage, 10)


def test_a_database_that_is_dropped_is_made_again(store: Store, clickhouse_url: str, tmp_path: Path) -> None:
    stage = Stage(StoreLink(clickhouse_url, store.database, tmp_path, 30), tmp_path / "spool")
    stage.shipper.offer(event_block(10))
    eventually(lambda: stage.total("kept"), lambda kept: kept == 10)
    store.with_database("default").command(f"DROP DATABASE {store.database} SYNC")
    stage.shipper.offer(event_block(10, first=10))
    eventually(lambda: stage.total("kept"), lambda kept: kept == 20)
    stage.shipper.stop(10)
    assert stored(store) == {"rows": 10, "events": 10}


def test_data_that_is_refused_is_given_up_alone(store: Store, flaky: FlakyStore, tmp_path: Path) -> None:
    store.command("ALTER TABLE inference_events ADD CONSTRAINT sound CHECK model != 'bad'")
    stage = Stage(SteadyLink(flaky), tmp_path)
    flaky.away = True
    stage.shipper.offer(event_block(10))
    stage.shipper.offer(event_block(7, first=10, model="bad"))
    stage.shipper.offer(event_block(5, first=17))
    flaky.away = False
    eventually(lambda: stage.total("rejected"), lambda rejected: rejected == 7)
    stage.shipper.offer(event_block(5, first=22))
    eventually(lambda: stage.total("kept"), lambda kept: kept == 20)
    stage.shipper.stop(10)
    assert stored(store) == {"rows": 20, "events": 20}
    assert counted(store) == {"seen": 27, "kept": 20, "unsampled": 0, "dropped": {"rejected": 7}}
    assert stage.shipper.stats().segments == 0


def test_segments_that_vanish_or_become_unreadable_do_not_hold_up_the_others(
    store: Store, flaky: FlakyStore, tmp_path: Path
) -> None:
    flaky.away = True
    stage = Stage(SteadyLink(flaky), tmp_path, segment_events=10)
    for number in range(4):
        stage.shipper.offer(event_block(10, first=10 * number))
    eventually(lambda: stage.shipper.stats().retries, lambda retries: retries > 0)
    vanished, unreadable, *_ = sorted(tmp_path.glob("*.segment"))
    vanished.unlink()
    unreadable.write_bytes(b"something else altogether")
    flaky.away = False
    eventually(lambda: stage.total("kept"), lambda kept: kept == 20)
    stage.shipper.stop(10)
    assert stored(store) == {"rows": 20, "events": 20}
    assert counted(store) == {"seen": 40, "kept": 20, "unsampled": 0, "dropped": {"spool_corrupt": 20}}
    assert unreadable.with_name(unreadable.name + ".damaged").exists()
    assert stage.shipper.stats().spool_bytes == 0


def test_connections_cut_anywhere_lose_nothing_and_double_nothing(
    store: Store, clickhouse_url: str, tmp_path: Path
) -> None:
    rng = random.Random(5)
    parts = urlsplit(clickhouse_url)
    assert parts.port is not None
    with CuttingProxy(parts.port) as proxy:
        url = clickhouse_url.replace(f":{parts.port}", f":{proxy.port}")
        stage = Stage(StoreLink(url, store.database, tmp_path, 30), tmp_path / "spool", segment_events=500)
        offered = 0
        deadline = time.monotonic() + 60
        while proxy.cuts < 10:
            assert time.monotonic() < deadline
            if proxy.upward is None and proxy.downward is None:
                if rng.random() < 0.5:
                    proxy.upward = rng.randrange(60_000)
                else:
                    proxy.downward = rng.randrange(3_000)
            stage.shipper.offer(event_block(20, first=offered))
            offered += 20
            time.sleep(0.01)
        proxy.upward = proxy.downward = None
        assert_arrives(store, stage, offered)
        assert stage.shipper.stats().retries > 2


def test_an_insert_that_still_runs_is_waited_for(
    store: Store, flaky: FlakyStore, tmp_path: Path, slow_view: None
) -> None:
    flaky.lost_answers = 0
    impatient = ImpatientStore(flaky, 0.5)
    stage = Stage(SteadyLink(impatient), tmp_path)
    stage.shipper.offer(event_block(10))
    stats = eventually(stage.shipper.stats, lambda stats: "still works" in stats.last_error)
    assert stats.retries >= 1
    assert_arrives(store, stage, 10)


class ImpatientStore(Store):
    """Waits for an answer only so long."""

    def __init__(self, store: Store, seconds: float) -> None:
        super().__init__(store._url, store.database, timeout_seconds=seconds)


@pytest.fixture
def slow_view(store: Store) -> Iterator[None]:
    """Every insert of events takes two seconds more."""
    store.command(
        "CREATE MATERIALIZED VIEW slow ENGINE = Null AS SELECT sleepEachRow(0.2) AS s FROM inference_events"
    )
    yield
    store.command("DROP VIEW slow")


def test_only_what_the_same_data_meets_again_is_a_refusal() -> None:
    many = "ClickHouse error 252: Too many partitions for single INSERT block (more than 100)"
    parts = "ClickHouse error 252: Too many parts (3000) in table"
    assert refuses_data(StoreQueryFailed(many, 252))
    assert not refuses_data(StoreQueryFailed(parts, 252))
    assert refuses_data(StoreQueryFailed("a value does not fit its column", None))
    assert refuses_data(StoreQueryFailed("constraint", 469))
    for code in (60, 81, 159, 164, 202, 241, 242, 243, 319, 497, 999, 1001, 100_000):
        assert not refuses_data(StoreQueryFailed("condition", code))
