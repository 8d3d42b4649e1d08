"""Which fields and segments carry a change: of one window's rows, and over all findings of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.finding import PairChange, Share

Vector = NDArray[np.float64]

NOISE_SHARE = 0.5
"""Evidence up to this share of its threshold is what unchanged fields reach, and carries nothing."""


class Evidenced(Protocol):
    """A finding, as far as attribution looks at it."""

    @property
    def field(self) -> str: ...

    @property
    def segment(self) -> str: ...

    @property
    def evidence(self) -> float: ...

    @property
    def threshold(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Attribution:
    """What carries a model's drift in one window.

    Attributes
    ----------
    fields, segments
        Shares of the evidence in excess of noise, largest first; each adds up to 1, or is empty when
        nothing exceeds it.
    concentration
        By field: share of its excess over all rows and segments that its strongest segment holds beyond
        an equal part, 0 (everywhere alike) to 1 (one segment only); fields with segments only.
    """

    fields: tuple[Share, ...]
    segments: tuple[Share, ...]
    concentration: Mapping[str, float]

    def carriers(self, most: float = 0.8) -> tuple[str, ...]:
        """The fewest fields that together carry at least this share."""
        chosen: list[str] = []
        carried = 0.0
        for share in self.fields:
            if carried >= most:
                break
            chosen.append(share.name)
            carried += share.share
        return tuple(chosen)


def attribute(findings: Iterable[Evidenced]) -> Attribution:
    """Which fields and segments carry the drift of one model in one window.

    .. math:: c = \\max(0, e^2 - (h / 2)^2), \\quad \\text{share}_f = c_f / \\textstyle\\sum_g c_g

    Half the square of the evidence e is the log likelihood ratio of a change, so contributions add up;
    what lies below half of the threshold h is noise, of which many fields would sum up to a carrier.

    Parameters
    ----------
    findings
        Of one window: field, segment (``""`` for all rows), evidence and threshold in standard deviations.
        NaN carries nothing; a field's largest finding counts.

    Examples
    --------
    >>> from types import SimpleNamespace as One
    >>> found = attribute([
    ...     One(field="amount", segment="", evidence=10.0, threshold=6.0),
    ...     One(field="age", segment="", evidence=3.0, threshold=6.0),
    ...     One(field="amount", segment="country=de", evidence=12.0, threshold=6.0),
    ...     One(field="amount", segment="country=fr", evidence=2.0, threshold=6.0)])
    >>> [(one.name, one.share) for one in found.fields], [one.name for one in found.segments]
    ([('amount', 1.0)], ['country=de'])
    >>> found.concentration["amount"]
    1.0
    """
    fields: dict[str, float] = {}
    segments: dict[str, dict[str, float]] = {}
    for one in findings:
        excess = one.evidence**2 - (NOISE_SHARE * one.threshold) ** 2
        excess = excess if excess > 0 else 0.0
        if not one.segment:
            fields[one.field] = max(fields.get(one.field, 0.0), excess)
        else:
            mine = segments.setdefault(one.field, {})
            mine[one.segment] = max(mine.get(one.segment, 0.0), excess)
    by_segment: dict[str, float] = {}
    concentration: dict[str, float] = {}
    for name, parts in segments.items():
        total = sum(parts.values())
        for segment, excess in parts.items():
            by_segment[segment] = by_segment.get(segment, 0.0) + excess
        if total > 0 and len(parts) > 1:
            equal = 1 / len(parts)
            concentration[name] = (max(parts.values()) / total - equal) / (1 - equal)
    return Attribution(shares(fields), shares(by_segment), concentration)


def shares(amounts: Mapping[str, float]) -> tuple[Share, ...]:
    """Positive amounts as parts of their sum, largest first; nothing without any.

    >>> shares({"a": 1.0, "b": 3.0, "c": -1.0})
    (Share(name='b', share=0.75), Share(name='a', share=0.25))
    """
    positive = {name: amount for name, amount in amounts.items() if amount > 0}
    total = sum(positive.values())
    ordered = sorted(positive.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Share(name, amount / total) for name, amount in ordered)


def shares_of_pairs(pairs: Sequence[PairChange]) -> tuple[Share, ...]:
    """Which columns the changed pairs have in common: each pair's squared evidence, half to either."""
    amounts: dict[str, float] = {}
    for pair in pairs:
        for name in (pair.first, pair.second):
            amounts[name] = amounts.get(name, 0.0) + pair.evidence**2 / 2
    return shares(amounts)


def segment_amounts(
    columns: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    scores: tuple[Vector, Vector],
    weights: tuple[Vector, Vector],
) -> dict[str, float]:
    """What each segment adds to the rise of the rows' mean score from the baseline to now.

    .. math:: c_s = q_s (\\bar y_s - m) - p_s (\\bar x_s - m),
              \\quad \\textstyle\\sum_s c_s = \\bar y - \\bar x

    with m the mean of all baseline rows, p and q the segment's shares.

    Parameters
    ----------
    columns
        By segment column: the segment of every baseline row and of every current row.
    scores, weights
        Of baseline and current rows.

    Returns
    -------
    dict
        By ``column=value``; over the values of one column they add up to the rise.
    """
    centre = float(scores[0] @ weights[0] / weights[0].sum())
    amounts: dict[str, float] = {}
    for name, sides in columns.items():
        for sign, labels, score, weight in zip((-1, 1), sides, scores, weights, strict=True):
            parts = sign * (score - centre) * weight / weight.sum()
            for label, part in zip(labels, parts, strict=True):
                key = f"{name}={label}"
                amounts[key] = amounts.get(key, 0.0) + float(part)
    return amounts
