"""Directed scores: the directions of change that evidence is collected for, linear in bin counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.profiles.layout import ColumnLayout
from detectors.statistics.counts import checked_counts

ScoreKind = Literal["location", "share"]

LOCATION_SHARE_OF_BUDGET = 0.5
"""Half of a numeric field's false-alarm budget goes to location, the rest equally to the shares."""


@dataclass(frozen=True, slots=True)
class Score:
    """One direction of change.

    Attributes
    ----------
    name
        What it measures, as people read it.
    kind
        ``location``: mean of values standardised under the baseline, in standard deviations;
        ``share``: share of the rows in a set of slots.
    weights
        Value of a row in each slot, shape ``(slots,)``; 0 or 1 for a share.
    baseline_mean
        Mean of the score under the baseline's smoothed shares.
    variance
        Variance of one row under the baseline, above 0.
    budget_share
        Part of the field's false-alarm budget, summing to 1 over the field's scores.
    shares
        Of a location: the baseline's shares over the slots with a value, shape ``(slots,)``.
    """

    name: str
    kind: ScoreKind
    weights: NDArray[np.float64]
    baseline_mean: float
    variance: float
    budget_share: float
    shares: NDArray[np.float64] | None = None


def smoothed_shares(counts: NDArray[np.float64], effective_rows: float) -> NDArray[np.float64]:
    """Baseline shares ``(c + .5/B) / (N + .5)`` with counts scaled to N effective rows.

    Raises
    ------
    InvalidInput
        NaN, infinite or negative counts, or counts without any mass.
    """
    counts = checked_counts(counts, "the baseline")
    scaled = counts * (effective_rows / counts.sum())
    smoothed: NDArray[np.float64] = (scaled + 0.5 / counts.size) / (effective_rows + 0.5)
    return smoothed


def scores_of(layout: ColumnLayout, counts: NDArray[np.float64], effective_rows: float) -> list[Score]:
    """The scores of one field, from the counts of its baseline.

    Numeric: location; shares of the middle half, of below and above the baseline's range, of eight
    octiles, of missing. Categorical: the share of every slot.

    Source: reference procedure "evidence", step 1 (docs/decisions/0004-evidence.md).
    """
    p = smoothed_shares(counts, effective_rows)
    if layout.kind == "categorical":
        labels = layout.labels()
        groups = [(labels[slot], _indicator(p.size, [slot])) for slot in range(p.size)]
        return _shares(groups, p, budget=1.0)
    bins = p.size - 1
    missing = _indicator(p.size, [bins])
    if bins == 1:
        return _shares([("missing", missing)], p, budget=1.0)
    regions = layout.regions()
    groups = [
        ("below range", _indicator(p.size, [i for i, region in enumerate(regions) if region == "below"])),
        ("above range", _indicator(p.size, [i for i, region in enumerate(regions) if region == "above"])),
        ("missing", missing),
    ]
    inside = p[:bins] / p[:bins].sum()
    mid_ranks = np.cumsum(inside) - inside / 2
    groups.append(
        ("middle half", _indicator(p.size, [i for i in range(bins) if 0.25 <= mid_ranks[i] < 0.75]))
    )
    for octile in range(8):
        members = [i for i in range(bins) if octile / 8 <= mid_ranks[i] < (octile + 1) / 8]
        groups.append((f"octile {octile + 1}", _indicator(p.size, members)))
    location = _location(p, mid_ranks)
    if location is None:
        return _shares(groups, p, budget=1.0)
    return [location, *_shares(groups, p, budget=1 - LOCATION_SHARE_OF_BUDGET)]


def _location(p: NDArray[np.float64], mid_ranks: NDArray[np.float64]) -> Score | None:
    bins = mid_ranks.size
    normal = ndtri(np.clip(mid_ranks, 1e-9, 1 - 1e-9))
    present = p[:bins] / p[:bins].sum()
    mean = float(normal @ present)
    std = float(np.sqrt(((normal - mean) ** 2) @ present))
    if std < 1e-6:
        return None
    weights = np.zeros(p.size)
    weights[:bins] = (normal - mean) / std
    return Score(
        "location", "location", weights, 0.0, 1.0, LOCATION_SHARE_OF_BUDGET, shares=np.append(present, 0.0)
    )


def _indicator(size: int, members: list[int]) -> NDArray[np.float64]:
    weights = np.zeros(size)
    weights[members] = 1.0
    return weights


def _shares(
    groups: list[tuple[str, NDArray[np.float64]]], p: NDArray[np.float64], budget: float
) -> list[Score]:
    live = [(name, weights) for name, weights in groups if 0 < weights.sum() < weights.size]
    scores = []
    for name, weights in live:
        share = float(weights @ p)
        scores.append(Score(name, "share", weights, share, share * (1 - share), budget / len(live)))
    return scores
