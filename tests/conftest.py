"""Fixtures every kind of test shares: one real ClickHouse per worker, one database per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from driftline.engine import EmbeddedClickHouse
from driftline.logs import configure_logs
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.migrations import migrate
from driftline.store.sql import quote_identifier

# Machines are shared and noisy: how long an example takes says nothing about what is tested. The examples
# are the same every time, so that a change is judged by what it changes; the profile "search" finds others.
hypothesis_settings.register_profile(
    "shared", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
hypothesis_settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=1000
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "shared"))


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    configure_logs("warning", "json")


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server: ``DRIFTLINE_TEST_CLICKHOUSE_URL`` when set, else an embedded engine of this worker."""
    given = os.environ.get("DRIFTLINE_TEST_CLICKHOUSE_URL")
    if given:
        yield given
        return
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse"), memory_mib=3072) as engine:
        yield engine.url


@pytest.fixture
def settings(clickhouse_url: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings that use a fresh database of that server and a fresh state folder."""
    database = f"test_{uuid4().hex}"
    yield Settings(
        clickhouse_url=SecretStr(clickhouse_url), clickhouse_database=database, state_dir=tmp_path / "state"
    )
    server = Store(clickhouse_url, "default")
    server.command(f"DROP DATABASE IF EXISTS {quote_identifier(database)} SYNC")
    server.close()


@pytest.fixture
def store(clickhouse_url: str, settings: Settings) -> Iterator[Store]:
    """A migrated store in the database of ``settings``."""
    store = Store(clickhouse_url, settings.clickhouse_database)
    migrate(store)
    yield store
    store.close()
