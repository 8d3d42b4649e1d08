"""What the pages ask of whoever can explain, and what the template of one field explained shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol

from driftline.readmodel.attribution import WindowAttribution
from driftline.readmodel.bins import Bin
from driftline.readmodel.explanation import Explanation, Origin


class ExplanationSource(Protocol):
    """Explains fields and drift; the service passes it in, this room does not know detectors."""

    def explain(
        self, model: str, field: str, version: str, window: datetime | None, segment: str
    ) -> Explanation:
        """One field in one window; :class:`driftline.errors.NotFound` names what is close."""

    def attribution(self, model: str, versions: Sequence[str]) -> list[WindowAttribution]:
        """What carries the drift of these versions of a model in their newest windows."""


@dataclass(frozen=True)
class ExplanationView:
    """Everything the template of an explanation shows."""

    found: Explanation

    @property
    def drawn(self) -> tuple[Bin, ...]:
        """Bins that are drawn: ranges and categories always, the others when they hold anything."""
        return tuple(
            one for one in self.found.bins if one.kind in ("range", "category") or one.baseline or one.current
        )

    @property
    def most_share(self) -> float:
        """Height of the tallest bar, a share from 0 to 1."""
        shares = [share for one in self.found.bins for share in (one.baseline, one.current)]
        return max((share for share in shares if share is not None), default=0.0) or 1.0

    @property
    def origins(self) -> list[tuple[str, list[Origin]]]:
        """Origins kind by kind; a kind with a single member explains nothing and is left out."""
        groups = [(kind, list(mine)) for kind, mine in groupby(self.found.origins, lambda one: one.kind)]
        return [(kind, mine) for kind, mine in groups if len(mine) > 1]
