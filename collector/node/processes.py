"""CPU seconds and memory of processes, right over process churn and over clocks that are set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

ProcessKey = tuple[int, float]
"""Process id and start in seconds since boot: ids are used again, pairs are not."""


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """Counters of one process.

    Attributes
    ----------
    own_seconds
        User and system CPU seconds of the process itself.
    reaped_seconds
        CPU seconds of children that ended and were waited for, with their own reaped children.
    """

    key: ProcessKey
    parent: int
    own_seconds: float
    reaped_seconds: float
    memory_bytes: int


def cpu_seconds_between(
    before: Sequence[ProcessReading], now: Sequence[ProcessReading], since: float
) -> float:
    """CPU seconds that a changing set of processes used between two readings.

    A process in both counts its difference. One that was created after ``since`` (the time of the first
    reading, seconds since boot) counts whole; an older one that only now belongs to the set starts at zero
    difference. What a child used until it ended is found in its parent's reaped counter, from which the
    part that was counted while it lived is taken off; never less than zero.
    """
    old = {reading.key: reading for reading in before}
    new_keys = {reading.key for reading in now}
    ended: dict[int, float] = {}
    for reading in before:
        if reading.key not in new_keys:
            counted = reading.own_seconds + reading.reaped_seconds
            ended[reading.parent] = ended.get(reading.parent, 0.0) + counted
    total = 0.0
    for reading in now:
        previous = old.get(reading.key)
        if previous is not None:
            total += max(0.0, reading.own_seconds - previous.own_seconds)
            reaped = reading.reaped_seconds - previous.reaped_seconds - ended.get(reading.key[0], 0.0)
            total += max(0.0, reaped)
        elif reading.key[1] >= since:
            total += reading.own_seconds + reading.reaped_seconds
    return total


def read_processes(processes: Iterable[psutil.Process]) -> list[ProcessReading]:
    """Counters of those processes that still exist."""
    readings = []
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                readings.append(
                    ProcessReading(
                        key=(process.pid, started(process)),
                        parent=process.ppid(),
                        own_seconds=times.user + times.system,
                        reaped_seconds=times.children_user + times.children_system,
                        memory_bytes=process.memory_info().rss,
                    )
                )
        except psutil.Error:
            continue
    return readings


def started(process: psutil.Process) -> float:
    """Start of a process in seconds since boot, to the kernel's 0.01 s.

    Not the time of day of its start: that changes for every process when the clock is set.
    """
    return round(process.create_time() - psutil.boot_time(), 2)
