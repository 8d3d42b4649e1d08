"""What the pages ask of whoever knows costs; the service passes it in, this room does not compute it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CostFigure:
    """Cost per 1,000 predictions in USD with what it rests on; ``None`` when it cannot be told."""

    per_thousand_usd: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class CostPoint:
    """Cost per 1,000 predictions in USD in one stretch of time."""

    start: datetime
    per_thousand_usd: float | None


class CostSource(Protocol):
    """Costs of models, as the pages need them."""

    def latest(self, models: Sequence[str]) -> Mapping[str, CostFigure]:
        """Newest figure of each model; models without one are left out."""

    def history(self, model: str, since: datetime, until: datetime) -> Sequence[CostPoint]:
        """Figures of one model over time, oldest first."""
