"""Reasons of decisions about decay, in the unit of the metric."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.loss import Loss
from detectors.performance.decay.moments import Moments
from detectors.performance.decay.sums import WindowSums
from driftline.quality_metrics import METRICS, Metric

NOTICED: Final = 0.01
"""Part of the weight above the weight limit from which a reason says so."""


def metric_of(loss: Loss) -> Metric:
    """How the metric of a loss is read; a business figure is a number of its own name."""
    known = METRICS.get(loss.metric)
    if known is not None and not loss.name:
        return known
    return Metric(loss.metric, "number", "higher" if loss.gain else "lower")


@dataclass(frozen=True, slots=True)
class Figures:
    """What all reasons of a decision are made of; ``limit`` is a mean loss, ``evidence`` in sd."""

    loss: Loss
    limit: float
    evidence: float
    budget: DecayBudget

    def decay(
        self, window: WindowSums, since: datetime, together: Moments, lower: float, *, proven: bool
    ) -> str:
        """Of a decay that is proven or watched; ``together`` are all labels since it began."""
        begun = "" if proven else "not yet enough evidence: "
        least = "at most" if self.loss.gain else "at least"
        bound = f", {least} {self._text(lower)} at {self.budget.level:.0%} at every look" if lower > 0 else ""
        return (
            f"{begun}{metric_of(self.loss).label} {self._text(together.risk)} since {since:%Y-%m-%d %H:%M} "
            f"({together.labelled:,} labels){bound}; {self._allowed}{_clipped(window)}"
        )

    def healthy(self, window: WindowSums, least: float) -> str:
        """Of a window that is not in decay; ``least`` effective labels are missed, 0 when none are."""
        now = (
            f"{metric_of(self.loss).label} {self._text(window.moments.risk)} "
            f"of {window.moments.labelled:,} labels"
        )
        if least:
            few = f"{window.moments.effective:.0f} effective labels, {least:.0f} needed"
            return f"{few}; {now}{_clipped(window)}"
        return f"{now}; {self._allowed}{_clipped(window)}"

    def _text(self, risk: float) -> str:
        return metric_of(self.loss).text(self.loss.value(risk))

    @property
    def _allowed(self) -> str:
        needed = f"evidence {self.evidence:.1f} of {self.budget.deviation:.1f} needed"
        return f"the reference allows {self._text(self.limit)}; {needed}"


def _clipped(window: WindowSums) -> str:
    if window.clipped < NOTICED:
        return ""
    return f"; {window.clipped:.0%} of the weight lies above the highest weight that counts"
