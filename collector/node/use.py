"""CPU and memory of one model instance between two readings: from its own cgroups, else its processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import isnan, nan
from pathlib import Path

import psutil

from collector.node.cgroup import CgroupReading, CgroupTree
from collector.node.containers import cgroup_path
from collector.node.processes import ProcessReading, cpu_seconds_between, read_processes
from collector.node.workloads import Instance


@dataclass(frozen=True, slots=True)
class InstanceReading:
    """Counters of an instance at one moment.

    Attributes
    ----------
    cgroups
        Cgroups in which nothing else runs, with the start of their oldest process (seconds since boot).
    processes
        Processes that share their cgroup with others.
    starts
        Start of every process (seconds since boot) by its id.
    """

    cgroups: Sequence[tuple[CgroupReading, float]]
    processes: Sequence[ProcessReading]
    starts: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Use:
    """What an instance used in an interval; NaN is what only a cgroup tells.

    Attributes
    ----------
    throttled_seconds
        Time that its CPU limit kept it waiting.
    memory_limit_bytes, cpu_limit_cores
        Limits of its cgroups, added up; ``inf`` without a limit.
    source
        ``cgroup``, ``process``, or both.
    """

    cpu_seconds: float
    memory_bytes: float
    processes: int
    throttled_seconds: float
    memory_limit_bytes: float
    cpu_limit_cores: float
    source: str


def read_instance(instance: Instance, proc: Path, tree: CgroupTree) -> InstanceReading:
    """Read an instance: a cgroup counts as its own when nobody else's process is in it."""
    readings = read_processes(instance.processes)
    by_path: dict[str, list[ProcessReading]] = {}
    for reading in readings:
        by_path.setdefault(cgroup_path(proc, reading.key[0]) or "", []).append(reading)
    starts = dict(reading.key for reading in readings)
    owned: list[tuple[CgroupReading, float]] = []
    loose: list[ProcessReading] = []
    for path, inside in sorted(by_path.items()):
        cgroup = tree.read(path) if path else None
        if cgroup is None or not (instance.whole_containers or _only(cgroup.pids, starts.keys())):
            loose += inside
        elif not any(cgroup.key[0].startswith(f"{above.key[0]}/") for above, _ in owned):
            # One below another is already in the other's figures.
            if isnan(cgroup.memory_bytes):
                cgroup = replace(cgroup, memory_bytes=float(sum(one.memory_bytes for one in inside)))
            owned.append((cgroup, min(reading.key[1] for reading in inside)))
    return InstanceReading(owned, loose, starts)


class InstanceMeter:
    """Remembers the last reading of one instance and gives the use since then."""

    def __init__(self) -> None:
        self._before = InstanceReading((), (), {})
        self._since: float | None = None

    def measure(self, now: InstanceReading, since_boot: float) -> Use | None:
        """Use since the last call (at ``since_boot`` seconds since boot).

        ``None`` at the first reading, and when no process is there: that is not zero use.
        """
        before, since = self._before, self._since
        self._before, self._since = now, since_boot if now.starts else None
        if since is None or not now.starts:
            return None
        old = {cgroup.key: cgroup for cgroup, _ in before.cgroups}
        used = [_difference(old, cgroup, oldest, since) for cgroup, oldest in now.cgroups]
        whole = bool(now.cgroups) and not now.processes
        return Use(
            cpu_seconds=sum(cpu for cpu, _ in used)
            + cpu_seconds_between(before.processes, now.processes, since),
            memory_bytes=sum(cgroup.memory_bytes for cgroup, _ in now.cgroups)
            + sum(process.memory_bytes for process in now.processes),
            processes=len(now.starts),
            throttled_seconds=sum(throttled for _, throttled in used) if whole else nan,
            memory_limit_bytes=sum(cgroup.memory_limit_bytes for cgroup, _ in now.cgroups) if whole else nan,
            cpu_limit_cores=sum(cgroup.cpu_limit_cores for cgroup, _ in now.cgroups) if whole else nan,
            source="+".join(
                name for name, there in (("cgroup", now.cgroups), ("process", now.processes)) if there
            ),
        )


def _difference(
    old: Mapping[tuple[str, int], CgroupReading], cgroup: CgroupReading, oldest: float, since: float
) -> tuple[float, float]:
    """CPU seconds used and throttled since the last reading.

    A cgroup that was not read before counts whole when all its processes are younger than that reading,
    and else starts at no difference: what was used before belongs to earlier intervals.
    """
    before = old.get(cgroup.key)
    if before is not None:
        throttled = cgroup.throttled_seconds - before.throttled_seconds
        # Counters never fall; NaN, where the kernel does not count, stays NaN.
        return max(0.0, cgroup.usage_seconds - before.usage_seconds), 0.0 if throttled < 0 else throttled
    if oldest >= since:
        return cgroup.usage_seconds, cgroup.throttled_seconds
    return 0.0, 0.0


def _only(pids: frozenset[int], family: Set[int]) -> bool:
    """Whether a cgroup holds nothing but the family, and children that it made a moment ago."""
    strangers = pids - family
    return bool(pids) and all(_parent(pid) in family | strangers for pid in strangers)


def _parent(pid: int) -> int:
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        # It has ended since: no stranger any more.
        return pid
    except psutil.Error:
        return 0
