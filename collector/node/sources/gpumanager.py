"""Tencent's GPUManager and the exporter of qGPU: use and requests of containers, by card index."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from collector.node.exposition import MetricSample
from collector.node.sources.exporter import container_of, first_label
from collector.node.tally import MIB, PERCENT, Tally
from driftline.node_settings import Quantity

_USE: dict[str, tuple[Quantity, float]] = {
    "container_gpu_utilization": ("user_core", PERCENT),
    "container_gpu_memory_total": ("user_memory", MIB),
}
_REQUEST: dict[str, tuple[Quantity, float]] = {
    "container_request_gpu_utilization": ("user_core_allocated", 1.0),
    "container_request_gpu_memory": ("user_memory_allocated", MIB),
}


class GpuManagerDialect:
    """``container_gpu_*`` with ``pod_name`` or ``pod``; cards are named by index (``gpu0`` or card ``0``).

    Every container has a sum over its cards beside them, under ``total``: it is read only where no card is
    named, and requests have nothing else. What has no card is placed later, if it can only be on one.
    """

    @property
    def metrics(self) -> Collection[str]:
        return (*_USE, *_REQUEST)

    @property
    def may_be_silent(self) -> bool:
        return True

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        with_card = {(sample.name, container_of(sample.labels)) for sample in samples if _card(sample.labels)}
        for sample in samples:
            container, card = container_of(sample.labels), _card(sample.labels)
            if container is None:
                tally.drop("no_pod")
                continue
            if not card and (sample.name, container) in with_card:
                continue
            quantity, factor = (_USE | _REQUEST)[sample.name]
            tally.of_user(card, container, quantity, sample.value * factor)


def _card(labels: dict[str, str]) -> str:
    """Alias of the card a sample is about; empty for a sum over cards."""
    name = first_label(labels, "gpu", "gpu_memory", "card")
    index = name.removeprefix("gpu")
    return f"gpu{index}" if index.isascii() and index.isdigit() else ""
