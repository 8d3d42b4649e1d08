"""NVIDIA's DCGM exporter: cards and MIG instances; it copies their values onto every pod on them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from math import nan

from collector.node.exposition import MetricSample
from collector.node.sources.exporter import container_of, first_label
from collector.node.tally import MIB, PERCENT, Tally
from driftline.node_settings import Quantity

_CARD: dict[str, tuple[Quantity, float, int]] = {
    "DCGM_FI_DEV_GPU_UTIL": ("card_utilization", PERCENT, 0),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": ("card_utilization", 1.0, 1),
    "DCGM_FI_DEV_FB_USED": ("card_memory_used", MIB, 0),
    "DCGM_FI_DEV_FB_FREE": ("card_memory_free", MIB, 0),
    "DCGM_FI_DEV_FB_TOTAL": ("card_memory_total", MIB, 0),
    "DCGM_FI_DEV_POWER_USAGE": ("card_power", 1.0, 0),
}
"""Metric: quantity, factor, rank."""

_OF_THE_WHOLE_CARD = frozenset({"DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_POWER_USAGE"})
"""Never a MIG instance's own, whatever their labels say."""

_PROFILE = re.compile(r"(?:\d+c\.)?(\d+)g\.")


class DcgmDialect:
    """``DCGM_FI_*`` with the labels of every version, as ``pod`` or ``pod_name``."""

    @property
    def metrics(self) -> Collection[str]:
        return _CARD.keys()

    @property
    def may_be_silent(self) -> bool:
        return False

    def read(self, samples: Sequence[MetricSample], tally: Tally) -> None:
        for sample in samples:
            labels = sample.labels
            card = first_label(labels, "UUID", "uuid")
            if not card:
                tally.drop("no_device")
                continue
            model, index = first_label(labels, "modelName", "model_name"), labels.get("gpu", "")
            tally.card(card, alias=f"gpu{index}" if index else "", name=model)
            device = card
            instance = labels.get("GPU_I_ID", "")
            if instance:
                device = f"{card}/gi{instance}"
                profile = labels.get("GPU_I_PROFILE", "")
                tally.card(
                    device,
                    alias=device,
                    name=model,
                    parent=card,
                    profile=profile,
                    core_fraction=core_fraction(profile, model),
                )
            container = container_of(labels)
            if container is not None:
                tally.on_card(device, container, copied=True)
            quantity, factor, rank = _CARD[sample.name]
            if instance and sample.name in _OF_THE_WHOLE_CARD:
                # The card's power, told once for each instance; its utilization does not exist under MIG.
                if quantity == "card_power":
                    tally.of_card(card, quantity, sample.value * factor, rank)
                continue
            tally.of_card(device, quantity, sample.value * factor, rank)


def core_fraction(profile: str, card_name: str) -> float:
    """Part of a card's compute slices that a MIG profile has; NaN for a name that is no profile.

    An A30 is cut into 4 slices, every other card that can be cut into 7.

    >>> core_fraction("2g.12gb", "NVIDIA A30"), round(core_fraction("1c.3g.20gb", "NVIDIA A100"), 3)
    (0.5, 0.429)
    """
    found = _PROFILE.match(profile)
    return min(1.0, int(found[1]) / (4 if "A30" in card_name else 7)) if found else nan
