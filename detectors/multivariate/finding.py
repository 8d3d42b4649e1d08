"""What is found out about a group of columns in one window."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from driftline.contracts import Role

MultivariateChange = Literal["multivariate", "correlation"]
MultivariateStatus = Literal["ok", "watch", "drifted", "insufficient_data", "failed"]
PairKind = Literal["came apart", "became correlated", "turned around", "changed"]


@dataclass(frozen=True, slots=True)
class Share:
    """What one field or segment carries of a change, in [0, 1]."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class PairChange:
    """One pair of columns whose dependence changed, or came closest to it.

    Attributes
    ----------
    baseline, current
        Normal-score correlations; the current one over the pooled windows.
    """

    first: str
    second: str
    baseline: float
    current: float
    evidence: float
    kind: PairKind


@dataclass(frozen=True, slots=True)
class MultivariateFinding:
    """Verdict on the joint distribution of a group of columns.

    Attributes
    ----------
    field
        ``(inputs)``, ``(outputs)`` or the name of a field of kind embedding.
    change
        ``multivariate``: rows as a whole; ``correlation``: dependence of pairs, whatever single columns do.
    direction
        Which distance, or which pair, has the strongest evidence.
    effect
        Its size: AUC less 1/2, rise of the reconstruction error in standard deviations, distance in
        standard deviations (mean) or on the kernel's scale; difference of correlations for a pair.
    evidence, threshold
        In standard deviations of windows; what the budget asks for.
    scale
        Windows pooled.
    minimum_detectable_effect
        Effect that would be found in this window alone with 95% probability.
    budget
        False alarms a month that this finding may cost.
    statistics
        The distances of this window by name.
    fields
        Which columns carry it, largest first, summing to 1; empty when there is nothing to carry.
    segments
        Likewise by ``field=value``.
    pairs
        Of a correlation change: the pairs beyond their threshold, strongest first, at most 10; without any
        the strongest one.
    """

    field: str
    role: Role
    change: MultivariateChange
    window_start: datetime
    window_end: datetime
    status: MultivariateStatus
    reason: str
    rows: int = 0
    effective_rows: float = 0.0
    direction: str = ""
    effect: float = math.nan
    evidence: float = math.nan
    threshold: float = math.nan
    scale: int = 0
    minimum_detectable_effect: float = math.nan
    budget: float = math.nan
    windows_behind: int = 0
    learning: bool = False
    statistics: dict[str, float] = dataclasses.field(default_factory=dict)
    fields: tuple[Share, ...] = ()
    segments: tuple[Share, ...] = ()
    pairs: tuple[PairChange, ...] = ()
