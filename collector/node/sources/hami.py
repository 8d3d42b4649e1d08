"""HAMi's monitor: what each container uses of each card, under the names since 2.6 and the older ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from collector.node.exposition import MetricSample
from collector.node.reading import Container
from collector.node.sources.dcgm import core_fraction
from collector.node.sources.exporter import container_of, first_label
from collector.node.tally import PERCENT, Tally
from driftline.node_settings import Quantity

_CARD: dict[str, tuple[Quantity, float, int]] = {
    "hami_host_gpu_utilization_ratio": ("card_utilization", PERCENT, 0),
    "HostCoreUtilization": ("card_utilization", PERCENT, 1),
    "hami_host_gpu_memory_used_bytes": ("card_memory_used", 1.0, 0),
    "HostGPUMemoryUsage": ("card_memory_used", 1.0, 1),
    "hami_host_gpu_power_usage_watts": ("card_power", 1.0, 0),
}
_USER: dict[str, tuple[Quantity, float, int]] = {
    "hami_container_device_utilization_ratio": ("user_core", PERCENT, 0),
    "Device_utilization_desc_of_container": ("user_core", PERCENT, 1),
    "hami_vgpu_memory_used_bytes": ("user_memory", 1.0, 0),
    "vGPU_device_memory_usage_in_bytes": ("user_memory", 1.0, 1),
    "hami_vgpu_memory_limit_bytes": ("user_memory_allocated", 1.0, 0),
    "vGPU_device_memory_limit_in_bytes": ("user_memory_allocated", 1.0, 1),
    "hami_vgpu_memory_allocated_bytes": ("user_memory_allocated", 1.0, 2),
    "hami_vgpu_core_allocated_ratio": ("user_core_allocated", PERCENT, 0),
}
"""Metric: quantity, factor, rank; a monitor with old names switched on says everything twice."""

_MIG = ("hami_mig_device_info", "MigInfo")

Placement = tuple[Container | None, str, str]
"""Container, virtual device index, UUID of the card."""


class HamiDialect:
    """``hami_*`` and the older names, with ``device_uuid`` or ``deviceuuid`` and so on."""

    @property
    def metrics(self) -> Collection[str]:
        return (*_CARD, *_USER, *_MIG)

    @property
    def may_be_silent(self) -> bool:
        return False

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        names = {
            _uuid(sample.labels): first_label(sample.labels, "device_type", "devicetype")
            for sample in samples
            if sample.name in _CARD
        }
        slices = {
            _placement(sample.labels): _slice(sample.labels, names, tally)
            for sample in samples
            if sample.name in _MIG and _uuid(sample.labels)
        }
        for sample in samples:
            card = _uuid(sample.labels)
            if not card:
                tally.drop("no_device")
            elif sample.name in _CARD:
                index = first_label(sample.labels, "device_index", "deviceidx")
                ascend = _is_ascend(names, card)
                alias = f"{'npu' if ascend else 'gpu'}{index}" if index else ""
                tally.card(card, alias=alias, name=names[card].removeprefix("NVIDIA-"))
                quantity, factor, rank = _CARD[sample.name]
                tally.of_card(card, quantity, sample.value * factor, rank)
            elif sample.name in _USER:
                self._user(sample, slices.get(_placement(sample.labels), card), names, tally)

    def _user(self, sample: MetricSample, device: str, names: Mapping[str, str], tally: Tally) -> None:
        container = container_of(sample.labels)
        if container is None:
            tally.drop("no_pod")
            return
        quantity, factor, rank = _USER[sample.name]
        if quantity == "user_core" and _is_ascend(names, _uuid(sample.labels)):
            # On Ascend the monitor tells the card's utilization under the container's name.
            tally.on_card(device, container, copied=True)
            return
        part = first_label(sample.labels, "vdevice_index", "vdeviceid")
        tally.of_user(device, container, quantity, sample.value * factor, rank=rank, part=part)


def _uuid(labels: Mapping[str, str]) -> str:
    return first_label(labels, "device_uuid", "deviceuuid")


def _is_ascend(names: Mapping[str, str], card: str) -> bool:
    return names.get(card, "").startswith("Ascend")


def _placement(labels: Mapping[str, str]) -> Placement:
    return container_of(labels), first_label(labels, "vdevice_index", "vdeviceid"), _uuid(labels)


def _slice(labels: Mapping[str, str], names: Mapping[str, str], tally: Tally) -> str:
    """The MIG instance that a container was given; noted in the tally."""
    card = _uuid(labels)
    alias = f"{card}/gi{first_label(labels, 'gpu_instance_id', 'instanceid')}"
    device = labels.get("mig_uuid") or alias
    profile = labels.get("profile", "")
    fraction = core_fraction(profile, names.get(card, ""))
    tally.card(device, alias=alias, parent=card, profile=profile, core_fraction=fraction)
    return device
