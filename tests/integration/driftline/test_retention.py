"""Rows past their retention go, and a changed setting changes tables that exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from driftline.settings import Settings
from driftline.store import Store, retention
from driftline.store.migrations import migrate
from driftline.store.retention import apply_retention, kept_tables
from driftline.store.sql import load_sql
from service import server

NOW = datetime.now(UTC)
SYNC = {"mutations_sync": 1}


def kept_days(store: Store, settings: Settings) -> dict[str, int]:
    tables = [table.name for table in kept_tables(settings)]
    rows = store.query(load_sql(retention.__file__, "retention_now"), {"tables": tables})
    return {row["name"]: row["days"] for row in rows}


def profiles(ages_days: list[int]) -> dict[str, list[object]]:
    starts = [NOW - timedelta(days=age) for age in ages_days]
    return {
        "model": ["m"] * len(starts),
        "baseline_id": ["b"] * len(starts),
        "field": ["f"] * len(starts),
        "window_start": list(starts),
        "computed_at": [NOW] * len(starts),
    }


def labels(ages_days: list[int]) -> dict[str, list[object]]:
    return {
        "model": ["m"] * len(ages_days),
        "event_id": [f"e{age}" for age in ages_days],
        "label": ["a"] * len(ages_days),
        "received_at": [NOW - timedelta(days=age) for age in ages_days],
    }


def ages(store: Store, table: str, column: str) -> list[int]:
    moment = {"now": NOW}
    rows = store.query(
        f"SELECT dateDiff('day', {column}, {{now:DateTime64(3, 'UTC')}}) AS age FROM {table} ORDER BY age",
        moment,
    )
    return [row["age"] for row in rows]


def test_the_settings_reach_the_tables_once(store: Store, settings: Settings) -> None:
    assert kept_days(store, settings) == {
        "inference_events": 30,
        "labels": 0,
        "payloads": 30,
        "profiles": 0,
    }
    assert apply_retention(store, settings) == ["labels", "profiles"]
    assert kept_days(store, settings)["profiles"] == 400
    assert apply_retention(store, settings) == []


def test_a_changed_setting_changes_existing_tables(store: Store, settings: Settings) -> None:
    apply_retention(store, settings)
    longer = settings.model_copy(update={"event_ttl_days": 60, "profile_ttl_days": 100})
    assert apply_retention(store, longer) == ["inference_events", "payloads", "profiles"]
    assert kept_days(store, longer) == {
        "inference_events": 60,
        "labels": 400,
        "payloads": 60,
        "profiles": 100,
    }


def test_migrating_with_other_settings_changes_nothing(store: Store, settings: Settings) -> None:
    apply_retention(store, settings.model_copy(update={"event_ttl_days": 60}))
    migrate(store, event_ttl_days=7)
    assert kept_days(store, settings)["inference_events"] == 60


@pytest.mark.parametrize("how", ["OPTIMIZE TABLE {} FINAL", "ALTER TABLE {} MATERIALIZE TTL"])
def test_rows_past_their_days_go(store: Store, settings: Settings, how: str) -> None:
    store.insert("labels", labels([0, 8, 12]))
    store.insert("profiles", profiles([0, 3, 6]))
    apply_retention(
        store,
        settings.model_copy(update={"event_ttl_days": 5, "label_ttl_days": 10, "profile_ttl_days": 5}),
    )
    for table in ("labels", "profiles"):
        store.command(how.format(table), settings=SYNC)
        store.command(f"OPTIMIZE TABLE {table} FINAL")
    assert ages(store, "labels", "received_at") == [0, 8]
    assert ages(store, "profiles", "window_start") == [0, 3]


def test_labels_that_stay_keep_the_block_they_came_in(store: Store, settings: Settings) -> None:
    """The join of labels with events goes by block numbers: a deletion must not make old labels new."""
    for age in (12, 8, 0):
        store.insert("labels", labels([age]))
    blocks = "SELECT event_id, _block_number AS block FROM labels ORDER BY block"
    before = store.query(blocks)
    apply_retention(store, settings.model_copy(update={"event_ttl_days": 5, "label_ttl_days": 10}))
    store.command("ALTER TABLE labels MATERIALIZE TTL", settings=SYNC)
    store.command("OPTIMIZE TABLE labels FINAL")
    assert store.query(blocks) == before[1:]


def test_serve_applies_them(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, int]] = []
    monkeypatch.setattr(server, "_run", lambda *_: seen.append(kept_days(store, settings)))
    server.serve(settings.model_copy(update={"api_port": 0, "label_ttl_days": 77}))
    assert [one["labels"] for one in seen] == [77]
