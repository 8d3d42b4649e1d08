"""Numbered ``.sql`` migrations, applied in order, each recorded when all its statements have run."""

from __future__ import annotations

import re
from importlib import resources

from driftline.errors import StoreError
from driftline.logs import get_logger
from driftline.store.client import Store
from driftline.store.sql import quote_identifier, split_statements

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_log = get_logger(__name__)


def migrations() -> dict[int, str]:
    """Number to script of every migration, in order."""
    found = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        match = _NAME.fullmatch(entry.name)
        if match:
            found[int(match[1])] = entry.read_text(encoding="utf-8")
    return found


def migrate(store: Store, *, event_ttl_days: int = 30) -> int:
    """Create the database and bring its tables to the newest migration; return its number.

    Every statement is written so that running it twice is harmless: two processes that start at once
    both succeed. A database from a newer Driftline is refused instead of being half understood.
    """
    server = store.with_database("default")
    server.require_version()
    server.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(store.database)}")
    server.close()
    store.command(
        "CREATE TABLE IF NOT EXISTS migrations "
        "(number UInt32, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) "
        "ENGINE = ReplacingMergeTree ORDER BY number"
    )
    applied = int(store.scalar("SELECT max(number) FROM migrations") or 0)
    known = migrations()
    newest = max(known)
    if applied > newest:
        raise StoreError(
            f"database {store.database!r} at {store.address} was written by a newer Driftline "
            f"(migration {applied}, this one knows {newest}): upgrade Driftline"
        )
    for number, script in known.items():
        if number <= applied:
            continue
        for statement in split_statements(script):
            store.command(statement.replace("{event_ttl_days}", str(int(event_ttl_days))))
        store.insert("migrations", {"number": [number]})
        _log.info("migration applied", number=number, database=store.database)
    return newest
