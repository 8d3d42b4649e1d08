"""Which workload had which share of a card, from what the driver says about its processes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Grade = Literal["measured", "apportioned", "unavailable"]


@dataclass(frozen=True, slots=True)
class ProcessOnDevice:
    """A process as the driver sees it; ``None`` is what the driver does not tell.

    Attributes
    ----------
    core_share
        Share of the card's compute time, 0..1.
    memory_bytes
        Memory it holds on the card.
    """

    pid: int
    core_share: float | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class DeviceReading:
    """A card at one moment; NaN is what the driver does not tell."""

    uuid: str
    name: str
    utilization: float
    memory_used_bytes: int
    memory_total_bytes: int
    power_watts: float
    processes: tuple[ProcessOnDevice, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A workload's part of a card: shares in 0..1, NaN where unknown, and what they rest on."""

    workload: int
    core_share: float
    memory_share: float
    grade: Grade


def attribute(device: DeviceReading, workload_of: Mapping[int, int]) -> list[Share]:
    """Divide a card's use among workloads.

    ``measured``: the driver reported every process of the workload. ``apportioned``: it reported no
    compute share of a process but its card's utilization, which is divided by memory held; or shares
    summed to more than 1 and were scaled to it. ``unavailable``: a process is there and nothing is known
    about its compute use. Processes of no workload count in the division and are not returned, so the
    shares of a card never sum above 1.

    Parameters
    ----------
    device
        Reading of the card.
    workload_of
        Process id to the index of its workload.
    """
    processes = device.processes
    grades: list[Grade] = ["measured"] * len(processes)
    cores = [math.nan if process.core_share is None else process.core_share for process in processes]
    if any(math.isnan(core) for core in cores):
        cores, grades = _divide(device, cores, grades)
    total = sum(core for core in cores if not math.isnan(core))
    if total > 1.0:
        cores = [core / total for core in cores]
        grades = ["apportioned" if grade == "measured" else grade for grade in grades]
    memories = [_memory_share(process, device.memory_total_bytes) for process in processes]
    held = sum(memory for memory in memories if not math.isnan(memory))
    if held > 1.0:
        memories = [memory / held for memory in memories]
    found: dict[int, list[int]] = {}
    for index, process in enumerate(processes):
        workload = workload_of.get(process.pid)
        if workload is not None:
            found.setdefault(workload, []).append(index)
    return [
        Share(
            workload=workload,
            core_share=sum(cores[index] for index in indices),
            memory_share=sum(memories[index] for index in indices),
            grade=_worst([grades[index] for index in indices]),
        )
        for workload, indices in sorted(found.items())
    ]


def _divide(
    device: DeviceReading, cores: Sequence[float], grades: Sequence[Grade]
) -> tuple[list[float], list[Grade]]:
    """Fill in unknown compute shares from what is left of the card's utilization, by memory held."""
    unknown = [index for index, core in enumerate(cores) if math.isnan(core)]
    held = [device.processes[index].memory_bytes for index in unknown]
    left = device.utilization - sum(core for core in cores if not math.isnan(core))
    filled, graded = list(cores), list(grades)
    known_memory = [memory for memory in held if memory is not None]
    divisible = not math.isnan(left) and len(known_memory) == len(held) and sum(known_memory) > 0
    for index, memory in zip(unknown, held, strict=True):
        if divisible and memory is not None:
            filled[index] = max(0.0, left) * memory / sum(known_memory)
            graded[index] = "apportioned"
        elif divisible is False and len(unknown) == 1 == len(cores) and not math.isnan(left):
            # Alone on the card: all of its use is this process's.
            filled[index] = max(0.0, left)
            graded[index] = "apportioned"
        else:
            graded[index] = "unavailable"
    return filled, graded


def _memory_share(process: ProcessOnDevice, total: int) -> float:
    return math.nan if process.memory_bytes is None or total <= 0 else process.memory_bytes / total


def _worst(grades: Sequence[Grade]) -> Grade:
    order: tuple[Grade, ...] = ("unavailable", "apportioned", "measured")
    return next(grade for grade in order if grade in grades)
