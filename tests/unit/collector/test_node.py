"""CPU seconds over process churn, and shares of a card."""

from __future__ import annotations

import math

import pytest

from collector.node.processes import ProcessReading, WorkloadMeter, cpu_seconds_between
from collector.node.shares import DeviceReading, ProcessOnDevice, attribute


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


def test_meter_needs_two_readings_and_forgets_when_all_are_gone() -> None:
    meter = WorkloadMeter()
    assert meter.measure([reading(1, 5.0)], 10) is None
    use = meter.measure([reading(1, 6.0)], 20)
    assert use is not None
    assert (use.cpu_seconds, use.memory_bytes, use.processes) == (1.0, 100, 1)
    assert meter.measure([], 30) is None
    assert meter.measure([reading(9, 7.0, created=25.0)], 40) is None


def card(*processes: ProcessOnDevice, utilization: float = 0.5) -> DeviceReading:
    return DeviceReading("GPU-1", "Tesla T4", utilization, 60, 100, 70.0, processes)


def test_measured_shares_go_to_their_workloads() -> None:
    device = card(ProcessOnDevice(1, 0.2, 10), ProcessOnDevice(2, 0.3, 20), ProcessOnDevice(3, 0.1, 5))
    first, second = attribute(device, {1: 0, 2: 0, 3: 1})
    assert (first.core_share, first.memory_share) == pytest.approx((0.5, 0.3))
    assert first.grade == "measured"
    assert (second.workload, second.core_share, second.memory_share) == (1, 0.1, 0.05)


def test_shares_above_one_are_scaled_and_graded() -> None:
    shares = attribute(card(ProcessOnDevice(1, 0.9, 80), ProcessOnDevice(2, 0.9, 80)), {1: 0, 2: 1})
    assert [share.core_share for share in shares] == [0.5, 0.5]
    assert [share.memory_share for share in shares] == [0.5, 0.5]
    assert {share.grade for share in shares} == {"apportioned"}


def test_unknown_compute_is_apportioned_by_memory_among_all_on_the_card() -> None:
    # Process 9 belongs to nobody here, and still takes its part.
    shares = attribute(card(ProcessOnDevice(1, None, 10), ProcessOnDevice(9, None, 30)), {1: 0})
    assert [(share.core_share, share.grade) for share in shares] == [(0.125, "apportioned")]


def test_alone_on_a_card_that_tells_no_memory() -> None:
    (share,) = attribute(card(ProcessOnDevice(1, None, None)), {1: 0})
    assert (share.core_share, share.grade) == (0.5, "apportioned")
    assert math.isnan(share.memory_share)


def test_what_cannot_be_known_is_not_invented() -> None:
    shares = attribute(
        card(ProcessOnDevice(1, None, None), ProcessOnDevice(2, None, 10), utilization=0.5), {1: 0, 2: 1}
    )
    assert all(math.isnan(share.core_share) for share in shares)
    assert [share.grade for share in shares] == ["unavailable", "unavailable"]
    (dark,) = attribute(card(ProcessOnDevice(1, None, 10), utilization=math.nan), {1: 0})
    assert math.isnan(dark.core_share)
    assert dark.grade == "unavailable"
