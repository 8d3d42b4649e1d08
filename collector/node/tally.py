"""Gathers an exporter's samples by card and by user, with every value checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from typing import Any

from collector.node.reading import CardReading, Grade, Reading, User, UserReading
from driftline.node_settings import Quantity

MIB = float(2**20)
PERCENT = 0.01

_SHARES = frozenset({"card_utilization", "user_core", "user_core_allocated"})
_MOST_SHARE = 2.0
"""Shares a little above 1 come of sampling and count as 1; above this the unit must be another."""
_MOST_BYTES = float(2**53)
_MOST_WATTS = 1e6


@dataclass(slots=True)
class _User:
    # Quantity to part to (rank, value): parts of the best rank are summed.
    values: dict[str, dict[str, tuple[int, float]]] = field(default_factory=dict)
    grade: Grade = "measured"
    copied: bool = False


class Tally:
    """Samples of one exporter in one round.

    The first value of a quantity with the lowest rank counts, so that an exporter may say the same thing
    under an old and a new name, or once for every pod, without its being counted twice.
    """

    def __init__(self) -> None:
        self._cards: dict[str, CardReading] = {}
        self._values: dict[str, dict[str, tuple[int, float]]] = {}
        self._users: dict[tuple[str, User], _User] = {}
        self.dropped: Counter[str] = Counter()

    def card(self, device: str, **facts: Any) -> None:
        """Note that a card exists, and its name, alias, parent, profile or core fraction."""
        known = self._cards.setdefault(device, CardReading(device))
        # Empty and NaN (which is unequal to itself) are what this sample does not tell.
        fresh = {name: fact for name, fact in facts.items() if fact != "" and fact == fact}
        if fresh:
            self._cards[device] = replace(known, **fresh)

    def of_card(self, device: str, quantity: Quantity, value: float, rank: int = 0) -> None:
        """Add a quantity of the whole card."""
        if self._is_sound(quantity, value):
            self.card(device)
            held = self._values.setdefault(device, {})
            if quantity not in held or rank < held[quantity][0]:
                held[quantity] = (rank, min(value, 1.0) if quantity in _SHARES else value)

    def of_user(
        self,
        device: str,
        user: User,
        quantity: Quantity,
        value: float,
        *,
        rank: int = 0,
        part: str = "",
        grade: Grade = "measured",
    ) -> None:
        """Add a quantity of one user of a card; different ``part`` s of the best rank are summed."""
        if not self._is_sound(quantity, value):
            return
        held = self._users.setdefault((device, user), _User())
        parts = held.values.setdefault(quantity, {})
        if part not in parts or rank < parts[part][0]:
            parts[part] = (rank, min(value, 1.0) if quantity in _SHARES else value)
        if quantity == "user_core":
            held.grade = grade

    def on_card(self, device: str, user: User, *, copied: bool = False) -> None:
        """Note that a user is on a card; ``copied`` when all that is told of it is the card's own value."""
        held = self._users.setdefault((device, user), _User())
        held.copied = held.copied or copied

    def drop(self, reason: str) -> None:
        """Count a sample that is left out."""
        self.dropped[reason] += 1

    def reading(self, source: str) -> Reading:
        """All of it as one reading."""
        return Reading(
            source, [self._card(card) for card in self._cards.values()], self._user_rows(), dict(self.dropped)
        )

    def _is_sound(self, quantity: str, value: float) -> bool:
        if not isfinite(value):
            self.drop("not_finite")
            return False
        most = _MOST_SHARE if quantity in _SHARES else _MOST_BYTES
        if value < 0 or value > (_MOST_WATTS if quantity == "card_power" else most):
            self.drop("out_of_range")
            return False
        return True

    def _card(self, card: CardReading) -> CardReading:
        values = {name: value for name, (_, value) in self._values.get(card.device, {}).items()}
        used, free = values.get("card_memory_used", nan), values.get("card_memory_free", nan)
        return replace(
            card,
            utilization=values.get("card_utilization", nan),
            memory_used_bytes=used,
            memory_total_bytes=values.get("card_memory_total", used + free),
            power_watts=values.get("card_power", nan),
        )

    def _user_rows(self) -> Sequence[UserReading]:
        return [
            UserReading(
                device=device,
                user=user,
                core_share=_at_most_one(_summed(held, "user_core")),
                memory_bytes=_summed(held, "user_memory"),
                core_allocated=_at_most_one(_summed(held, "user_core_allocated")),
                memory_allocated_bytes=_summed(held, "user_memory_allocated"),
                core_grade=held.grade,
                copied=held.copied,
            )
            for (device, user), held in self._users.items()
        ]


def _summed(held: _User, quantity: str) -> float:
    parts = held.values.get(quantity)
    if not parts:
        return nan
    best = min(rank for rank, _ in parts.values())
    return sum(value for rank, value in parts.values() if rank == best)


def _at_most_one(share: float) -> float:
    # Not min(): of 1 and NaN it would give 1.
    return 1.0 if share > 1.0 else share
