"""The scores of numeric fields: location, regions of the range, octiles, missing."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.evidence.score_set import (
    DISTRIBUTION,
    MISSING,
    NUMERIC_NAMES,
    OCTILES,
    ScoreSet,
    Vector,
    excess_kurtosis,
    shares_as_scores,
    smoothed,
)
from detectors.profiles.layout import MISSING_AT, WIDTH, ColumnLayout

LOCATION = NUMERIC_NAMES.index("location")
LOCATION_SHARE_OF_BUDGET = 0.5
"""Half of a numeric field's false-alarm budget goes to location, the rest equally to the shares."""

LEAST_SPREAD = 1e-6
"""Standard deviation of the ranks below which a field has no location."""


def numeric_scores(
    layouts: tuple[ColumnLayout, ...], counts: Vector, rows: Vector, problems: dict[int, str]
) -> ScoreSet:
    """Scores of numeric fields; see :func:`detectors.evidence.scoring.score_set`."""
    size, slots = len(NUMERIC_NAMES), np.arange(MISSING_AT)
    bins, below, above = _regions(layouts)
    has = slots < bins[:, None]
    real = np.ones((len(layouts), WIDTH), dtype=bool)
    real[:, :MISSING_AT] = has
    p = smoothed(counts, rows, real)
    present = p.copy()
    present[:, MISSING_AT] = 0.0
    present /= present.sum(-1, keepdims=True)
    inside = present[:, :MISSING_AT]
    ranks = np.cumsum(inside, axis=-1) - inside / 2

    weights = np.zeros((len(layouts), size, WIDTH))
    weights[:, 0, MISSING_AT] = 1.0
    location, spread = _location(ranks, inside, has)
    weights[:, LOCATION, :MISSING_AT] = location
    weights[:, 2, :MISSING_AT] = slots < below[:, None]
    weights[:, 3, :MISSING_AT] = has & (slots >= (bins - above)[:, None])
    weights[:, 4, :MISSING_AT] = has & (ranks >= 0.25) & (ranks < 0.75)
    octile = np.clip((ranks * OCTILES).astype(np.intp), 0, OCTILES - 1)
    for number in range(OCTILES):
        weights[:, 5 + number, :MISSING_AT] = has & (octile == number)

    base, variance = np.zeros((len(layouts), size)), np.ones((len(layouts), size))
    live = np.zeros((len(layouts), size), dtype=bool)
    base[:, 0], live[:, 0] = p[:, MISSING_AT], True
    variance[:, 0] = base[:, 0] * (1 - base[:, 0])
    base[:, 2:], variance[:, 2:], live[:, 2:] = shares_as_scores(
        weights[:, 2:], real & (np.arange(WIDTH) != MISSING_AT), present
    )
    live[:, LOCATION] = spread >= LEAST_SPREAD
    weights *= live[:, :, None]

    budget = live / np.maximum(live.sum(-1, keepdims=True), 1)
    located = live[:, LOCATION]
    others = live.copy()
    others[:, LOCATION] = False
    split = (1 - LOCATION_SHARE_OF_BUDGET) * others / np.maximum(others.sum(-1, keepdims=True), 1)
    split[:, LOCATION] = LOCATION_SHARE_OF_BUDGET
    budget = np.where(located[:, None], split, budget)
    is_share = np.array([name != "location" for name in NUMERIC_NAMES])
    return ScoreSet(
        kind="numeric",
        layouts=layouts,
        weights=weights.astype(np.float32),
        base=base,
        variance=variance,
        kurtosis=excess_kurtosis(weights, present, base, is_share),
        budget=budget,
        rows=rows,
        shares=present,
        is_share=is_share,
        change=np.array([MISSING if name == "missing" else DISTRIBUTION for name in NUMERIC_NAMES]),
        pairs=np.zeros((len(layouts), 0, 2), dtype=np.intp),
        problems=problems,
    )


def _regions(layouts: tuple[ColumnLayout, ...]) -> tuple[NDArray[np.intp], ...]:
    """How many bins every field has, and how many of them lie below and above the baseline's range."""
    found = np.array(
        [
            (
                len(layout.edges) + 1,
                bisect_right(layout.edges, layout.minimum),
                len(layout.edges) - bisect_right(layout.edges, layout.maximum),
            )
            if layout.edges
            else (1, 0, 0)
            for layout in layouts
        ],
        dtype=np.intp,
    ).reshape(-1, 3)
    return found[:, 0], found[:, 1], found[:, 2]


def _location(ranks: Vector, inside: Vector, has: NDArray[np.bool_]) -> tuple[Vector, Vector]:
    """Inverse-normal mid-ranks, standardised under the baseline, and their spread before that."""
    normal = np.where(has, ndtri(np.clip(ranks, 1e-9, 1 - 1e-9)), 0.0)
    mean = (normal * inside).sum(-1, keepdims=True)
    spread = np.sqrt(((normal - mean) ** 2 * inside).sum(-1))
    scale = np.where(spread >= LEAST_SPREAD, spread, 1.0)[:, None]
    return np.where(has, (normal - mean) / scale, 0.0), spread
