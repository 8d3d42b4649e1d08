"""MIG instances of a card by NVML: identity, memory and size; NVML tells no utilization of them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pynvml

from collector.node.reading import CardReading

_PROFILE = re.compile(r"\d+(?:c\.\d+)?g\.\d+gb(?:\+\w+)*")
_GIB_OF_PROFILES = 1024


def mig_instances(handle: Any, parent: str, name: str) -> list[tuple[Any, CardReading]] | None:
    """Handle and reading of every MIG instance of a card; ``None`` when it is not in MIG mode.

    An instance's part of the card is its compute slices by the most instances the card can be cut into
    (7; 4 on an A30). Where several compute instances share one GPU instance, no alias leads to them:
    other sources tell only of the GPU instance.
    """
    try:
        current, _pending = pynvml.nvmlDeviceGetMigMode(handle)
        if not current:
            return None
        most = int(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle))
    except pynvml.NVMLError:
        return None
    handles = [found for index in range(most) if (found := _instance(handle, index)) is not None]
    of_gpu_instance = Counter(identity for _, identity in handles)
    return [
        (
            instance,
            _reading(instance, parent, name, most, identity if of_gpu_instance[identity] == 1 else None),
        )
        for instance, identity in handles
    ]


def _instance(handle: Any, index: int) -> tuple[Any, int] | None:
    try:
        instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        return instance, int(pynvml.nvmlDeviceGetGpuInstanceId(instance))
    except pynvml.NVMLError:
        return None


def _reading(instance: Any, parent: str, name: str, most: int, identity: int | None) -> CardReading:
    size = pynvml.nvmlDeviceGetAttributes(instance)
    memory = pynvml.nvmlDeviceGetMemoryInfo(instance)
    profile = _PROFILE.search(str(pynvml.nvmlDeviceGetName(instance)))
    slices = int(size.computeInstanceSliceCount)
    gibibytes = round(int(size.memorySizeMB) / _GIB_OF_PROFILES)
    return CardReading(
        device=str(pynvml.nvmlDeviceGetUUID(instance)),
        alias="" if identity is None else f"{parent}/gi{identity}",
        name=name,
        memory_used_bytes=float(memory.used),
        memory_total_bytes=float(memory.total),
        parent=parent,
        profile=profile[0] if profile else f"{slices}g.{gibibytes}gb",
        core_fraction=min(1.0, slices / most) if most > 0 else 1.0,
    )
