"""One way to ClickHouse: a small pool of native-protocol connections with our own error tree."""

from __future__ import annotations

import logging
import queue
import re
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from clickhouse_driver import Client
from clickhouse_driver import errors as driver_errors

from driftline.errors import InvalidSettings, StoreQueryFailed, StoreUnavailable, StoreVersionTooOld
from driftline.store.sql import quote_identifier

Rows = list[dict[str, Any]]
Columns = dict[str, Sequence[Any]]

CONSTANTS = "constants"
"""Name under which a query finds the constants sent along with it: a table of one row."""

MINIMUM_VERSION = (24, 8)
"""Oldest ClickHouse whose behaviour the queries rely on (argMax over tuples, server-side array values)."""

_UNKNOWN_DATABASE = 81
_REFUSED_LOGIN = {192, 193, 194, 516}
"""UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED"""

# The driver logs a traceback for every refused connection; the store raises one clear error instead.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)


class Store:
    """A ClickHouse database: queries in, rows out, columns inserted.

    Safe to share between threads; each call borrows one connection. Values travel server-side as
    ``{name:Type}`` parameters and are never formatted into the text.

    Parameters
    ----------
    url
        ``clickhouse://user:password@host:port/``; ``clickhouses://`` for TLS.
    database
        Database of Driftline's tables.
    """

    def __init__(
        self, url: str, database: str, *, timeout_seconds: float = 300.0, pool_size: int = 8
    ) -> None:
        self._url = _checked_url(url)
        self.database = database
        self._timeout_seconds = timeout_seconds
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue(maxsize=pool_size)

    @property
    def address(self) -> str:
        """Host and port, without credentials, for messages."""
        parts = urlsplit(self._url)
        return f"{parts.hostname}:{parts.port or 9000}"

    def with_database(self, database: str) -> Store:
        """A store on the same server with another database."""
        return Store(self._url, database, timeout_seconds=self._timeout_seconds)

    def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        query_id: str | None = None,
    ) -> Rows:
        """Run a reading statement and return its rows as dictionaries.

        A connection that broke is replaced and the statement sent once more, so ``query`` is for
        statements that may run twice; :meth:`command` and :meth:`insert` never repeat by themselves.
        """
        rows, types = self._read(sql, params, settings=settings, query_id=query_id)
        names = [name for name, _ in types]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def query_columns(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        constants: Mapping[str, tuple[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Columns:
        """Run a reading statement and return its columns: for results of many rows or long arrays.

        Like :meth:`query` it may run twice.

        Parameters
        ----------
        constants
            Column name to ClickHouse type and value of the one row of a table ``constants`` that travels
            with the query: arrays too long to be written into its text.
        settings
            With ``strings_as_bytes`` strings are returned as they are stored, and have to be ``bytes`` in
            the constants too.

        Returns
        -------
        dict
            Column name to a sequence with a value a row.
        """
        tables = []
        if constants:
            structure = [(name, kind) for name, (kind, _) in constants.items()]
            row = {name: value for name, (_, value) in constants.items()}
            tables = [{"name": CONSTANTS, "structure": structure, "data": [row]}]
        columns, types = self._read(sql, params, settings=settings, columnar=True, external_tables=tables)
        names = [name for name, _ in types]
        return dict(zip(names, columns or [()] * len(names), strict=True))

    def _read(self, sql: str, params: Mapping[str, Any] | None, **options: Any) -> tuple[Any, Any]:
        """Data and column types of a reading statement, which is sent again over a new connection."""
        for last in (False, True):
            try:
                with self._connection() as client:
                    data, types = client.execute(sql, _bound(params), with_column_types=True, **options)
                return data, types
            except StoreUnavailable:
                if last:
                    raise
                self._drop_idle()
        raise AssertionError("the second attempt returns or raises")

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or ``None`` when there is no row."""
        rows = self.query(sql, params)
        return next(iter(rows[0].values())) if rows else None

    def command(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a statement that changes something and returns nothing."""
        with self._connection() as client:
            client.execute(sql, _bound(params), settings=settings)

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], *, token: str | None = None) -> int:
        """Insert columns of equal length in one block and return the number of rows.

        Parameters
        ----------
        table
            Table of this store's database.
        columns
            Column name to values; values that ClickHouse cannot take raise :class:`StoreQueryFailed`.
        token
            Deduplication token: a repeated insert with the same token counts once on tables that keep
            a deduplication window.
        """
        lengths = {len(values) for values in columns.values()}
        if len(lengths) != 1:
            raise ValueError(f"columns of unequal length {sorted(lengths)} for table {table}")
        rows = lengths.pop()
        if rows == 0:
            return 0
        names = ", ".join(quote_identifier(name) for name in columns)
        settings: dict[str, Any] = {"insert_deduplication_token": token} if token else {}
        try:
            self._send(table, names, columns, settings)
        except (AttributeError, TypeError, ValueError, ArithmeticError, struct.error) as error:
            # The driver has an error of its own for some wrong values only.
            raise StoreQueryFailed(f"a value does not fit its column of table {table}: {error}") from error
        return rows

    def _send(
        self, table: str, names: str, columns: Mapping[str, Sequence[Any]], settings: dict[str, Any]
    ) -> None:
        with self._connection() as client:
            client.execute(
                f"INSERT INTO {quote_identifier(table)} ({names}) VALUES",
                [list(values) for values in columns.values()],
                columnar=True,
                settings=settings,
            )

    def insert_rows(self, table: str, rows: Sequence[Mapping[str, Any]], *, token: str | None = None) -> int:
        """Insert dictionaries with the same keys; see :meth:`insert`."""
        if not rows:
            return 0
        return self.insert(table, {name: [row[name] for row in rows] for name in rows[0]}, token=token)

    def version(self) -> tuple[int, ...]:
        """Version of the server, for example ``(26, 9, 2, 1)``."""
        return tuple(int(part) for part in re.findall(r"\d+", str(self.scalar("SELECT version()"))))

    def require_version(self, minimum: tuple[int, ...] = MINIMUM_VERSION) -> None:
        """Raise :class:`StoreVersionTooOld` when the server is older than ``minimum``."""
        found = self.version()
        if found < minimum:
            raise StoreVersionTooOld(
                f"ClickHouse at {self.address} is version {'.'.join(map(str, found))}; Driftline needs "
                f"{'.'.join(map(str, minimum))} or newer: upgrade it or unset DRIFTLINE_CLICKHOUSE_URL"
            )

    def close(self) -> None:
        """Close every idle connection."""
        self._drop_idle()

    @contextmanager
    def _connection(self) -> Iterator[Client]:
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._connect()
        healthy = False
        try:
            yield client
            healthy = True
        except driver_errors.ServerException as error:
            healthy = True
            raise self._server_error(error) from error
        except (
            driver_errors.NetworkError,
            EOFError,
            OSError,
            driver_errors.SocketTimeoutError,
            driver_errors.ChecksumDoesntMatchError,
            driver_errors.UnexpectedPacketFromServerError,
            driver_errors.UnknownPacketFromServerError,
        ) as error:
            raise self._unavailable(error) from error
        except driver_errors.Error as error:
            raise StoreQueryFailed(f"the ClickHouse driver refused the data: {error}") from error
        finally:
            if healthy:
                self._put_back(client)
            else:
                client.disconnect()

    def _connect(self) -> Client:
        parts = urlsplit(self._url)
        return Client(
            host=parts.hostname,
            port=parts.port or (9440 if parts.scheme == "clickhouses" else 9000),
            user=_unquoted(parts.username) or "default",
            password=_unquoted(parts.password),
            database=self.database,
            secure=parts.scheme == "clickhouses",
            client_name="driftline",
            connect_timeout=5,
            send_receive_timeout=self._timeout_seconds,
            sync_request_timeout=5,
            tcp_keepalive=True,
            settings={"server_side_params": True},
        )

    def _put_back(self, client: Client) -> None:
        try:
            self._idle.put_nowait(client)
        except queue.Full:
            client.disconnect()

    def _drop_idle(self) -> None:
        while True:
            try:
                self._idle.get_nowait().disconnect()
            except queue.Empty:
                return

    def _server_error(self, error: driver_errors.ServerException) -> Exception:
        text = _first_line(str(error.message))
        if error.code == _UNKNOWN_DATABASE:
            return StoreQueryFailed(
                f"database {self.database!r} does not exist at {self.address}: run `driftline doctor`",
                error.code,
            )
        if error.code in _REFUSED_LOGIN:
            return StoreUnavailable(
                f"ClickHouse at {self.address} refused the user or password: check DRIFTLINE_CLICKHOUSE_URL"
            )
        return StoreQueryFailed(f"ClickHouse error {error.code}: {text}", error.code)

    def _unavailable(self, error: BaseException) -> StoreUnavailable:
        detail = _first_line(str(error)) or type(error).__name__
        if isinstance(error, (socket.timeout, driver_errors.SocketTimeoutError)):
            return StoreUnavailable(f"ClickHouse at {self.address} did not answer in time: {detail}")
        return StoreUnavailable(
            f"ClickHouse at {self.address} cannot be reached: {detail}; "
            "check that it runs and that DRIFTLINE_CLICKHOUSE_URL names its native port"
        )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        port_ok = False
        parts = urlsplit("")
    if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname or not port_ok:
        # The value is not shown: it may hold a password.
        raise InvalidSettings(
            "the ClickHouse URL must look like clickhouse://user:password@host:9000/ "
            "(clickhouses:// for TLS); the value received does not"
        )
    return url


def _bound(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Parameters as the driver may have them: it would cut moments to seconds, in the server's time zone."""
    return {name: _moments_as_text(value) for name, value in (params or {}).items()}


def _moments_as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone, got {value!r}")
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, (list, tuple)):
        return [_moments_as_text(item) for item in value]
    return value


def _unquoted(value: str | None) -> str:
    return unquote(value) if value else ""


def _first_line(text: str) -> str:
    return text.split(". Stack trace:")[0].split("\n")[0].removeprefix("DB::Exception: ")[:500]
