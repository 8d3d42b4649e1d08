"""Segments under any damage: nothing raises, nothing is invented, what is intact comes back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.spool.clock import Moment
from collector.spool.entries import coverage_entry, entry_groups
from collector.spool.event_record import decode_events, encode_events
from collector.spool.segment import HEADER_BYTES, SegmentContents, UnreadableSegment, read_contents
from collector.spool.segment import segment_header as header
from driftline.events import EventBlock, EventStatus
from tests.seeding.event_blocks import event_block

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
HEAD = header(UUID(int=7), Moment(1_790_000_000_000, 5, bytes(16)))
BLOCKS = [event_block(rows, first=rows * 100, slots=2, model=f"m{rows}") for rows in (3, 1, 5)]
COVERAGE: dict[str, list[Any]] = {"ts": [1], "model": ["m"], "kept": [0], "dropped": [{"spool_full": 2}]}
PIECES = [
    *(b"".join(entry_groups(block, 1 << 20)[0][0].buffers) for block in BLOCKS),
    b"".join(coverage_entry(COVERAGE).buffers),
]
WHOLE = HEAD + b"".join(PIECES)


@st.composite
def blocks(draw: st.DrawFn) -> EventBlock:
    rows, slots = draw(st.integers(1, 4)), draw(st.integers(0, 3))

    def column(values: st.SearchStrategy[str]) -> list[str]:
        return draw(st.lists(values, min_size=rows, max_size=rows))

    def numbers(size: int) -> list[float]:
        return draw(st.lists(NUMBER, min_size=size, max_size=size))

    status: list[EventStatus] = draw(st.lists(st.sampled_from(["ok", "error"]), min_size=rows, max_size=rows))
    return EventBlock(
        model=draw(TEXT),
        tap="client",
        version=column(TEXT),
        instance=column(TEXT),
        ts_ms=draw(st.lists(st.integers(-(2**60), 2**60), min_size=rows, max_size=rows)),
        event_id=column(TEXT),
        trace_id=column(TEXT),
        status=status,
        latency_ms=numbers(rows),
        weight=numbers(rows),
        numeric=np.array(numbers(rows * slots), np.float64).reshape(rows, slots),
        categorical=draw(st.lists(st.lists(TEXT, max_size=3), min_size=rows, max_size=rows)),
    )


@given(blocks())
def test_any_block_comes_back(block: EventBlock) -> None:
    sources, payload = encode_events(block)
    found = decode_events(memoryview(b"".join(payload)))
    assert sum(counted.rows for counted in sources) == len(block)
    for name in ("model", "tap", "version", "instance", "ts_ms", "event_id", "trace_id", "status"):
        assert getattr(found, name) == getattr(block, name)
    assert found.categorical == block.categorical
    for name in ("latency_ms", "weight", "numeric"):
        assert np.array_equal(getattr(found, name), getattr(block, name), equal_nan=True)


def events_in(contents: SegmentContents) -> list[str]:
    return [event_id for block in contents.blocks for event_id in block.event_id]


@given(st.integers(0, len(WHOLE)))
def test_a_segment_cut_anywhere_holds_what_came_before_the_cut(cut: int) -> None:
    contents = read_contents(WHOLE[:cut])
    whole = [
        block for number, block in enumerate(BLOCKS) if len(HEAD + b"".join(PIECES[: number + 1])) <= cut
    ]
    assert events_in(contents) == [event_id for block in whole for event_id in block.event_id]
    assert not contents.corrupt


@settings(max_examples=300)
@given(st.integers(HEADER_BYTES, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_costs_its_own_record_and_is_counted(position: int, change: int) -> None:
    data = bytearray(WHOLE)
    data[position] ^= change
    contents = read_contents(bytes(data))
    ends = [len(HEAD + b"".join(PIECES[: number + 1])) for number in range(len(PIECES))]
    hit = next(number for number, end in enumerate(ends) if position < end)
    expected = [block for number, block in enumerate(BLOCKS) if number != hit]
    assert events_in(contents) == [event_id for block in expected for event_id in block.event_id]
    assert len(contents.coverage) == (hit != len(BLOCKS))
    lost = contents.corrupt.total()
    if hit < len(BLOCKS):
        # A damaged header hides how many events it was about; then it is one, or it looks unfinished.
        assert lost in (len(BLOCKS[hit]), 1)
    else:
        assert lost <= 1


@given(st.binary(max_size=400))
def test_bytes_that_are_no_segment_never_raise_anything_else(data: bytes) -> None:
    with suppress(UnreadableSegment):
        assert events_in(read_contents(data)) == []
    assert events_in(read_contents(HEAD + data)) == []
