"""CPU seconds over process churn, and of cgroups, between two readings."""

from __future__ import annotations

import os
from math import inf, isnan, nan

import psutil
import pytest

from collector.node.cgroup import CgroupReading
from collector.node.processes import ProcessReading, cpu_seconds_between, read_processes, started
from collector.node.use import InstanceMeter, InstanceReading


def reading(
    pid: int, own: float, reaped: float = 0.0, *, parent: int = 1, created: float = 0.0
) -> ProcessReading:
    return ProcessReading((pid, created), parent, own, reaped, memory_bytes=100)


def test_differences_of_those_that_stay() -> None:
    assert (
        cpu_seconds_between([reading(1, 5.0), reading(2, 1.0)], [reading(1, 6.0), reading(2, 1.5)], 10) == 1.5
    )


def test_a_child_that_ended_is_not_counted_twice() -> None:
    # It had used 3 s when last seen, and 4 s in all: 1 s is new.
    before = [reading(1, 5.0), reading(2, 3.0, parent=1)]
    assert cpu_seconds_between(before, [reading(1, 5.0, reaped=4.0)], 10) == 1.0


def test_a_child_that_came_and_went_between_two_readings_counts() -> None:
    assert cpu_seconds_between([reading(1, 5.0)], [reading(1, 5.0, reaped=2.0)], 10) == 2.0


def test_a_parent_that_reaps_nothing_never_gives_negative_use() -> None:
    before = [reading(1, 5.0), reading(2, 3.0, parent=1)]
    assert cpu_seconds_between(before, [reading(1, 5.5)], 10) == 0.5


def test_new_processes_count_whole_and_old_ones_from_now() -> None:
    now = [reading(1, 5.0), reading(2, 2.0, created=11.0), reading(3, 100.0, created=1.0)]
    assert cpu_seconds_between([reading(1, 5.0)], now, since=10) == 2.0


def test_a_process_id_that_is_used_again_is_another_process() -> None:
    assert cpu_seconds_between([reading(1, 50.0)], [reading(1, 0.5, created=12.0)], since=10) == 0.5


def test_a_process_keeps_its_identity_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_processes([psutil.Process(os.getpid())])[0]
    # The kernel moves the time of boot when somebody sets the clock; psutil adds it to starts.
    from psutil import _pslinux

    booted = psutil.boot_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: booted + 3600.0)
    monkeypatch.setattr(_pslinux, "boot_time", lambda: booted + 3600.0)
    after = read_processes([psutil.Process(os.getpid())])[0]
    assert after.key == before.key
    assert started(psutil.Process(os.getpid())) == before.key[1]
    assert psutil.Process(os.getpid()).create_time() > before.key[1] + booted + 3000


def of(*processes: ProcessReading) -> InstanceReading:
    return InstanceReading((), processes, {process.key[0]: process.key[1] for process in processes})


def test_meter_needs_two_readings_and_forgets_when_all_are_gone() -> None:
    meter = InstanceMeter()
    assert meter.measure(of(reading(1, 5.0)), 10) is None
    use = meter.measure(of(reading(1, 6.0)), 20)
    assert use is not None
    assert (use.cpu_seconds, use.memory_bytes, use.processes, use.source) == (1.0, 100, 1, "process")
    assert isnan(use.throttled_seconds)
    assert meter.measure(of(), 30) is None
    assert meter.measure(of(reading(9, 7.0, created=25.0)), 40) is None


def cgroup(usage: float, throttled: float = 0.0, inode: int = 1, path: str = "/a") -> CgroupReading:
    return CgroupReading((path, inode), frozenset({1}), usage, throttled, 1000.0, 2000.0, 1.5)


def inside(*cgroups: tuple[CgroupReading, float], loose: tuple[ProcessReading, ...] = ()) -> InstanceReading:
    return InstanceReading(cgroups, loose, {1: 0.0})


def test_a_cgroup_gives_use_throttling_and_limits() -> None:
    meter = InstanceMeter()
    assert meter.measure(inside((cgroup(5.0, 1.0), 0.0)), 10) is None
    use = meter.measure(inside((cgroup(8.0, 1.5), 0.0)), 20)
    assert use is not None
    assert (use.cpu_seconds, use.throttled_seconds, use.memory_bytes) == (3.0, 0.5, 1000.0)
    assert (use.memory_limit_bytes, use.cpu_limit_cores, use.source) == (2000.0, 1.5, "cgroup")


def test_a_cgroup_made_anew_counts_whole_and_one_found_late_from_now() -> None:
    meter = InstanceMeter()
    meter.measure(inside((cgroup(100.0), 0.0)), 10)
    # Restarted: the same path, another inode, a process younger than the last reading.
    use = meter.measure(inside((cgroup(2.0, inode=2), 12.0)), 20)
    assert use is not None
    assert use.cpu_seconds == 2.0
    use = meter.measure(inside((cgroup(2.5, inode=2), 12.0), (cgroup(900.0, path="/b"), 5.0)), 30)
    assert use is not None
    assert use.cpu_seconds == 0.5


def test_a_counter_that_falls_is_no_negative_use() -> None:
    meter = InstanceMeter()
    meter.measure(inside((cgroup(100.0, 7.0), 0.0)), 10)
    use = meter.measure(inside((cgroup(99.0, 6.0), 0.0)), 20)
    assert use is not None
    assert (use.cpu_seconds, use.throttled_seconds) == (0.0, 0.0)


def test_cgroups_and_loose_processes_add_up_without_limits() -> None:
    meter = InstanceMeter()
    meter.measure(inside((cgroup(1.0, nan), 0.0), loose=(reading(2, 5.0),)), 10)
    use = meter.measure(inside((cgroup(2.0, inf), 0.0), loose=(reading(2, 7.0),)), 20)
    assert use is not None
    assert (use.cpu_seconds, use.memory_bytes, use.source) == (3.0, 1100.0, "cgroup+process")
    assert isnan(use.memory_limit_bytes)
