"""Shares of cards as rows: those of MIG instances are turned into shares of their card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any

from collector.node.attribution import Figure, Share, attribute, bounded
from collector.node.cards import Card, Inventory, Told
from collector.node.reading import CardReading, Container, Owner
from collector.node.workloads import Serving


@dataclass(frozen=True, slots=True)
class _Held:
    """A share of a card, with the slice and the pod it is in."""

    share: Share
    card: CardReading
    container: Container
    copied_utilization: float


def share_rows(inventory: Inventory, serving: Serving) -> list[dict[str, Any]]:
    """Columns of ``gpu_shares`` but for time, node and interval; by card at most 1 in all."""
    whole = {card.reading.device: card.reading for card in inventory.cards}
    by_card: dict[str, list[_Held]] = {}
    for card in inventory.cards:
        device = card.reading.parent or card.reading.device
        told = inventory.users.get(card.reading.device, ())
        held = _held(card, whole.get(device), told, serving)
        by_card.setdefault(device, []).extend(held)
    return [row for device, held in by_card.items() for row in _rows(device, held)]


def _held(card: Card, parent: CardReading | None, told: Sequence[Told], serving: Serving) -> list[_Held]:
    reading = card.reading
    shares = attribute(card, told, serving.owner_of)
    core_part, memory_part = 1.0, 1.0
    if reading.parent:
        core_part = reading.core_fraction
        total = parent.memory_total_bytes if parent is not None else nan
        memory_part = reading.memory_total_bytes / total if total > 0 else nan
        if len(shares) == 1:
            # A MIG instance is its user's alone, used or not.
            shares = [replace(shares[0], core_allocated=1.0, memory_allocated=1.0)]
    return [
        _Held(
            Share(
                share.owner,
                _part_of(share.core, core_part),
                _part_of(share.memory, memory_part),
                share.core_allocated * core_part,
                share.memory_allocated * memory_part,
            ),
            reading,
            _container(share.owner, told, serving),
            reading.utilization * core_part if share.core.grade == "device-copied" else nan,
        )
        for share in shares
    ]


def _part_of(figure: Figure, part: float) -> Figure:
    value = figure.value * part
    if isfinite(figure.value) and not isfinite(value):
        # Known of the slice, but nobody tells how large a part of the card it is.
        return Figure(nan, "unavailable", figure.source)
    return replace(figure, value=value)


def _rows(device: str, held: Sequence[_Held]) -> list[dict[str, Any]]:
    cores = bounded([one.share.core for one in held])
    memories = bounded([one.share.memory for one in held])
    return [
        {
            "device": device,
            "device_name": one.card.name,
            "slice": one.card.device if one.card.parent else "",
            "profile": one.card.profile,
            "model": one.share.owner.model,
            "instance": one.share.owner.instance,
            "namespace": one.container.namespace,
            "pod": one.container.pod,
            "core_share": core.value,
            "memory_share": memory.value,
            "core_allocated": one.share.core_allocated,
            "memory_allocated": one.share.memory_allocated,
            "copied_utilization": one.copied_utilization,
            "core_source": core.source,
            "memory_source": memory.source,
            "grade": core.grade,
            "memory_grade": memory.grade,
        }
        for one, core, memory in zip(held, cores, memories, strict=True)
    ]


def _container(owner: Owner, told: Sequence[Told], serving: Serving) -> Container:
    """The pod of an instance, by its processes or by what the sources call it."""
    for instance in serving.instances:
        if instance.owner == owner and instance.container is not None:
            return instance.container
    users = (one.user.user for one in told)
    return next(
        (user for user in users if isinstance(user, Container) and serving.owner_of(user) == owner),
        Container("", ""),
    )
