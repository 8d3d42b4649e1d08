"""A block of events as the payload of a record, and back: text as JSON, numbers as they are in memory.

Layout: length of the JSON head (uint32), the head, then int64 ``ts_ms``, float64 ``latency_ms``, float64
``weight``, float64 ``numeric`` row by row; all little-endian. NaN and infinities come back bit by bit.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from collector.coverage import Source
from collector.reasons import Tap
from collector.spool.record import SourceRows
from driftline.events import EventBlock, EventStatus

_LENGTH = struct.Struct("<I")
_TEXTS = ("version", "instance", "trace_id", "status")


def encode_events(block: EventBlock) -> tuple[tuple[SourceRows, ...], list[bytes]]:
    """Sources and payload of ``block``, without its raw payloads.

    Raises
    ------
    TypeError, ValueError
        A value has the wrong type, or text is no Unicode.
    """
    rows = len(block)
    numeric = np.ascontiguousarray(block.numeric, "<f8")
    if numeric.ndim != 2 or len(numeric) != rows:
        raise ValueError(f"{rows} events need numbers of shape ({rows}, slots), got {numeric.shape}")
    texts = {name: _folded(getattr(block, name), rows) for name in _TEXTS}
    numbers = [_array(block.ts_ms, "<i8"), _array(block.latency_ms, "<f8"), _array(block.weight, "<f8")]
    if any(column.shape != (rows,) for column in numbers) or len(block.categorical) != rows:
        raise ValueError("the columns of a block are of unequal length")
    head = orjson.dumps(
        {
            "model": block.model,
            "tap": block.tap,
            "rows": rows,
            "slots": numeric.shape[1],
            **texts,
            "event_id": block.event_id,
            "categorical": block.categorical,
        },
        default=list,
    )
    payload = [_LENGTH.pack(len(head)), head, *(column.tobytes() for column in numbers), numeric.tobytes()]
    return tuple(_sources(block.model, block.tap, texts["version"], texts["instance"], rows)), payload


def decode_events(payload: memoryview) -> EventBlock:
    """The inverse of :func:`encode_events`; the numbers are read-only views of ``payload``.

    Raises
    ------
    KeyError, TypeError, ValueError, struct.error
        Not what :func:`encode_events` makes.
    """
    (length,) = _LENGTH.unpack_from(payload)
    at = _LENGTH.size + length
    head: dict[str, Any] = orjson.loads(payload[_LENGTH.size : at])
    rows, slots = head["rows"], head["slots"]
    ts_ms = np.frombuffer(payload, "<i8", rows, at)
    latency_ms, weight = np.frombuffer(payload, "<f8", 2 * rows, at + 8 * rows).reshape(2, rows)
    numeric = np.frombuffer(payload, "<f8", rows * slots, at + 24 * rows).reshape(rows, slots)
    return EventBlock(
        model=head["model"],
        tap=head["tap"],
        version=_unfolded(head["version"], rows),
        instance=_unfolded(head["instance"], rows),
        ts_ms=ts_ms.tolist(),
        event_id=head["event_id"],
        trace_id=_unfolded(head["trace_id"], rows),
        status=cast(Sequence[EventStatus], _unfolded(head["status"], rows)),
        latency_ms=latency_ms.tolist(),
        weight=weight.tolist(),
        numeric=numeric,
        categorical=head["categorical"],
    )


def block_sources(block: EventBlock) -> tuple[SourceRows, ...]:
    """The events of ``block`` counted by source."""
    return tuple(_sources(block.model, block.tap, block.version, block.instance, len(block)))


def halves(block: EventBlock) -> tuple[EventBlock, EventBlock]:
    """``block`` cut in two, without its raw payloads."""
    middle = len(block) // 2
    return _rows(block, slice(0, middle)), _rows(block, slice(middle, None))


def _rows(block: EventBlock, rows: slice) -> EventBlock:
    return EventBlock(
        model=block.model,
        tap=block.tap,
        version=block.version[rows],
        instance=block.instance[rows],
        ts_ms=block.ts_ms[rows],
        event_id=block.event_id[rows],
        trace_id=block.trace_id[rows],
        status=block.status[rows],
        latency_ms=block.latency_ms[rows],
        weight=block.weight[rows],
        numeric=block.numeric[rows],
        categorical=block.categorical[rows],
    )


def _sources(
    model: str, tap: str, versions: str | Sequence[str], instances: str | Sequence[str], rows: int
) -> Iterable[SourceRows]:
    if isinstance(versions, str) and isinstance(instances, str):
        return [SourceRows(Source(model, versions, instances, cast(Tap, tap)), rows)]
    pairs = Counter(zip(_unfolded(versions, rows), _unfolded(instances, rows), strict=True))
    return [
        SourceRows(Source(model, version, instance, cast(Tap, tap)), count)
        for (version, instance), count in pairs.items()
    ]


def _folded(column: Sequence[str], rows: int) -> str | Sequence[str]:
    """One text when every row has the same."""
    if len(column) != rows:
        raise ValueError(f"{rows} events need {rows} texts, got {len(column)}")
    return column[0] if rows and column.count(column[0]) == rows else column


def _unfolded(column: str | Sequence[str], rows: int) -> Sequence[str]:
    return [column] * rows if isinstance(column, str) else column


def _array(column: Sequence[float], dtype: str) -> NDArray[Any]:
    return np.asarray(column, dtype)
