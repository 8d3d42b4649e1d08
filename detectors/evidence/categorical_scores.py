"""The scores of categorical fields: every slot, unseen, missing, and contrasts of the largest categories.

A move between two large categories is small beside the spread of either share, so each share alone finds it
late. The contrast that is best against such a move, by the likelihood ratio, weighs a row of the one by one
over its share and a row of the other by minus one over its share.
"""

from __future__ import annotations

import numpy as np

from detectors.evidence.score_set import (
    CATEGORICAL_SCORES,
    DISTRIBUTION,
    MISSING,
    PAIRED,
    PAIRS,
    UNSEEN,
    ScoreSet,
    Vector,
    excess_kurtosis,
    shares_as_scores,
    smoothed,
)
from detectors.profiles.layout import MISSING_AT, UNSEEN_AT, WIDTH, ColumnLayout

PAIRS_SHARE_OF_BUDGET = 0.5
"""Part of a categorical field's false-alarm budget that goes to contrasts, where there are any."""

LEAST_GAIN = 1.15
"""A contrast is worth its budget when it gathers evidence (squared deviation) so much faster than a share."""


def categorical_scores(
    layouts: tuple[ColumnLayout, ...], counts: Vector, rows: Vector, problems: dict[int, str]
) -> ScoreSet:
    """Scores of categorical fields; see :func:`detectors.evidence.scoring.score_set`."""
    fields, first = len(layouts), 2 + len(PAIRS)
    inner = np.array([layout.slots - 2 for layout in layouts], dtype=np.intp)
    real = np.ones((fields, WIDTH), dtype=bool)
    real[:, :UNSEEN_AT] = np.arange(UNSEEN_AT) < inner[:, None]
    p = smoothed(counts, rows, real)
    present = p.copy()
    present[:, MISSING_AT] = 0.0
    present /= present.sum(-1, keepdims=True)

    weights = np.zeros((fields, CATEGORICAL_SCORES, WIDTH))
    weights[:, 0, MISSING_AT] = 1.0
    weights[:, 1, UNSEEN_AT] = 1.0
    for slot in range(CATEGORICAL_SCORES - first):
        weights[:, first + slot, slot] = real[:, slot]
    base, variance = np.zeros((fields, CATEGORICAL_SCORES)), np.ones((fields, CATEGORICAL_SCORES))
    live = np.zeros((fields, CATEGORICAL_SCORES), dtype=bool)
    base[:, 0], live[:, 0] = p[:, MISSING_AT], True
    variance[:, 0] = base[:, 0] * (1 - base[:, 0])
    shares = np.r_[1, first:CATEGORICAL_SCORES]
    base[:, shares], variance[:, shares], live[:, shares] = shares_as_scores(
        weights[:, shares], real & (np.arange(WIDTH) != MISSING_AT), present
    )
    pairs = _contrasts(layouts, present, weights, live)
    weights *= live[:, :, None]

    paired = live.copy()
    paired[:, :2] = paired[:, first:] = False
    single = live & ~paired
    some = paired.any(-1, keepdims=True)
    budget = single / np.maximum(single.sum(-1, keepdims=True), 1)
    split = (1 - PAIRS_SHARE_OF_BUDGET) * budget
    split += PAIRS_SHARE_OF_BUDGET * paired / np.maximum(paired.sum(-1, keepdims=True), 1)
    is_share = np.ones(CATEGORICAL_SCORES, dtype=bool)
    is_share[2:first] = False
    change = np.full(CATEGORICAL_SCORES, DISTRIBUTION, dtype=np.intp)
    change[:2] = MISSING, UNSEEN
    return ScoreSet(
        kind="categorical",
        layouts=layouts,
        weights=weights.astype(np.float32),
        base=base,
        variance=variance,
        kurtosis=excess_kurtosis(weights, present, base, is_share),
        budget=np.where(some, split, budget),
        rows=rows,
        shares=present,
        is_share=is_share,
        change=change,
        pairs=pairs,
        problems=problems,
    )


def _contrasts(
    layouts: tuple[ColumnLayout, ...], present: Vector, weights: Vector, live: np.ndarray
) -> np.ndarray:
    """Fill in the contrasts of every field; returns the slots they compare."""
    every = np.arange(len(layouts))
    top = np.array([layout.top for layout in layouts], dtype=np.intp)
    own = np.where(np.arange(UNSEEN_AT) < top[:, None], present[:, :UNSEEN_AT], 0.0)
    largest = np.argsort(-own, axis=-1, kind="stable")[:, :PAIRED]
    pairs = np.stack([largest[:, [a, b]] for a, b in PAIRS], axis=1)
    for number in range(len(PAIRS)):
        more, less = pairs[:, number, 0], pairs[:, number, 1]
        p, q = own[every, more], own[every, less]
        exists = q > 0
        p, q = np.where(exists, p, 0.5), np.where(exists, q, 0.5)
        gain = (1 / p + 1 / q) * q * (1 - q)
        live[:, 2 + number] = exists & (gain >= LEAST_GAIN)
        spread = np.sqrt(1 / p + 1 / q)
        weights[every, 2 + number, more] = 1 / (p * spread)
        weights[every, 2 + number, less] = -1 / (q * spread)
    return pairs
