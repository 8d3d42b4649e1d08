"""Ascend's npu-exporter: chips, containers, virtual NPUs and processes; its samples carry their own times."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import nan

from collector.node.exposition import MetricSample
from collector.node.reading import Container
from collector.node.sources.exporter import container_of, first_label
from collector.node.tally import MIB, PERCENT, Tally
from driftline.node_settings import Quantity

KIB = 1024.0
CORES_OF_A_310P = 8
"""AI cores of the only chip that is cut into virtual NPUs that the exporter tells about."""

_CHIP: dict[str, tuple[Quantity, float, int]] = {
    "npu_chip_info_utilization": ("card_utilization", PERCENT, 0),
    "npu_chip_info_overall_utilization": ("card_utilization", PERCENT, 1),
    "npu_chip_info_power": ("card_power", 1.0, 0),
}
_MEMORY: dict[str, tuple[Quantity, bool]] = {
    "npu_chip_info_hbm_used_memory": ("card_memory_used", True),
    "npu_chip_info_hbm_total_memory": ("card_memory_total", True),
    "npu_chip_info_used_memory": ("card_memory_used", False),
    "npu_chip_info_total_memory": ("card_memory_total", False),
}
"""Metric: quantity, and whether it is of HBM; MiB. A chip without HBM may tell 0 for it."""

_COPIED = ("container_npu_utilization", "container_npu_used_memory", "npu_container_info")
_VIRTUAL = {"vnpu_pod_aicore_utilization": "user_core", "vnpu_pod_used_memory": "user_memory"}
_VIRTUAL_LIMIT = "vnpu_pod_total_memory"
_PROCESS = "npu_chip_info_process_info"


class NpuDialect:
    """``npu_chip_info_*``, ``container_npu_*``, ``vnpu_pod_*``; older versions label chips with ``id`` only.

    ``container_npu_*`` are the chip's values under the container's name, also where containers share it:
    device-copied. A virtual NPU's utilization is of its own cores and is converted to the chip's
    (apportioned). Memory of processes is measured.
    """

    @property
    def metrics(self) -> Collection[str]:
        return (*_CHIP, *_MEMORY, *_COPIED, *_VIRTUAL, _VIRTUAL_LIMIT, _PROCESS)

    @property
    def may_be_silent(self) -> bool:
        return False

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        uuids = {
            chip: uuid
            for sample in samples
            for chip, uuid in [(_chip(sample.labels), sample.labels.get("vdie_id", ""))]
            if chip and uuid
        }
        with_hbm = {
            _chip(sample.labels)
            for sample in samples
            if sample.name == "npu_chip_info_hbm_total_memory" and sample.value > 0
        }
        for sample in samples:
            chip = _chip(sample.labels)
            if not chip:
                tally.drop("no_device")
                continue
            device = uuids.get(chip, f"npu{chip}")
            tally.card(device, alias=f"npu{chip}", name=first_label(sample.labels, "model_name", "modelName"))
            if sample.name in _CHIP:
                quantity, factor, rank = _CHIP[sample.name]
                tally.of_card(device, quantity, sample.value * factor, rank)
                _note_user(sample.labels, device, tally)
            elif sample.name in _MEMORY:
                memory, hbm = _MEMORY[sample.name]
                if hbm == (chip in with_hbm):
                    tally.of_card(device, memory, sample.value * MIB)
            else:
                _read_user(sample, device, tally)


def _read_user(sample: MetricSample, device: str, tally: Tally) -> None:
    if sample.name in _COPIED:
        _note_user(sample.labels, device, tally)
        return
    container = container_of(sample.labels)
    if sample.name == _PROCESS:
        pid = sample.labels.get("process_id", "")
        if container is not None:
            tally.of_user(device, container, "user_memory", sample.value * MIB, part=pid)
        elif pid.isascii() and pid.isdigit():
            tally.of_user(device, int(pid), "user_memory", sample.value * MIB)
        else:
            tally.drop("no_pod")
    elif container is None:
        tally.drop("no_pod")
    elif sample.name == _VIRTUAL_LIMIT:
        tally.of_user(device, container, "user_memory_allocated", sample.value * KIB, rank=1)
    elif _VIRTUAL[sample.name] == "user_memory":
        tally.of_user(device, container, "user_memory", sample.value * KIB, rank=1)
    else:
        share = sample.value * PERCENT * _cores(sample.labels) / CORES_OF_A_310P
        tally.of_user(device, container, "user_core", share, grade="apportioned")


def _chip(labels: Mapping[str, str]) -> str:
    return first_label(labels, "id", "npuID")


def _cores(labels: Mapping[str, str]) -> float:
    text = labels.get("aicore_count", "")
    return float(text) if text.isascii() and text.isdigit() else nan


def _note_user(labels: Mapping[str, str], device: str, tally: Tally) -> None:
    container = container_of(labels)
    if container is None:
        # Older: one label that joins the three names.
        parts = labels.get("containerName", "").split("_")
        container = Container(*parts) if len(parts) == 3 and all(parts) else None
    if container is not None:
        tally.on_card(device, container, copied=True)
