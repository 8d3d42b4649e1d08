"""What an attribution of a loss says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AttributionStatus = Literal["explained", "unexplained", "no_change", "insufficient_data"]
CauseKind = Literal["moved", "changed"]
"""moved: more rows where the loss was higher already; changed: a higher loss at the same values."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the change of the mean loss with its 95% interval, in the loss's unit."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class SegmentLoss:
    """One segment's part of the change; mix and within of all values of a column add up to the change.

    Attributes
    ----------
    share_before, share_now
        Of the rows.
    loss_before, loss_now
        Mean loss; NaN where there is no row.
    mix
        From its changed share: ``(q - p) ((a + b) / 2 - overall)``.
    within
        From its changed loss: ``(b - a) (p + q) / 2``.
    effective_before, effective_now
        Effective rows.
    """

    column: str
    value: str
    share_before: float
    share_now: float
    loss_before: float
    loss_now: float
    mix: Part
    within: Part
    effective_before: float
    effective_now: float


@dataclass(frozen=True, slots=True)
class FieldLoss:
    """One column on its own; columns that are correlated show the same change.

    Attributes
    ----------
    moved, within
        What its moved distribution explains, and the rest; they add up to the change.
    region
        Values at which the loss changed most beyond the change elsewhere; empty when none stands out.
    excess
        That region's part of the change beyond what it would have with the change elsewhere.
    region_before, region_now, region_share
        Its mean loss on both sides, and its share of the current rows.
    """

    column: str
    moved: Part
    within: Part
    region: str
    excess: Part | None
    region_before: float
    region_now: float
    region_share: float


@dataclass(frozen=True, slots=True)
class LossCause:
    """One step of the explanation: what is beyond chance after the causes before it are taken off.

    Attributes
    ----------
    name
        ``column``, or ``column=value`` of a segment.
    part
        Of the change of the mean loss.
    share
        The same as a share of the change.
    region
        Of a changed column: the values at which it changed.
    loss_before, loss_now
        Mean loss there (moved: of all rows); where the reference has no such row, that of all its rows.
    share_now
        Of the current rows that lie there.
    alike
        Columns that showed at least half as much before and nothing beyond chance after: correlated with it.
    """

    name: str
    column: str
    kind: CauseKind
    region: str
    part: Part
    share: float
    loss_before: float
    loss_now: float
    share_now: float
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LossAttribution:
    """Why the mean loss changed between two sets of rows.

    Attributes
    ----------
    status
        ``no_change``: the interval of the change holds 0, and nothing is named. ``unexplained``: it changed,
        and no column or segment stands out.
    change, before, now
        Change of the mean loss, and both means.
    causes
        In the order in which they were found, the largest first.
    rest
        What the causes leave of the change; its interval takes them as independent.
    segments, fields
        Every segment and column on its own, largest part first.
    rows_before, rows_now
        Rows looked at, and effective ones.
    """

    status: AttributionStatus
    change: Part
    before: float
    now: float
    causes: tuple[LossCause, ...]
    rest: Part
    segments: tuple[SegmentLoss, ...]
    fields: tuple[FieldLoss, ...]
    rows_before: tuple[int, float]
    rows_now: tuple[int, float]
    words: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """Names of the causes, the first first; empty when nothing is named."""
        return tuple(cause.name for cause in self.causes)
