"""One card from what several sources say about it, and every user on the card it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan

from collector.node.reading import CardReading, Grade, Reading, User, UserReading

PRECEDENCE = ("nvml", "dcgm", "hami", "gpumanager", "npu", "pods", "gpushare", "custom", "triton")
"""Which kind of source is believed first about a quantity of the same grade. The driver itself comes
first; what a model server says about its card comes last."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card or a slice of one, each quantity from the first source that tells it; NaN where none does.

    Attributes
    ----------
    reading
        Its figures; ``device`` is its UUID where any source knows one.
    grade
        What the utilization rests on.
    sources
        Sources that told of it, joined by ``+``.
    """

    reading: CardReading
    grade: Grade
    sources: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one source says about one user of one card."""

    source: str
    user: UserReading


@dataclass(frozen=True, slots=True)
class Inventory:
    """The cards of this node, the users of each by device, and what was left out by source and reason."""

    cards: Sequence[Card]
    users: Mapping[str, Sequence[Told]]
    dropped: Mapping[tuple[str, str], int]


def take_inventory(readings: Sequence[Reading]) -> Inventory:
    """Merge readings, the most believed first.

    Cards are the same when their UUIDs are, or when a source that knows no UUID names one by index. Where
    NVML reads cards, an NVIDIA card that it does not know is another node's, and is dropped. Allocations
    alone never make a card: they may come from a scheduler that knows the whole cluster.
    """
    dropped: Counter[tuple[str, str]] = Counter()
    merged = _Merging(readings)
    for reading in readings:
        for card in reading.cards:
            if not merged.add(reading.source, card):
                dropped[reading.source, "unknown_card"] += 1
    users: dict[str, list[Told]] = {}
    # Users without a card are placed last, when it is known where each container is.
    everyone = [(reading.source, user) for reading in readings for user in reading.users]
    for source, user in sorted(everyone, key=lambda pair: not pair[1].device):
        device = merged.find(user.device) if user.device else _only_place(user.user, users, merged.cards())
        if not device and user.device and _tells_use(user) and merged.add(source, CardReading(user.device)):
            device = user.device
        if device:
            users.setdefault(device, []).append(Told(source, replace(user, device=device)))
        else:
            dropped[source, "no_card" if not user.device else "unknown_card"] += 1
    return Inventory(_with_sums(merged.cards()), users, dropped)


class _Merging:
    def __init__(self, readings: Sequence[Reading]) -> None:
        self._known_nvidia = {
            card.device for reading in readings if reading.source == "nvml" for card in reading.cards
        }
        self._cut = {
            card.parent for reading in readings if reading.source == "nvml" for card in reading.cards
        }
        self._cards: dict[str, CardReading] = {}
        self._sources: dict[str, list[str]] = {}
        self._aliases: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The card of a UUID or alias, or nothing."""
        return name if name in self._cards else self._aliases.get(name, "")

    def add(self, source: str, card: CardReading) -> bool:
        """Take over what a source says of a card; whether it is this node's."""
        device = self.find(card.device)
        if not device and (card.device == card.alias or card.alias.startswith("npu")):
            device = self.find(card.alias)
        if not device:
            if self._is_foreign(card):
                return False
            device = card.device
        known = self._cards.get(device)
        self._cards[device] = card if known is None else _filled(known, card)
        for name in (card.alias, card.device):
            if name and name != device:
                self._aliases.setdefault(name, device)
        sources = self._sources.setdefault(device, [])
        if source not in sources:
            sources.append(source)
        return True

    def cards(self) -> list[Card]:
        return [
            Card(
                reading,
                "unavailable" if isnan(reading.utilization) else "measured",
                "+".join(self._sources[device]),
            )
            for device, reading in self._cards.items()
        ]

    def _is_foreign(self, card: CardReading) -> bool:
        if not self._known_nvidia or card.device in self._known_nvidia:
            return False
        if card.parent:
            # A slice that NVML does not show on a card that it shows cut, or of a card it does not know.
            return card.parent in self._cut or card.parent not in self._known_nvidia
        return card.device.startswith(("GPU-", "MIG-", "gpu"))


def _filled(known: CardReading, more: CardReading) -> CardReading:
    """What is known, with gaps filled from a source that is believed less.

    Used and total memory come from one source, because each counts reserved memory its own way.
    """
    no_memory = isnan(known.memory_total_bytes) and not isnan(more.memory_total_bytes)
    memory = more if no_memory or isnan(known.memory_used_bytes) else known
    total = memory.memory_total_bytes
    return replace(
        known,
        alias=known.alias or more.alias,
        name=known.name or more.name,
        parent=known.parent or more.parent,
        profile=known.profile or more.profile,
        utilization=_first(known.utilization, more.utilization),
        memory_used_bytes=_first(memory.memory_used_bytes, known.memory_used_bytes),
        memory_total_bytes=_first(total, known.memory_total_bytes),
        power_watts=_first(known.power_watts, more.power_watts),
        core_fraction=_first(known.core_fraction, more.core_fraction),
    )


def _first(value: float, otherwise: float) -> float:
    return otherwise if isnan(value) else value


def _tells_use(user: UserReading) -> bool:
    return user.copied or isfinite(user.core_share) or isfinite(user.memory_bytes)


def _only_place(user: User, users: Mapping[str, Sequence[Told]], cards: Sequence[Card]) -> str:
    """The card that a user must be on: the only one it was seen on, or the node's only one; else nothing."""
    seen = {device for device, told in users.items() if any(one.user.user == user for one in told)}
    if len(seen) == 1:
        return next(iter(seen))
    whole = [card.reading.device for card in cards if not card.reading.parent]
    cut = any(card.reading.parent for card in cards)
    return whole[0] if not seen and len(whole) == 1 and not cut else ""


def _with_sums(cards: Sequence[Card]) -> list[Card]:
    """Cards in MIG mode with a utilization from their instances': each by its part of the card."""
    slices: dict[str, list[CardReading]] = {}
    for card in cards:
        slices.setdefault(card.reading.parent, []).append(card.reading)
    return [
        _with_sum(card, slices.get(card.reading.device, ())) if isnan(card.reading.utilization) else card
        for card in cards
    ]


def _with_sum(card: Card, slices: Sequence[CardReading]) -> Card:
    total = sum(one.utilization * one.core_fraction for one in slices) if slices else nan
    if isnan(total):
        return card
    return replace(card, reading=replace(card.reading, utilization=min(1.0, total)), grade="apportioned")
