"""What a spool makes of what it finds: leftovers, other versions, damage, clocks that were set."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from collector.coverage import Source
from collector.spool import Spool, SpoolOptions
from collector.spool.clock import LONGEST_CREDIBLE_SECONDS, Moment
from collector.spool.record import Damage, Record, scan
from collector.spool.segment import FORMATS, HEADER_BYTES, Segment, read_contents, segment_header
from tests.seeding.event_blocks import event_block

SOURCE = Source("m", "1", "i", "splice")
BOOT = bytes(range(16))
ANOTHER_BOOT = bytes(range(1, 17))


def opened(folder: Path, **options: float) -> Spool:
    spool = Spool(SpoolOptions(str(folder), **options))  # type: ignore[arg-type]
    spool.open(wait_seconds=0.2)
    return spool


def write_segments(folder: Path, count: int) -> None:
    """``count`` segments of ten events each, as an earlier process left them."""
    spool = opened(folder, segment_events=10)
    for number in range(count):
        assert spool.append_events(event_block(10, first=10 * number)) == []
    spool.close()


def segments(spool: Spool) -> Iterator[Segment]:
    spool.close_active(0.0)
    while (segment := spool.head()) is not None:
        yield segment
        spool.remove(segment)


def event_ids(spool: Spool) -> list[str]:
    blocks = [block for segment in segments(spool) for block in segment.read().blocks]
    return [event_id for block in blocks for event_id in block.event_id]


def ids(first: int, last: int) -> list[str]:
    return [f"{number:x}" for number in range(first, last)]


def test_what_an_earlier_run_left_comes_first_and_in_order(tmp_path: Path) -> None:
    write_segments(tmp_path, 3)
    spool = opened(tmp_path)
    assert spool.append_events(event_block(10, first=30)) == []
    assert spool.usage().segments == 4
    assert event_ids(spool) == ids(0, 40)


def test_only_the_first_leftover_can_have_been_sent(tmp_path: Path) -> None:
    write_segments(tmp_path, 3)
    assert [segment.uncertain for segment in segments(opened(tmp_path))] == [True, False, False]


def test_after_a_restart_of_the_machine_every_leftover_can_have_been_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segments(tmp_path, 3)
    monkeypatch.setattr("collector.spool.clock._boot_id", lambda: ANOTHER_BOOT)
    assert [segment.uncertain for segment in segments(opened(tmp_path))] == [True, True, True]


def test_a_folder_belongs_to_one_worker(tmp_path: Path) -> None:
    holder = opened(tmp_path)
    assert holder.append_events(event_block(10)) == []
    other = opened(tmp_path)
    (loss,) = other.append_events(event_block(10, first=10))
    assert loss.reason == "spool_failed"
    assert "another worker" in other.usage().error
    holder.close()
    time.sleep(1.0)
    assert other.append_events(event_block(10, first=20)) == []
    assert event_ids(other) == [*ids(0, 10), *ids(20, 30)]


def test_a_worker_that_takes_over_waits_briefly_for_the_lock(tmp_path: Path) -> None:
    code = (
        "import sys, time; from collector.spool import Spool, SpoolOptions\n"
        "spool = Spool(SpoolOptions(sys.argv[1])); spool.open(); print('held', flush=True); time.sleep(0.7)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    spool = Spool(SpoolOptions(str(tmp_path)))
    spool.open()
    assert spool.append_events(event_block(10)) == []
    assert child.wait(10) == 0
    child.stdout.close()


def test_a_file_from_a_crash_before_the_first_record_is_no_trouble(tmp_path: Path) -> None:
    uuid = UUID(int=1)
    for number, kept in enumerate((0, 9, HEADER_BYTES - 1, HEADER_BYTES)):
        name = f"{number:016d}-{uuid.hex}.segment"
        (tmp_path / name).write_bytes(segment_header(uuid, Moment.now())[:kept])
    spool = opened(tmp_path)
    assert [segment.read().blocks for segment in segments(spool)] == [[], [], [], []]
    assert list(tmp_path.glob("*.segment*")) == []


def test_a_later_version_is_set_aside_and_found_again_by_that_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segments(tmp_path, 2)
    first, second = sorted(tmp_path.glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[8:10] = (2).to_bytes(2, "little")
    first.write_bytes(data)
    spool = opened(tmp_path)
    assert spool.usage().set_aside == 1
    assert event_ids(spool) == ids(10, 20)
    spool.close()
    aside = first.with_name(first.name + ".newer")
    assert aside.read_bytes() == data
    assert not second.exists()
    again = opened(tmp_path)
    assert again.usage().set_aside == 1
    again.close()
    monkeypatch.setattr("collector.spool.segment.FORMATS", {**FORMATS, 2: FORMATS[1]})
    later = opened(tmp_path)
    assert later.usage().set_aside == 0
    (segment,) = list(segments(later))
    assert segment.uncertain
    assert segment.path == first


def test_an_older_version_is_read_by_its_own_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 0 never existed; here it has a header of 10 bytes and then the same records."""

    def version_0(data: bytes) -> Iterator[Record | Damage]:
        return scan(data, 10)

    write_segments(tmp_path, 1)
    (path,) = tmp_path.glob("*.segment")
    path.write_bytes(b"DRIFTSPL" + bytes(2) + path.read_bytes()[HEADER_BYTES:])
    written = time.time() - 3600
    os.utime(path, (written, written))
    monkeypatch.setattr("collector.spool.segment.FORMATS", {0: version_0, **FORMATS})
    (segment,) = list(segments(opened(tmp_path)))
    assert segment.uncertain
    assert segment.created.wall_ms == pytest.approx(written * 1000, abs=2)


def test_a_file_that_is_no_segment_is_set_aside(tmp_path: Path) -> None:
    write_segments(tmp_path, 1)
    (path,) = tmp_path.glob("*.segment")
    path.write_bytes(b"\0" * 500)
    (tmp_path / "notes.txt").write_text("not ours")
    spool = opened(tmp_path)
    assert spool.usage().set_aside == 1
    assert list(segments(spool)) == []
    spool.close()
    assert path.with_name(path.name + ".damaged").stat().st_size == 500
    assert (tmp_path / "notes.txt").exists()
    again = opened(tmp_path)
    assert again.usage().set_aside == 1


def test_a_damaged_header_does_not_cost_the_records(tmp_path: Path) -> None:
    write_segments(tmp_path, 1)
    (path,) = tmp_path.glob("*.segment")
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    assert event_ids(opened(tmp_path)) == ids(0, 10)


def old(folder: Path, seconds: float) -> None:
    """Let the segments of ``folder`` have been written ``seconds`` ago, by both clocks."""
    for path in folder.glob("*.segment"):
        data = path.read_bytes()
        now = Moment.now()
        shift = int(seconds * 1000)
        created = Moment(now.wall_ms - shift, now.boot_ms - shift, now.boot_id)
        path.write_bytes(segment_header(UUID(hex=path.name[17:49]), created) + data[HEADER_BYTES:])


def test_what_is_too_old_is_dropped_and_its_count_stays(tmp_path: Path) -> None:
    write_segments(tmp_path, 3)
    old(tmp_path, 100)
    spool = opened(tmp_path, max_age_seconds=99, segment_events=10)
    assert spool.append_coverage({"ts": [1], "kept": [0]})
    before = spool.usage()
    assert before.oldest_seconds == pytest.approx(100, abs=5)
    # The first may be in ClickHouse already: it is asked before anything is counted.
    assert spool.expire() == {SOURCE: 20}
    assert spool.expire() == {}
    assert spool.usage().bytes < before.bytes
    contents = [read_contents(segment.path.read_bytes()) for segment in segments(spool)]
    assert [len(found.blocks) for found in contents] == [1, 0, 0, 0]
    counts = [row for found in contents[1:3] for row in found.coverage]
    assert [(row["seen"], row["kept"], row["dropped"]) for row in counts] == [
        ([10], [0], [{"spool_expired": 10}])
    ] * 2
    assert spool.usage().bytes == 0


def test_a_count_that_stayed_is_not_dropped_again_by_the_next_run(tmp_path: Path) -> None:
    write_segments(tmp_path, 2)
    old(tmp_path, 100)
    spool = opened(tmp_path, max_age_seconds=99)
    assert spool.expire() == {SOURCE: 10}
    spool.close()
    (tmp_path / "left.tmp").write_bytes(b"a replacement that was not finished")
    again = opened(tmp_path, max_age_seconds=99)
    assert again.expire() == {}
    assert not (tmp_path / "left.tmp").exists()
    assert [bool(segment.read().coverage) for segment in segments(again)] == [False, True]


def test_age_within_one_boot_ignores_the_wall_clock() -> None:
    created = Moment(1_000_000, 5_000, BOOT)
    year = 365 * 86_400_000
    for wall_ms in (0, 1_000_000, 1_000_000 + year, 1_000_000 - year):
        assert created.seconds_until(Moment(wall_ms, 65_000, BOOT)) == 60.0
    assert created.seconds_until(Moment(1_000_000, 4_000, BOOT)) == 0.0


def test_age_across_boots_is_the_wall_clocks_if_that_can_be() -> None:
    created = Moment(1_000_000, 5_000, BOOT)
    assert created.seconds_until(Moment(1_060_000, 10, ANOTHER_BOOT)) == 60.0
    assert created.seconds_until(Moment(999_000, 10, ANOTHER_BOOT)) == 0.0
    absurd = int(LONGEST_CREDIBLE_SECONDS * 1000) + 1_000_001
    assert created.seconds_until(Moment(absurd, 10, ANOTHER_BOOT)) == 0.0
    unknown = bytes(16)
    assert Moment(1_000, 0, unknown).seconds_until(Moment(3_000, 0, unknown)) == 2.0
