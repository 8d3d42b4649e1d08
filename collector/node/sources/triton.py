"""Triton's own device figures: a fallback where nothing else reads the cards; it gives none under MIG."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from collector.node.exposition import MetricSample
from collector.node.tally import Tally
from driftline.node_settings import Quantity

_CARD: dict[str, Quantity] = {
    "nv_gpu_utilization": "card_utilization",
    "nv_gpu_memory_used_bytes": "card_memory_used",
    "nv_gpu_memory_total_bytes": "card_memory_total",
    "nv_gpu_power_usage": "card_power",
}


class TritonDialect:
    """``nv_gpu_*{gpu_uuid}``."""

    @property
    def metrics(self) -> Collection[str]:
        return _CARD.keys()

    @property
    def may_be_silent(self) -> bool:
        return False

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        for sample in samples:
            uuid = sample.labels.get("gpu_uuid", "")
            if uuid:
                tally.of_card(uuid, _CARD[sample.name], sample.value)
            else:
                tally.drop("no_device")
