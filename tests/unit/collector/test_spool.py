"""The spool's bounds, and a disk that fails."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.coverage import Source
from collector.spool import Spool, SpoolOptions
from collector.spool.segment import Segment
from collector.spool.spool import PAUSE_SECONDS, Loss
from driftline.errors import InvalidInput
from driftline.events import RawPayload
from tests.seeding.event_blocks import event_block

SOURCE = Source("m", "1", "i", "splice")
BLOCK = event_block(10)
BLOCK_BYTES = 2_300
"""About what BLOCK takes."""
COVERAGE: dict[str, list[Any]] = {
    "ts": [1],
    "model": ["m"],
    "version": ["1"],
    "instance": ["i"],
    "tap": ["splice"],
    "seen": [3],
    "kept": [0],
    "unsampled": [3],
    "dropped": [{}],
}


@contextmanager
def opened(folder: Path, **options: float) -> Iterator[Spool]:
    spool = Spool(SpoolOptions(str(folder), **options))  # type: ignore[arg-type]
    spool.open()
    yield spool
    spool.close()


def segments(spool: Spool) -> Iterator[Segment]:
    """Every segment, oldest first, each removed when the next is asked for."""
    spool.close_active(0.0)
    while (segment := spool.head()) is not None:
        yield segment
        spool.remove(segment)


def event_ids(spool: Spool) -> list[str]:
    blocks = [block for segment in segments(spool) for block in segment.read().blocks]
    return [event_id for block in blocks for event_id in block.event_id]


def test_accepted_events_are_in_the_file_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as spool:
        assert spool.append_events(BLOCK) == []
        (path,) = tmp_path.glob("*.segment")
        assert path.stat().st_size == spool.usage().bytes > 0.9 * BLOCK_BYTES
        assert path.stat().st_mode & 0o077 == 0


def test_segments_are_closed_by_bytes_and_by_events(tmp_path: Path) -> None:
    with opened(tmp_path / "bytes", segment_bytes=2 * BLOCK_BYTES) as spool:
        for _ in range(3):
            assert spool.append_events(BLOCK) == []
        assert spool.usage().segments == 2
    with opened(tmp_path / "events", segment_events=20) as spool:
        for _ in range(3):
            assert spool.append_events(BLOCK) == []
        assert spool.usage().segments == 2


def test_a_block_larger_than_a_segment_is_cut(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=BLOCK_BYTES) as spool:
        assert spool.append_events(event_block(64)) == []
        assert spool.usage().segments > 5
        assert event_ids(spool) == event_block(64).event_id


def test_raw_payloads_travel_with_their_events_or_apart(tmp_path: Path) -> None:
    raw = [RawPayload(5, "0", "x", "BYTES", (1,), "text" * size) for size in (1, 2000)]
    with opened(tmp_path, segment_bytes=2 * BLOCK_BYTES) as spool:
        assert spool.append_events(event_block(10, payloads=raw[:1])) == []
        assert spool.append_events(event_block(10, payloads=raw)) == []
        contents = [segment.read() for segment in segments(spool)]
        assert [len(found.payloads) for found in contents] == [1, 1, 1]
        assert contents[-1].payloads[0]["body"] == ["text" * 2000]
        assert sum(found.accepted.total() for found in contents) == 20


def test_a_full_spool_drops_the_newest_and_still_takes_counts(tmp_path: Path) -> None:
    with opened(tmp_path, max_bytes=10 * BLOCK_BYTES, segment_bytes=3 * BLOCK_BYTES) as spool:
        blocks = [event_block(10, first=10 * number) for number in range(12)]
        losses = [spool.append_events(block) for block in blocks]
        accepted = losses.index([Loss(SOURCE, 10, "spool_full")])
        assert 5 < accepted < 10
        assert not any(losses[:accepted])
        assert all(losses[accepted:])
        assert spool.append_coverage(COVERAGE)
        assert spool.usage().bytes <= 10 * BLOCK_BYTES
        assert event_ids(spool) == [event_id for block in blocks[:accepted] for event_id in block.event_id]
        assert spool.append_events(BLOCK) == []
        assert spool.usage().bytes < 2 * BLOCK_BYTES


def test_counts_find_no_room_when_their_reserve_is_used_up(tmp_path: Path) -> None:
    with opened(tmp_path, max_bytes=BLOCK_BYTES, segment_bytes=BLOCK_BYTES) as spool:
        taken = [spool.append_coverage(COVERAGE) for _ in range(40)]
        assert taken[0]
        assert not taken[-1]
        assert spool.usage().bytes <= BLOCK_BYTES


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The kernel takes no more than so much into a file, as a full disk does: first a part, then nothing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_half_a_record_has_taken_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.spool.spool.PAUSE_SECONDS", 0.0)
    with opened(tmp_path) as spool:
        assert spool.append_events(BLOCK) == []
        size = spool.usage().bytes
        with largest_file(size + BLOCK_BYTES // 2):
            assert spool.append_events(event_block(10, first=100)) == [Loss(SOURCE, 10, "spool_failed")]
            assert spool.append_events(event_block(10, first=100)) == [Loss(SOURCE, 10, "spool_failed")]
        assert spool.usage().bytes == size == next(tmp_path.glob("*.segment")).stat().st_size
        assert spool.usage().error
        assert spool.append_events(event_block(10, first=200)) == []
        assert spool.usage().error == ""
        assert event_ids(spool) == [*BLOCK.event_id, *event_block(10, first=200).event_id]


def test_a_failing_disk_is_left_alone_for_a_while(tmp_path: Path) -> None:
    with opened(tmp_path) as spool:
        with largest_file(10):
            assert spool.append_events(BLOCK) == [Loss(SOURCE, 10, "spool_failed")]
        assert PAUSE_SECONDS > 0.5
        assert spool.append_events(BLOCK) == [Loss(SOURCE, 10, "spool_failed")]
        assert list(tmp_path.glob("*.segment")) == []


def test_a_folder_that_cannot_be_made_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.spool.spool.PAUSE_SECONDS", 0.0)
    blocker = tmp_path / "state"
    blocker.write_text("a file where a folder should be")
    with opened(blocker / "spool") as spool:
        assert spool.append_events(BLOCK) == [Loss(SOURCE, 10, "spool_failed")]
        assert not spool.append_coverage(COVERAGE)
        assert spool.usage().error
        blocker.unlink()
        assert spool.append_events(BLOCK) == []
        assert spool.append_coverage(COVERAGE)


def test_a_folder_that_is_removed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.spool.spool.PAUSE_SECONDS", 0.0)
    with opened(tmp_path / "spool") as spool:
        assert spool.append_events(BLOCK) == []
        spool.close_active(0.0)
        shutil.rmtree(tmp_path / "spool")
        assert spool.append_events(BLOCK) == [Loss(SOURCE, 10, "spool_failed")]
        assert spool.append_events(event_block(10, first=50)) == []
        missed = spool.head()
        assert missed is not None
        assert not missed.path.exists()
        assert missed.rows == {SOURCE: 10}
        spool.remove(missed)
        assert event_ids(spool) == event_block(10, first=50).event_id


def test_after_the_end_nothing_is_accepted(tmp_path: Path) -> None:
    with opened(tmp_path) as spool:
        spool.close()
        assert spool.append_events(BLOCK) == [Loss(SOURCE, 10, "shutdown")]


def test_written_through_to_the_disk(tmp_path: Path) -> None:
    with opened(tmp_path, fsync=True) as spool:
        assert spool.append_events(BLOCK) == []
        assert event_ids(spool) == BLOCK.event_id


@pytest.mark.parametrize("name", ["max_bytes", "max_age_seconds", "segment_bytes", "segment_events"])
def test_bounds_are_above_zero(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        SpoolOptions("x", **{name: 0})  # type: ignore[arg-type]
