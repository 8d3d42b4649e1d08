"""Rows of a table as the payload of a record: its columns as JSON, times in Unix milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from driftline.events import RawPayload

Columns = Mapping[str, Sequence[Any]]
"""Column name to values, each of the same length."""


def encode_columns(columns: Columns) -> list[bytes]:
    """Payload of ``columns``; moments become Unix milliseconds."""
    return [orjson.dumps({name: as_milliseconds(values) for name, values in columns.items()}, default=list)]


def decode_columns(payload: memoryview) -> dict[str, list[Any]]:
    """The inverse of :func:`encode_columns`.

    Raises
    ------
    TypeError, ValueError
        Not columns of equal length.
    """
    columns: dict[str, list[Any]] = orjson.loads(payload)
    if len({len(values) for values in columns.values()}) != 1:
        raise ValueError("the columns of a record are of unequal length")
    return columns


def merged(records: Sequence[Columns]) -> dict[str, list[Any]]:
    """The rows of all ``records``, which have the same columns."""
    names = records[0] if records else ()
    return {name: list(chain.from_iterable(record[name] for record in records)) for name in names}


def payload_columns(model: str, payloads: Sequence[RawPayload]) -> dict[str, list[Any]]:
    """Columns of the table ``payloads``."""
    return {
        "model": [model] * len(payloads),
        "ts": [payload.ts_ms for payload in payloads],
        "event_id": [payload.event_id for payload in payloads],
        "field": [payload.field for payload in payloads],
        "datatype": [payload.datatype for payload in payloads],
        "shape": [list(payload.shape) for payload in payloads],
        "body": [payload.body for payload in payloads],
    }


def packed(payloads: Iterable[RawPayload], limit: int) -> Iterator[list[RawPayload]]:
    """``payloads`` in groups of at most about ``limit`` bytes; a larger one has a group to itself."""
    group: list[RawPayload] = []
    size = 0
    for payload in payloads:
        if group and size + len(payload.body) > limit:
            yield group
            group, size = [], 0
        group.append(payload)
        size += len(payload.body)
    if group:
        yield group


def as_milliseconds(values: Sequence[Any]) -> list[Any]:
    """A column whose moments, if it has any, are Unix milliseconds."""
    if values and isinstance(values[0], datetime):
        return [round(value.timestamp() * 1000) for value in values]
    return list(values)
