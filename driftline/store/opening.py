"""Open the store that the settings ask for: a server by URL, or the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from driftline.engine.supervisor import EmbeddedClickHouse, running_engine_url
from driftline.settings import Settings
from driftline.store.client import Store
from driftline.store.migrations import migrate
from driftline.store.sql import quote_identifier


@contextmanager
def open_store(settings: Settings, *, own_engine: bool = False) -> Iterator[Store]:
    """Yield a migrated store.

    Parameters
    ----------
    settings
        ``clickhouse_url`` names a server; without it the engine of ``state_dir`` is used: the one that
        runs already, else one that is started now and stopped at the end.
    own_engine
        Refuse an engine that another process runs, as ``driftline serve`` does: it must not lose its
        database when that process ends.
    """
    if settings.clickhouse_url is not None:
        with _migrated(settings.clickhouse_url.get_secret_value(), settings) as store:
            yield store
        return
    if not own_engine:
        url = running_engine_url(settings.state_dir)
        if url is not None:
            with _migrated(url, settings) as store:
                yield store
            return
    with _engine(settings, settings.state_dir) as engine, _migrated(engine.url, settings) as store:
        yield store


@contextmanager
def open_scratch_store(settings: Settings, scratch_dir: Path) -> Iterator[Store]:
    """Yield a migrated store in a database that is dropped at the end, for work that leaves no trace.

    On a server it is a database of its own; without one, an engine in ``scratch_dir``.
    """
    if settings.clickhouse_url is None:
        with _engine(settings, scratch_dir) as engine, _migrated(engine.url, settings) as store:
            yield store
        return
    scratch = settings.model_copy(update={"clickhouse_database": f"driftline_scratch_{uuid4().hex}"})
    url = settings.clickhouse_url.get_secret_value()
    with _migrated(url, scratch) as store:
        try:
            yield store
        finally:
            store.with_database("default").command(
                f"DROP DATABASE IF EXISTS {quote_identifier(store.database)} SYNC"
            )


def _engine(settings: Settings, state_dir: Path) -> EmbeddedClickHouse:
    return EmbeddedClickHouse(
        state_dir, engine=settings.clickhouse_engine, memory_mib=settings.clickhouse_memory_mib
    )


@contextmanager
def _migrated(url: str, settings: Settings) -> Iterator[Store]:
    store = Store(url, settings.clickhouse_database)
    try:
        migrate(store, event_ttl_days=settings.event_ttl_days)
        yield store
    finally:
        store.close()
