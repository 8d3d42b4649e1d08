"""Records of the spool: what is damaged is lost alone, and what was never finished is no loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from collector.coverage import Source
from collector.spool.event_record import decode_events, encode_events, halves
from collector.spool.record import HEADER_BYTES, Damage, Record, RecordKind, SourceRows, frame, scan
from driftline.events import EventBlock
from tests.seeding.event_blocks import event_block


def rows_of(model: str, rows: int) -> tuple[SourceRows, ...]:
    return (SourceRows(Source(model, "1", "i", "splice"), rows),)


def record(model: str, rows: int, payload: bytes) -> bytes:
    return b"".join(frame(RecordKind.EVENTS, rows_of(model, rows), [payload[:3], payload[3:]]))


THREE = [record("a", 1, b"first payload"), record("b", 2, b"second"), record("c", 3, b"")]


def seen(data: bytes) -> list[tuple[str, int, bool]]:
    """(model, rows, intact) of every record, in order; an unknown model is empty."""
    found = []
    for item in scan(data, 0):
        model, rows = (item.sources[0].source.model, item.sources[0].rows) if item.sources else ("", 0)
        found.append((model, rows, isinstance(item, Record)))
    return found


def test_records_come_back_in_order() -> None:
    items = list(scan(b"".join(THREE), 0))
    assert [bytes(item.payload) for item in items if isinstance(item, Record)] == [
        b"first payload",
        b"second",
        b"",
    ]
    assert seen(b"".join(THREE)) == [("a", 1, True), ("b", 2, True), ("c", 3, True)]


def test_a_damaged_payload_is_counted_by_its_source() -> None:
    data = bytearray(b"".join(THREE))
    data[len(THREE[0]) + len(THREE[1]) - 1] ^= 1
    assert seen(bytes(data)) == [("a", 1, True), ("b", 2, False), ("c", 3, True)]


def test_behind_a_damaged_header_the_next_record_is_found() -> None:
    data = bytearray(b"".join(THREE))
    data[len(THREE[0]) + 5] ^= 0xFF
    items = list(scan(bytes(data), 0))
    assert seen(bytes(data)) == [("a", 1, True), ("", 0, False), ("c", 3, True)]
    assert items[1] == Damage((), len(THREE[1]), torn=False)


@pytest.mark.parametrize("kept", [1, 4, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 3, len(THREE[1]) - 1])
def test_a_write_that_did_not_finish_is_torn_not_corrupt(kept: int) -> None:
    items = list(scan(THREE[0] + THREE[1][:kept], 0))
    assert isinstance(items[0], Record)
    assert [item.torn for item in items[1:] if isinstance(item, Damage)] == [True]


def test_zeros_at_the_end_are_corrupt() -> None:
    items = list(scan(THREE[0] + bytes(100), 0))
    assert items[1] == Damage((), 100, torn=False)


def test_a_block_comes_back_bit_by_bit() -> None:
    block = event_block(5)
    block.numeric[1, :3] = [np.inf, -np.inf, -0.0]
    sources, payload = encode_events(block)
    found = decode_events(memoryview(b"".join(payload)))
    assert sources == rows_of("m", 5)
    assert found.numeric.tobytes() == np.ascontiguousarray(block.numeric, "<f8").tobytes()
    for name in ("model", "tap", "version", "ts_ms", "event_id", "trace_id", "status", "categorical"):
        assert getattr(found, name) == getattr(block, name), name
    assert (found.latency_ms, found.weight) == (block.latency_ms, block.weight)


def test_several_versions_are_several_sources() -> None:
    block = event_block(3)
    mixed = EventBlock(
        **{name: getattr(block, name) for name in block.__slots__} | {"version": ["1", "2", "1"]}
    )
    sources, payload = encode_events(mixed)
    assert {(counted.source.version, counted.rows) for counted in sources} == {("1", 2), ("2", 1)}
    assert decode_events(memoryview(b"".join(payload))).version == ["1", "2", "1"]


def test_halves_are_the_whole() -> None:
    first, second = halves(event_block(5))
    assert [*first.event_id, *second.event_id] == event_block(5).event_id
    assert (len(first), second.numeric.shape) == (2, (3, 16))


def test_a_block_that_is_none_is_refused_as_a_whole() -> None:
    block = event_block(2)
    good = {name: getattr(block, name) for name in block.__slots__}
    changes: list[dict[str, Any]] = [
        {"event_id": ["\ud800", "b"]},
        {"version": ["1"]},
        {"weight": [1.0]},
        {"numeric": np.zeros((3, 2))},
        {"ts_ms": ["soon", 1]},
        {"categorical": []},
    ]
    for change in changes:
        with pytest.raises((TypeError, ValueError)):
            encode_events(EventBlock(**good | change))


def test_the_tap_of_a_source_survives() -> None:
    sources = (SourceRows(Source("m", "1", "i", "client"), 4),)
    data = b"".join(frame(RecordKind.EVENTS, sources, [b"x"]))
    assert next(iter(scan(data, 0))).sources == sources
