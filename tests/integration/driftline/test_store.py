"""The store against a real ClickHouse: values come back as they went in, failures as our own errors."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from driftline.engine.config import free_port
from driftline.errors import (
    InvalidSettings,
    StoreError,
    StoreQueryFailed,
    StoreUnavailable,
    StoreVersionTooOld,
)
from driftline.settings import Settings
from driftline.store import Store
from driftline.store.opening import open_scratch_store, open_store
from driftline.store.sql import quote_identifier, quote_string

PASSWORD = "hunter2-and-more"
EACH = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=50)


@EACH
@given(text=TEXT)
def test_a_text_parameter_comes_back(store: Store, text: str) -> None:
    assert store.scalar("SELECT {text:String}", {"text": text}) == text


@EACH
@given(texts=st.lists(TEXT))
def test_an_array_of_texts_comes_back(store: Store, texts: list[str]) -> None:
    assert list(store.scalar("SELECT {texts:Array(String)}", {"texts": texts})) == texts


@EACH
@given(numbers=st.lists(st.floats()), whole=st.integers(-(2**63), 2**63 - 1))
def test_numbers_come_back(store: Store, numbers: list[float], whole: int) -> None:
    row = store.query("SELECT {n:Array(Float64)} AS n, {w:Int64} AS w", {"n": numbers, "w": whole})[0]
    assert list(row["n"]) == pytest.approx(numbers, rel=1e-15, abs=0, nan_ok=True)
    assert row["w"] == whole


@EACH
@given(
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    )
)
def test_a_moment_comes_back(store: Store, moment: datetime) -> None:
    assert store.scalar("SELECT {moment:DateTime64(3, 'UTC')}", {"moment": moment}) == moment


def test_a_moment_is_the_same_in_any_time_zone(store: Store) -> None:
    moment = datetime(2026, 7, 1, 12, 0, 0, 1500, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    params = {"one": moment, "many": [moment]}
    sql = "SELECT {one:DateTime64(6, 'UTC')} AS one, {many:Array(DateTime64(6, 'UTC'))} AS many"
    assert store.query(sql, params) == [{"one": moment, "many": [moment]}]
    with pytest.raises(ValueError, match="needs a time zone"):
        store.query("SELECT {one:DateTime64(3, 'UTC')}", {"one": datetime(2026, 7, 1)})


@EACH
@given(text=TEXT)
def test_a_quoted_string_is_that_string(store: Store, text: str) -> None:
    assert store.scalar(f"SELECT {quote_string(text)}") == text


@EACH
@given(name=NAMES)
def test_a_quoted_identifier_is_that_name(store: Store, name: str) -> None:
    rows = store.query(f"SELECT 1 AS {quote_identifier(name)}")
    assert rows == [{name: 1}]


@EACH
@given(text=TEXT, numbers=st.lists(st.floats(allow_nan=False)), texts=st.lists(TEXT))
def test_inserted_values_come_back(store: Store, text: str, numbers: list[float], texts: list[str]) -> None:
    store.command("TRUNCATE TABLE inference_events")
    columns: dict[str, list[Any]] = {
        "model": [text],
        "ts": [datetime.now(UTC)],
        "event_id": [text],
        "numeric": [numbers],
        "categorical": [texts],
    }
    assert store.insert("inference_events", columns) == 1
    row = store.query("SELECT model, event_id, numeric, categorical FROM inference_events")[0]
    assert row == {"model": text, "event_id": text, "numeric": numbers, "categorical": texts}


class TestInsert:
    def test_the_same_token_counts_once(self, store: Store) -> None:
        for token in ("a", "a", "b", None, None):
            store.insert("inference_events", {"model": ["m"], "ts": [datetime.now(UTC)]}, token=token)
        assert store.scalar("SELECT count() FROM inference_events") == 4

    def test_the_same_token_counts_once_over_connections(self, settings: Settings, store: Store) -> None:
        assert settings.clickhouse_url is not None
        other = Store(settings.clickhouse_url.get_secret_value(), store.database)
        for one in (store, other):
            one.insert("inference_events", {"model": ["m"], "ts": [datetime.now(UTC)]}, token="t")
        other.close()
        assert store.scalar("SELECT count() FROM inference_events") == 1

    def test_nothing_is_nothing(self, store: Store) -> None:
        assert store.insert("labels", {"model": [], "label": []}) == 0
        assert store.insert_rows("labels", []) == 0

    def test_columns_of_unequal_length_are_a_mistake(self, store: Store) -> None:
        with pytest.raises(ValueError, match="unequal length"):
            store.insert("labels", {"model": ["a"], "label": []})

    @pytest.mark.parametrize(
        "columns",
        [
            {"weight": ["heavy"]},
            {"weight": [None]},
            {"model": [None]},
            {"model": [7]},
            {"model": ["\ud800"]},
            {"numeric": [["x"]]},
            {"numeric": [1.0]},
            {"numeric": [[None]]},
            {"categorical": [[None]]},
            {"ts": ["yesterday"]},
            {"ts": [None]},
        ],
        ids=str,
    )
    def test_values_clickhouse_cannot_take_are_refused(
        self, store: Store, columns: dict[str, list[Any]]
    ) -> None:
        with pytest.raises(StoreQueryFailed):
            store.insert("inference_events", {"event_id": ["e"], **columns})
        assert store.scalar("SELECT count() FROM inference_events") == 0

    def test_an_unknown_table_or_column_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreQueryFailed) as caught:
            store.insert("nowhere", {"a": [1]})
        assert caught.value.clickhouse_code == 60
        with pytest.raises(StoreQueryFailed):
            store.insert("labels", {"nothing": ["a"]})


def test_rows_are_dictionaries_and_none_is_none(store: Store) -> None:
    assert store.query("SELECT number AS n FROM numbers(2)") == [{"n": 0}, {"n": 1}]
    assert store.scalar("SELECT 1 WHERE 0") is None
    assert math.isnan(store.scalar("SELECT nan"))


def test_a_query_that_fails_says_so_in_one_line(store: Store) -> None:
    with pytest.raises(StoreQueryFailed) as caught:
        store.query("SELECT nothing FROM nowhere")
    assert caught.value.clickhouse_code == 60
    assert "nowhere" in caught.value.message
    assert "Stack trace" not in caught.value.message
    assert "\n" not in caught.value.message
    assert store.scalar("SELECT 1") == 1


def test_a_missing_database_is_named(settings: Settings, store: Store) -> None:
    with pytest.raises(StoreQueryFailed, match="'absent' does not exist"):
        store.with_database("absent").query("SELECT 1")


def test_threads_share_a_store(store: Store) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        found.extend(store.scalar("SELECT {n:Int64}", {"n": number}) for _ in range(5))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(number for number in range(12) for _ in range(5))


def test_a_broken_idle_connection_is_replaced(store: Store) -> None:
    assert store.scalar("SELECT 1") == 1
    client = store._idle.get_nowait()
    client.connection.socket.shutdown(socket.SHUT_RDWR)
    store._idle.put_nowait(client)
    assert store.scalar("SELECT 2") == 2


class TestTrouble:
    def test_a_server_that_is_not_there(self) -> None:
        store = Store(f"clickhouse://user:{PASSWORD}@127.0.0.1:{free_port()}/", "d")
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:\d+ cannot be reached") as caught:
            store.query("SELECT 1")
        assert PASSWORD not in caught.value.message
        assert "DRIFTLINE_CLICKHOUSE_URL" in caught.value.message
        assert caught.value.retryable

    def test_a_host_that_does_not_exist(self) -> None:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            Store("clickhouse://no-such-host.invalid:9000/", "d").query("SELECT 1")

    @pytest.fixture
    def silent_port(self) -> Iterator[int]:
        """A server that takes connections and never answers."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]

    def test_a_server_that_does_not_answer(self, silent_port: int) -> None:
        store = Store(f"clickhouse://u:{PASSWORD}@127.0.0.1:{silent_port}/", "d", timeout_seconds=0.3)
        with pytest.raises(StoreUnavailable, match="did not answer in time") as caught:
            store.command("SELECT 1")
        assert PASSWORD not in caught.value.message

    def test_a_server_that_speaks_something_else(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer() -> None:
                for _ in range(2):
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(10)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            with pytest.raises(StoreUnavailable, match="native port"):
                Store(f"clickhouse://127.0.0.1:{server.getsockname()[1]}/", "d").query("SELECT 1")
            thread.join()

    @pytest.mark.parametrize("user", ["default", "nobody"])
    def test_a_wrong_password_or_user(self, clickhouse_url: str, user: str) -> None:
        parts = urlsplit(clickhouse_url)
        store = Store(f"clickhouse://{user}:{PASSWORD}@{parts.hostname}:{parts.port}/", "default")
        with pytest.raises(StoreUnavailable, match="refused the user or password") as caught:
            store.query("SELECT 1")
        assert PASSWORD not in caught.value.message

    @pytest.mark.parametrize(
        "url",
        [
            "",
            f"http://user:{PASSWORD}@host:8123/",
            f"clickhouse://user:{PASSWORD}@",
            f"clickhouse://user:{PASSWORD}@host:port/",
            f"clickhouse://user:{PASSWORD}@host:99999/",
            f"clickhouse://user:{PASSWORD}@host:0/",
            f"clickhouse://user:pa#{PASSWORD}@host:9000/",
            f"clickhouse://[{PASSWORD}",
        ],
    )
    def test_an_address_that_is_none(self, url: str) -> None:
        with pytest.raises(InvalidSettings, match="must look like") as caught:
            Store(url, "d")
        assert PASSWORD not in caught.value.message

    def test_an_old_server(self, store: Store) -> None:
        assert store.version() >= (24, 8)
        store.require_version()
        with pytest.raises(StoreVersionTooOld, match=r"needs 99\.0 or newer") as caught:
            store.require_version((99, 0))
        assert store.address in caught.value.message

    def test_every_trouble_is_one_of_ours(self) -> None:
        assert all(issubclass(one, StoreError) for one in (StoreUnavailable, StoreQueryFailed))


def test_opening_migrates_and_scratch_leaves_nothing(settings: Settings, tmp_path: Any) -> None:
    with open_store(settings) as store:
        assert store.scalar("SELECT count() FROM inference_events") == 0
    with open_scratch_store(settings, tmp_path) as scratch:
        name = scratch.database
        assert name != settings.clickhouse_database
        scratch.insert("labels", {"model": ["m"]})
    with open_store(settings) as store:
        databases = {row["name"] for row in store.query("SELECT name FROM system.databases")}
        assert name not in databases
        assert settings.clickhouse_database in databases


def test_a_password_with_odd_characters_is_unquoted() -> None:
    store = Store("clickhouse://us%40er:p%2Fw%23@host/", "d")
    client = store._connect()
    assert (client.connection.user, client.connection.password) == ("us@er", "p/w#")
    assert store.address == "host:9000"
