"""Results as columns, and constants that travel with a query."""

from __future__ import annotations

import socket

import pytest

from driftline.errors import StoreQueryFailed
from driftline.store import Store


def test_results_are_columns(store: Store) -> None:
    found = store.query_columns(
        "SELECT number AS n, toString(number) AS text, range(number) AS upto FROM numbers({count:UInt32})",
        {"count": 3},
    )
    assert {name: list(values) for name, values in found.items()} == {
        "n": [0, 1, 2],
        "text": ["0", "1", "2"],
        "upto": [[], [0], [0, 1]],
    }
    nothing = store.query_columns("SELECT 1 AS a, 2 AS b WHERE 0")
    assert {name: len(values) for name, values in nothing.items()} == {"a": 0, "b": 0}


def test_constants_travel_with_a_query(store: Store) -> None:
    edges, names = [float(i) for i in range(200_000)], ["a'b", "\\", "ü", "\x00"]
    found = store.query_columns(
        "SELECT (SELECT sum(arraySum(edges)) FROM constants) AS total, "
        "(SELECT names FROM constants) AS names",
        constants={"edges": ("Array(Float64)", edges), "names": ("Array(String)", names)},
    )
    assert found["total"][0] == sum(edges)
    assert list(found["names"][0]) == names


def test_strings_can_be_had_as_they_are_stored(store: Store) -> None:
    found = store.query_columns("SELECT unhex('00ff00') AS raw", settings={"strings_as_bytes": True})
    assert found["raw"][0] == b"\x00\xff\x00"


def test_a_column_query_survives_a_broken_connection_and_reports_what_failed(store: Store) -> None:
    assert store.scalar("SELECT 1") == 1
    client = store._idle.get_nowait()
    client.connection.socket.shutdown(socket.SHUT_RDWR)
    store._idle.put_nowait(client)
    constants = {"n": ("UInt8", 3)}
    assert store.query_columns("SELECT n FROM constants", constants=constants)["n"][0] == 3
    with pytest.raises(StoreQueryFailed, match="nothing_of_that_name"):
        store.query_columns("SELECT nothing_of_that_name")
