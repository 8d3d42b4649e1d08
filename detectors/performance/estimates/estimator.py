"""What all estimators have in common: fitted on labelled rows, asked about rows without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from detectors.performance.estimates.compared import Compared
from detectors.performance.estimates.estimate import (
    CONCEPT_DRIFT,
    MIN_ROWS,
    Estimate,
    EstimateStatus,
    EstimatorName,
)
from detectors.performance.estimates.rows import LabelledRows


class FittedEstimator(Protocol):
    """An estimator that knows its reference."""

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """Figures of a window; one with a status and a reason when there are none."""


class Estimator(Protocol):
    """A way to estimate quality without labels."""

    def __call__(self, reference: LabelledRows) -> FittedEstimator:
        """Learn from labelled rows that can be used (:func:`usable_reference`)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all figures of one estimator share in one window."""

    estimator: EstimatorName
    metric: str
    window: Compared
    assumptions: str
    blind_to: str = CONCEPT_DRIFT
    reference_effective: float = 0.0
    warnings: tuple[str, ...] = ()

    def figure(
        self,
        metric: str,
        value: float,
        interval: tuple[float, float],
        baseline: float,
        *,
        class_name: str = "",
        details: Mapping[str, object] | None = None,
    ) -> Estimate:
        """A figure; not one to rely on when the window is too small."""
        rows = self.window.rows
        few = rows.effective < MIN_ROWS
        return Estimate(
            self.estimator,
            metric,
            class_name,
            status="insufficient_data" if few else "ok",
            reason=f"{rows.effective:.0f} effective rows, {MIN_ROWS:.0f} needed" if few else "",
            value=value,
            lower=interval[0],
            upper=interval[1],
            baseline_value=baseline,
            rows=len(rows),
            effective_rows=rows.effective,
            reference_effective=self.reference_effective,
            assumptions=self.assumptions,
            blind_to=self.blind_to,
            warnings=(*self.window.usable.warnings, *self.warnings),
            details=details or {},
        )

    def refusal(self, status: EstimateStatus, reason: str) -> tuple[Estimate, ...]:
        """No figure, and why."""
        rows = self.window.rows
        return (
            Estimate(
                self.estimator,
                self.metric,
                status=status,
                reason=reason,
                rows=len(rows),
                effective_rows=rows.effective,
                reference_effective=self.reference_effective,
                assumptions=self.assumptions,
                blind_to=self.blind_to,
            ),
        )
