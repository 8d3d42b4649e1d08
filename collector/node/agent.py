"""One sampling round of the node agent: processes, cgroups and cards in, rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.node.asking import Answer, Panel
from collector.node.cards import Inventory, take_inventory
from collector.node.cgroup import CgroupTree
from collector.node.clock import Clock, Moment, system_clock
from collector.node.reading import Container, Owner, Round, ServingProcess
from collector.node.share_rows import share_rows
from collector.node.use import InstanceMeter, InstanceReading, Use, read_instance
from collector.node.workloads import Finder, Instance

Rows = list[dict[str, Any]]

LONGEST_GAUGE_INTERVALS = 3
"""A momentary value stands for at most so many sampling intervals, however long the agent was held up."""


class NodeAgent:
    """Measures the model instances and the cards of this node.

    Parameters
    ----------
    node
        Name of this node.
    finder
        Finds the processes of the workloads.
    panel
        Asks the sources of card figures.
    tree, proc
        Where cgroups and processes are read.
    interval_seconds
        Time between two rounds, as it should be.
    answer_seconds
        Time that sources get to answer.
    """

    def __init__(
        self,
        node: str,
        finder: Finder,
        panel: Panel,
        tree: CgroupTree,
        *,
        proc: Path = Path("/proc"),
        interval_seconds: float = 10.0,
        answer_seconds: float = 2.0,
        clock: Clock = system_clock,
    ) -> None:
        self.node = node
        self._finder = finder
        self._panel = panel
        self._tree = tree
        self._proc = proc
        self._longest_gauge = LONGEST_GAUGE_INTERVALS * interval_seconds
        self._answer_seconds = answer_seconds
        self._clock = clock
        self._meters: dict[Owner, InstanceMeter] = {}
        self._last: Moment | None = None
        self.answers: Sequence[Answer] = ()
        self.inventory = Inventory((), {}, {})

    def sample(self) -> dict[str, Rows]:
        """Rows by table since the last call; none at the first, which only starts the interval."""
        self._tree.begin_round()
        serving = self._finder.find()
        now = self._clock()
        last, self._last = self._last, now
        readings = [read_instance(instance, self._proc, self._tree) for instance in serving.instances]
        uses = self._measure(serving.instances, readings, now)
        this = Round(now.wall, now.monotonic + self._answer_seconds, _processes(serving.instances, readings))
        self.answers = self._panel.ask(this)
        self.inventory = take_inventory(
            [answer.reading for answer in self.answers if answer.reading is not None]
        )
        interval = now.monotonic - last.monotonic if last is not None else 0.0
        if interval <= 0:
            return {}
        moment = {"ts": datetime.fromtimestamp(now.wall, UTC), "node": self.node}
        gauge = {**moment, "interval_seconds": min(interval, self._longest_gauge)}
        return {
            "cpu_samples": [
                {**moment, "interval_seconds": interval, **_cpu_row(instance, use)} for instance, use in uses
            ],
            "gpu_samples": [{**gauge, **row} for row in _card_rows(self.inventory)],
            "gpu_shares": [{**gauge, **row} for row in share_rows(self.inventory, serving)],
        }

    def close(self) -> None:
        """Release the sources."""
        self._panel.close()

    def _measure(
        self, instances: Sequence[Instance], readings: Sequence[InstanceReading], now: Moment
    ) -> list[tuple[Instance, Use]]:
        meters = {
            instance.owner: self._meters.get(instance.owner) or InstanceMeter() for instance in instances
        }
        self._meters = meters
        uses = []
        for instance, reading in zip(instances, readings, strict=True):
            use = meters[instance.owner].measure(reading, now.since_boot)
            if use is not None:
                uses.append((instance, use))
        return uses


def _processes(instances: Sequence[Instance], readings: Sequence[InstanceReading]) -> list[ServingProcess]:
    return [
        ServingProcess(instance.owner, pid, start, instance.containers.get(pid))
        for instance, reading in zip(instances, readings, strict=True)
        for pid, start in reading.starts.items()
    ]


def _cpu_row(instance: Instance, use: Use) -> dict[str, Any]:
    container = instance.container or Container("", "")
    return {
        "model": instance.owner.model,
        "instance": instance.owner.instance,
        "namespace": container.namespace,
        "pod": container.pod,
        "container": container.container,
        "processes": min(use.processes, 65535),
        "cpu_seconds": use.cpu_seconds,
        "throttled_seconds": use.throttled_seconds,
        "memory_bytes": int(use.memory_bytes),
        "memory_limit_bytes": use.memory_limit_bytes,
        "cpu_limit_cores": use.cpu_limit_cores,
        "source": use.source,
        "grade": "measured",
    }


def _card_rows(inventory: Inventory) -> list[Mapping[str, Any]]:
    return [
        {
            "device": card.reading.device,
            "device_name": card.reading.name,
            "parent": card.reading.parent,
            "profile": card.reading.profile,
            "core_fraction": card.reading.core_fraction,
            "utilization": card.reading.utilization,
            "memory_used_bytes": card.reading.memory_used_bytes,
            "memory_total_bytes": card.reading.memory_total_bytes,
            "power_watts": card.reading.power_watts,
            "source": card.sources,
            "grade": card.grade,
        }
        for card in inventory.cards
    ]
