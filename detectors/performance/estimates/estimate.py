"""What an estimator says about a window without labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from scipy.special import betaincinv, ndtri

EstimatorName = Literal["cbpe", "pape", "dle", "atc", "bbse", "mlls"]

EstimateStatus = Literal[
    "ok",
    "insufficient_data",
    "no_reference",
    "one_class",
    "constant_scores",
    "unusable_scores",
    "no_scores",
    "ill_conditioned",
    "dependency_missing",
    "not_applicable",
]

CONCEPT_DRIFT = "concept drift: a changed relation between inputs and truth"
CHANGED_CLASSES = f"{CONCEPT_DRIFT}; and classes that look different than they did"

LEVEL = 0.95
Z = float(ndtri(0.5 + LEVEL / 2))

MIN_ROWS = 20.0
"""Effective rows that a window needs before its estimate is more than a figure."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure of a window as an estimator expects it to turn out.

    Attributes
    ----------
    estimator, metric, class_name
        As they are stored in ``performance``: basis, metric, class.
    status, reason
        Whether the figure can be used, and in words why not; a reason is empty when it can.
    value, lower, upper
        Expected figure and the 95% interval in which the realised one should lie; NaN without one.
    baseline_value
        The figure realised on the labelled reference: what "assume unchanged" would say.
    rows, effective_rows
        Rows of the window that were looked at, and ``(sum w)^2 / sum w^2`` of their weights.
    reference_effective
        Effective labelled rows that the estimate rests on.
    assumptions, blind_to
        What has to hold, and what the estimator cannot see.
    warnings
        Signs that an assumption fails.
    details
        JSON values: a confusion matrix, the estimated class shares.
    """

    estimator: EstimatorName
    metric: str
    class_name: str = ""
    status: EstimateStatus = "ok"
    reason: str = ""
    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    baseline_value: float = math.nan
    rows: int = 0
    effective_rows: float = 0.0
    reference_effective: float = 0.0
    assumptions: str = ""
    blind_to: str = CONCEPT_DRIFT
    warnings: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether the figure may be shown and judged."""
        return self.status == "ok"

    def warned(self, *warnings: str) -> Estimate:
        """The same estimate with further warnings."""
        return replace(self, warnings=(*self.warnings, *(w for w in warnings if w not in self.warnings)))


def share_interval(value: float, variance: float, rows: float) -> tuple[float, float]:
    """95% interval of a share that will be counted on so many rows.

    Quantiles of the beta distribution with that mean and variance, half a row wider on both sides, because
    counts are whole: a normal interval would promise more than all right or fewer than none.

    Parameters
    ----------
    value, variance
        Expected share, 0 to 1, and the variance of what will be counted around it.
    rows
        Effective rows on which it is counted; above 0.

    Examples
    --------
    >>> tuple(round(bound, 3) for bound in share_interval(0.9, 0.9 * 0.1 / 400, 400))
    (0.868, 0.929)
    >>> share_interval(1.0, 0.0, 50)
    (0.99, 1.0)
    """
    half_row = 0.5 / max(rows, 1.0)
    most = value * (1 - value)
    if not 0 < variance < most:
        # No variance: the value itself. More than a share can have: it says nothing.
        lower, upper = (value, value) if variance <= 0 else (0.0, 1.0)
    else:
        draws = most / variance - 1
        a, b = value * draws, (1 - value) * draws
        lower = float(betaincinv(a, b, (1 - LEVEL) / 2))
        upper = float(betaincinv(a, b, (1 + LEVEL) / 2))
    return max(0.0, lower - half_row), min(1.0, upper + half_row)


def loss_interval(value: float, variance: float, lowest: float = 0.0) -> tuple[float, float]:
    """Normal 95% interval of a mean loss, which is never below ``lowest``.

    >>> loss_interval(1.0, 0.0)
    (1.0, 1.0)
    """
    half = Z * math.sqrt(max(variance, 0.0))
    return max(lowest, value - half), value + half
