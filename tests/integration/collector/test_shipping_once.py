"""Rows counted in ClickHouse before they are sent again: whatever an attempt left, the sum is right."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from collector.shipping import tables
from collector.shipping.insert_once import insert_once, missing
from collector.shipping.tables import COVERAGE, EVENTS, PAYLOADS, select
from driftline.errors import StoreUnavailable
from driftline.events import EventBlock, event_columns
from driftline.store import Store
from tests.integration.collector.flaky import stored
from tests.seeding.event_blocks import STARTED_MS, event_block

WEEK_MS = 7 * 86_400_000


def columns(rows: int, first: int = 0, **changes: Sequence[Any]) -> dict[str, list[Any]]:
    block = event_block(rows, first=first, slots=2)
    values = {name: getattr(block, name) for name in block.__slots__}
    return event_columns([EventBlock(**values | changes)])


def test_what_an_earlier_attempt_stored_in_part_is_completed(store: Store) -> None:
    everything = columns(50)
    insert_once(store, EVENTS, select(everything, range(10, 30)), "another", uncertain=False)
    assert missing(store, EVENTS, everything) == [*range(10), *range(30, 50)]
    insert_once(store, EVENTS, everything, "token", uncertain=True)
    assert stored(store) == {"rows": 50, "events": 50}
    insert_once(store, EVENTS, everything, "token", uncertain=True)
    assert stored(store) == {"rows": 50, "events": 50}


def test_a_token_that_is_remembered_without_its_rows_loses_nothing(store: Store) -> None:
    # What a server leaves that notes tokens before it commits, and is killed between the two.
    rows = columns(20)
    insert_once(store, EVENTS, rows, "token", uncertain=False)
    store.command("ALTER TABLE inference_events DELETE WHERE 1 SETTINGS mutations_sync = 1")
    insert_once(store, EVENTS, rows, "token", uncertain=False)
    assert stored(store)["rows"] == 0
    insert_once(store, EVENTS, rows, "token", uncertain=True)
    assert stored(store) == {"rows": 20, "events": 20}


def test_rows_beyond_the_ttl_do_not_hold_up_the_others(store: Store) -> None:
    old = columns(5, ts_ms=[STARTED_MS - 60 * WEEK_MS + row for row in range(5)])
    store.command("OPTIMIZE TABLE inference_events FINAL")
    insert_once(store, EVENTS, old, "old", uncertain=True)
    insert_once(store, EVENTS, columns(5, first=5), "new", uncertain=True)
    store.command("OPTIMIZE TABLE inference_events FINAL")
    assert stored(store) == {"rows": 5, "events": 5}


def test_every_partition_is_an_insert_of_its_own(store: Store) -> None:
    weeks = [STARTED_MS - week * WEEK_MS for week in (0, 1, 2) for _ in range(4)]
    rows = columns(12, ts_ms=weeks)
    insert_once(store, EVENTS, rows, "token", uncertain=False)
    insert_once(store, EVENTS, rows, "token", uncertain=False)
    assert stored(store) == {"rows": 12, "events": 12}
    parts = store.query(
        "SELECT partition, sum(rows) AS rows FROM system.parts "
        "WHERE database = currentDatabase() AND table = 'inference_events' AND active GROUP BY partition"
    )
    assert [row["rows"] for row in parts] == [4, 4, 4]


def test_the_partitions_are_those_of_the_tables(store: Store) -> None:
    rng = np.random.default_rng(3)
    ts_ms = rng.integers(0, 4_000_000_000_000, 400)
    ts_ms[:6] = [0, 4 * 86_400_000 - 1, 4 * 86_400_000, 1_709_251_199_999, 1_709_251_200_000, 951_782_400_000]
    found = store.query(
        "SELECT toInt64(toRelativeWeekNum(t)) AS week, toInt64(toRelativeMonthNum(t)) AS month FROM "
        "(SELECT arrayJoin({ts:Array(Int64)}) AS ms, fromUnixTimestamp64Milli(ms, 'UTC') AS t)",
        {"ts": ts_ms.tolist()},
    )
    for name, ours in (("week", EVENTS.partition(ts_ms)), ("month", COVERAGE.partition(ts_ms))):
        theirs = np.array([row[name] for row in found])
        assert np.array_equal(theirs - theirs[0], ours - ours[0])


@pytest.mark.parametrize("rows_a_question", [3, 5000])
def test_ids_that_users_give_may_repeat_and_be_odd(
    store: Store, monkeypatch: pytest.MonkeyPatch, rows_a_question: int
) -> None:
    monkeypatch.setattr(tables, "_ROWS", rows_a_question)
    ids = ["1", "1", "1", "", "it's", 'a "b"', "tab\tnew\nline\\", "nul\x00", "ünïcode 🙂", "%s {x:Int8}"]
    # Three rows of one batched request: the same in everything that tells events apart.
    same: dict[str, list[Any]] = {
        "ts_ms": [STARTED_MS] * 10,
        "trace_id": [""] * 10,
        "latency_ms": [1.25] * 10,
    }
    rows = columns(10, event_id=ids, **same)  # type: ignore[arg-type]
    insert_once(store, EVENTS, select(rows, [0, 4, 7]), "before", uncertain=False)
    assert missing(store, EVENTS, rows) == [1, 2, 3, 5, 6, 8, 9]
    insert_once(store, EVENTS, rows, "token", uncertain=True)
    found = store.query("SELECT event_id, count() AS n FROM inference_events GROUP BY event_id")
    assert {row["event_id"]: row["n"] for row in found} == {name: ids.count(name) for name in ids}


def test_latencies_that_are_no_numbers_are_recognised(store: Store) -> None:
    odd = [float("nan"), float("inf"), 1e300, 0.1]
    rows = columns(4, latency_ms=odd)
    insert_once(store, EVENTS, rows, "token", uncertain=False)
    assert missing(store, EVENTS, rows) == []


def test_another_instance_with_the_same_ids_is_another(store: Store) -> None:
    insert_once(store, EVENTS, columns(5, instance=["other"] * 5), "token", uncertain=False)
    assert missing(store, EVENTS, columns(5)) == [0, 1, 2, 3, 4]


def test_payloads_and_coverage_are_told_apart_too(store: Store) -> None:
    payloads: dict[str, list[Any]] = {
        "model": ["m"] * 3,
        "ts": [STARTED_MS] * 3,
        "event_id": ["1", "1", "2"],
        "field": ["text"] * 3,
        "datatype": ["BYTES"] * 3,
        "shape": [[1]] * 3,
        "body": ["ü", "ü", "x"],
    }
    insert_once(store, PAYLOADS, select(payloads, [1]), "before", uncertain=False)
    insert_once(store, PAYLOADS, payloads, "token", uncertain=True)
    assert store.scalar("SELECT count() FROM payloads") == 3
    month_ends = 1_793_491_200_000
    coverage: dict[str, list[Any]] = {
        "ts": [month_ends - 1, month_ends, month_ends],
        "model": ["m"] * 3,
        "version": ["1"] * 3,
        "instance": ["i"] * 3,
        "tap": ["client", "client", "splice"],
        "seen": [5, 5, 9],
        "kept": [5, 5, 0],
        "unsampled": [0, 0, 9],
        "dropped": [{}, {}, {"spool_full": 2}],
    }
    insert_once(store, COVERAGE, select(coverage, [0]), "before", uncertain=False)
    insert_once(store, COVERAGE, coverage, "token", uncertain=True)
    insert_once(store, COVERAGE, coverage, "token", uncertain=True)
    assert store.query("SELECT count() AS n, sum(seen) AS seen FROM coverage") == [{"n": 3, "seen": 19}]


def test_two_that_send_the_same_at_once_count_once(store: Store) -> None:
    # The client that lost its connection, whose insert still runs, and the one that comes after it.
    def send(rows: dict[str, list[Any]], token: str, uncertain: bool) -> None:
        with suppress(StoreUnavailable):  # it saw the other one and left it to a later attempt
            insert_once(store, EVENTS, rows, token, uncertain=uncertain)

    for attempt in range(20):
        job = columns(50, first=50 * attempt), f"token{attempt}"
        both = [threading.Thread(target=send, args=(*job, uncertain)) for uncertain in (False, True)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert stored(store) == {"rows": 1000, "events": 1000}
