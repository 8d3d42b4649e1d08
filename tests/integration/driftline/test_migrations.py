"""Migrations: again, at once, half done, and from the future."""

from __future__ import annotations

import threading

import pytest

from driftline.errors import StoreError
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.migrations import migrate, migrations

TABLES = {
    "actions",
    "baselines",
    "contracts",
    "episodes",
    "findings",
    "inference_events",
    "labels",
    "migrations",
    "performance",
    "profiles",
    "windows",
}


def tables(store: Store) -> set[str]:
    return {
        row["name"]
        for row in store.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    }


@pytest.fixture
def empty(clickhouse_url: str, settings: Settings) -> Store:
    return Store(clickhouse_url, settings.clickhouse_database)


def test_from_nothing_to_the_newest(empty: Store) -> None:
    assert migrate(empty) == max(migrations())
    assert tables(empty) >= TABLES
    assert empty.scalar("SELECT max(number) FROM migrations") == max(migrations())


def test_again_changes_nothing_and_keeps_data(empty: Store) -> None:
    migrate(empty)
    empty.insert("labels", {"model": ["m"], "event_id": ["e"], "label": ["a"]})
    before = tables(empty)
    assert migrate(empty) == max(migrations())
    assert tables(empty) == before
    assert empty.scalar("SELECT count() FROM labels") == 1
    assert empty.scalar("SELECT count() FROM migrations") == len(migrations())


def test_several_at_once_all_succeed(clickhouse_url: str, settings: Settings) -> None:
    results: list[int | BaseException] = []

    def run() -> None:
        store = Store(clickhouse_url, settings.clickhouse_database)
        try:
            results.append(migrate(store))
        except StoreError as error:
            results.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [max(migrations())] * 4


def test_a_migration_that_stopped_half_way_is_done_again(empty: Store) -> None:
    migrate(empty)
    empty.command("DROP TABLE windows SYNC")
    empty.command("DELETE FROM migrations WHERE number >= 2")
    assert migrate(empty) == max(migrations())
    assert "windows" in tables(empty)


def test_a_database_of_a_newer_version_is_refused(empty: Store) -> None:
    migrate(empty)
    empty.insert("migrations", {"number": [max(migrations()) + 5]})
    with pytest.raises(StoreError, match="written by a newer Driftline") as caught:
        migrate(empty)
    assert "upgrade" in caught.value.message


def test_the_retention_of_events_is_the_setting(empty: Store) -> None:
    migrate(empty, event_ttl_days=7)
    shown = str(empty.scalar("SHOW CREATE TABLE inference_events"))
    assert "toIntervalDay(7)" in shown
