"""CPU seconds and memory of the processes that serve a model, right over process churn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from driftline.settings import Workload

ProcessKey = tuple[int, float]
"""Process id and creation time: ids are used again, pairs are not."""


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


@dataclass(frozen=True, slots=True)
class Use:
    """What a workload's processes used in an interval."""

    cpu_seconds: float
    memory_bytes: int
    processes: int


def cpu_seconds_between(
    before: Sequence[ProcessReading], now: Sequence[ProcessReading], since: float
) -> float:
    """CPU seconds that a changing set of processes used between two readings.

    A process in both counts its difference. One that was created after ``since`` (the time of the first
    reading, epoch seconds) counts whole; an older one that only now belongs to the set starts at zero
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


def find_processes(workloads: Sequence[Workload]) -> list[list[psutil.Process]]:
    """Processes of each workload, children included; a process belongs to the first that claims it."""
    commands: list[tuple[psutil.Process, str]] | None = None
    claimed: set[int] = set()
    found: list[list[psutil.Process]] = []
    for workload in workloads:
        roots: Iterable[psutil.Process]
        if workload.command is not None:
            if commands is None:
                commands = _commands()
            pattern = re.compile(workload.command)
            roots = [process for process, command in commands if pattern.search(command)]
        else:
            roots = _by_pid(workload)
        family: dict[int, psutil.Process] = {}
        for root in roots:
            try:
                for process in (root, *root.children(recursive=True)):
                    family.setdefault(process.pid, process)
            except psutil.Error:
                continue
        mine = [process for pid, process in family.items() if pid not in claimed]
        claimed.update(process.pid for process in mine)
        found.append(mine)
    return found


def read_processes(processes: Iterable[psutil.Process]) -> list[ProcessReading]:
    """Counters of those processes that still exist."""
    readings = []
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                readings.append(
                    ProcessReading(
                        key=(process.pid, process.create_time()),
                        parent=process.ppid(),
                        own_seconds=times.user + times.system,
                        reaped_seconds=times.children_user + times.children_system,
                        memory_bytes=process.memory_info().rss,
                    )
                )
        except psutil.Error:
            continue
    return readings


class WorkloadMeter:
    """Remembers the last reading of one workload and gives the use since then."""

    def __init__(self) -> None:
        self._before: list[ProcessReading] = []
        self._since: float | None = None

    def measure(self, now: Sequence[ProcessReading], at: float) -> Use | None:
        """Use since the last call (epoch seconds ``at``).

        ``None`` at the first reading, and when no process is there: that is not zero use.
        """
        before, since = self._before, self._since
        if not now:
            self._before, self._since = [], None
            return None
        self._before, self._since = list(now), at
        if since is None:
            return None
        return Use(
            cpu_seconds=cpu_seconds_between(before, now, since),
            memory_bytes=sum(reading.memory_bytes for reading in now),
            processes=len(now),
        )


def _by_pid(workload: Workload) -> list[psutil.Process]:
    pid = workload.pid
    if workload.pidfile is not None:
        try:
            pid = int(workload.pidfile.read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return []
    try:
        return [psutil.Process(pid)] if pid is not None and pid > 0 else []
    except psutil.Error:
        return []


def _commands() -> list[tuple[psutil.Process, str]]:
    own = psutil.Process().pid
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != own:
                found.append((process, " ".join(process.cmdline())))
        except psutil.Error:
            continue
    return found
