"""A metric of one window: value, interval, how many events stand behind it, and why it may be undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

NO_EVENTS = "no labelled events"


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one window.

    Attributes
    ----------
    metric, class_name
        Name of ``driftline.quality_metrics`` or of a business figure; the class of a per-class metric.
    value, lower, upper
        Estimate and its 95% interval in the metric's unit; NaN when undefined.
    labelled
        Labelled events it was computed from.
    effective_labelled
        ``(sum w)^2 / sum w^2`` of the events that the metric is about (for recall those of the class).
    reason
        Why the value is NaN; next to a finite value, what to keep in mind.
    details
        What can be shown with it, ready for JSON: confusion matrix, calibration bins, counts of edits.
    """

    metric: str
    class_name: str
    value: float
    lower: float
    upper: float
    labelled: int
    effective_labelled: float
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """All metrics of one window of one version; ``segment`` is empty for all rows, else ``field=value``."""

    version: str
    start: datetime
    end: datetime
    segment: str
    figures: tuple[Figure, ...]

    def figure(self, metric: str, class_name: str = "") -> Figure | None:
        """The figure of that metric and class, or ``None``."""
        return next(
            (each for each in self.figures if each.metric == metric and each.class_name == class_name), None
        )


@dataclass(frozen=True)
class Measured:
    """One metric of many windows at once: every array has a value a window.

    A window whose ``labelled`` is 0 has no figure (a class that does not occur in it, for example), unless
    it has a reason.
    """

    metric: str
    class_name: str
    value: Vector
    lower: Vector
    upper: Vector
    labelled: Vector
    effective: Vector
    reasons: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(
        cls,
        metric: str,
        value: ArrayLike,
        interval: tuple[ArrayLike, ArrayLike],
        labelled: ArrayLike,
        effective: ArrayLike,
        *,
        class_name: str = "",
        reasons: Sequence[str] | None = None,
        details: Sequence[Mapping[str, Any]] = (),
    ) -> Measured:
        """Bring everything to one value a window; an undefined value without a reason lacks events."""
        values = np.atleast_1d(np.asarray(value, dtype=np.float64))
        given = list(reasons) if reasons is not None else [""] * values.size
        given = [
            NO_EVENTS if not reason and not defined else reason
            for reason, defined in zip(given, np.isfinite(values).tolist(), strict=True)
        ]
        columns = (*interval, labelled, effective)
        lower, upper, counted, weighed = (
            np.broadcast_to(np.asarray(column, dtype=np.float64), values.shape) for column in columns
        )
        return cls(metric, class_name, values, lower, upper, counted, weighed, tuple(given), tuple(details))

    def figure(self, window: int) -> Figure:
        """The figure of one window, by its position."""
        return Figure(
            self.metric,
            self.class_name,
            float(self.value[window]),
            float(self.lower[window]),
            float(self.upper[window]),
            int(self.labelled[window]),
            float(self.effective[window]),
            self.reasons[window],
            self.details[window] if self.details else {},
        )


def figures_of(measured: Sequence[Measured], window: int) -> tuple[Figure, ...]:
    """Figures of one window, without those of classes that do not occur in it."""
    return tuple(each.figure(window) for each in measured if not each.class_name or each.labelled[window] > 0)
