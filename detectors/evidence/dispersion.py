"""How much the windows of a history differ beyond the counting of their rows, and what that depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.yardstick import (
    FEW_CLUMPS,
    expected_events,
    heavy_tail,
    kurtosis_factor,
    observed_kurtosis,
)

BETWEEN = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 1e6)
"""Variance between windows over that within one of typical size: the readings that are compared."""

NOT_EXCLUDED = 2.7
"""Readings whose log-likelihood, doubled, falls short of the best by no more are possible."""

CLUMPED = 5.0
"""Standard errors above 1 from which a rare share's own design effect is believed."""


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Variance of window means in two readings, ``(F, S, 2)``; degrees of freedom and tail, ``(F, S)``."""

    between: Vector
    design: Vector
    white: Vector
    freedom: Vector
    tail: Vector
    countable: NDArray[np.bool_]


def dispersion(
    scores: ScoreSet,
    residuals: Vector,
    rows: Vector,
    variance: Vector,
    within: Vector,
    spent: NDArray[np.intp],
) -> Dispersion:
    """Variance model ``tau^2 + D v / n`` of the means of windows with n rows, in its possible extremes.

    Parameters
    ----------
    residuals
        Score means less what is expected, shape ``(F, H, S)``.
    rows
        Rows they are means over, 0 for windows left out, shape ``(F, H, S)``.
    variance
        Variance of one window's mean from the spectrum, shape ``(F, S)``.
    within
        Variance of one row around what is expected of its window, shape ``(F, S)``: the baseline's, less
        that of the regular course.
    spent
        Lines that were fitted, shape ``(F, S)``.

    Notes
    -----
    With windows of one size the likelihood says nothing, and both extremes stay possible: all excess within
    windows (a design effect), all of it between them. What is rarer than once a window cannot be counted on:
    its dispersion is that of the field's most dispersed other score.
    """
    counted = rows > 0
    windows = np.maximum(counted.sum(axis=1), 2)
    inverse = np.where(counted, 1 / np.maximum(rows, 1e-9), 0.0)
    mean_inverse = inverse.sum(axis=1) / windows
    relative = np.where(counted, inverse / np.maximum(mean_inverse, 1e-300)[:, None], 1.0)
    squared = np.where(counted, residuals**2, 0.0)
    fall, scale = [], []
    for ratio in BETWEEN:
        weight = (ratio + relative) / (ratio + 1)
        sigma = (squared / weight).sum(axis=1) / windows
        logs = np.where(counted, np.log(weight), 0.0).sum(axis=1)
        fall.append(logs + windows * np.log(np.maximum(sigma, 1e-300)))
        scale.append(sigma)
    doubled = np.stack(fall)
    possible = doubled <= doubled.min(axis=0) + NOT_EXCLUDED
    low = np.argmax(possible, axis=0)
    high = len(BETWEEN) - 1 - np.argmax(possible[::-1], axis=0)
    by_rows = np.maximum(within * mean_inverse, 1e-300)
    white = np.maximum(variance, by_rows)
    # The spectrum's variance has the course's lines taken out; the likelihood only says how it is made up.
    between, design = [], []
    for which in (low, high):
        ratio = np.array(BETWEEN)[which]
        # A design effect below 1 is not believed: then all the rest lies between windows.
        effect = np.clip(white / (1 + ratio) / by_rows, 1.0, None)
        design.append(effect)
        between.append(np.maximum(white - effect * by_rows, 0.0))
    typical = 1 / np.maximum(mean_inverse, 1e-300)
    events, countable = expected_events(scores, typical[:, None, None])
    events, countable = events[:, 0, 0], countable[:, 0, 0]
    degrees = np.maximum(windows - 1.0 - 2 * spent, 1.0)
    found = _lend(
        scores,
        Dispersion(np.stack(between, -1), np.stack(design, -1), white, degrees, degrees, countable),
        by_rows,
        np.where(countable, degrees, windows - 1.0),
        np.sqrt((2 + 1 / events) / windows),
        events,
    )
    observed = observed_kurtosis(squared / relative, counted)
    clump = np.maximum(found.white / by_rows, 1.0)
    factor = kurtosis_factor(events, countable, clump, observed)
    return replace(
        found,
        design=found.design * (within / scores.variance)[..., None],
        freedom=found.freedom * factor,
        tail=heavy_tail(observed, events, countable, clump, windows),
    )


def _lend(
    scores: ScoreSet, found: Dispersion, by_rows: Vector, degrees: Vector, error: Vector, events: Vector
) -> Dispersion:
    """Give shares of few rows, or few clumps, the dispersion of the most dispersed score.

    What never came shows none of its own; what came in few clumps has probably not shown the large ones.
    """
    own = found.white / by_rows
    lenders = np.where(found.countable & scores.live, own, 0.0)
    lender = np.argmax(lenders, axis=-1)
    some = lenders.max(-1) > 0
    field = np.arange(scores.fields)
    # Two standard errors less, for the largest of several is picked.
    lent = np.where(some, own[field, lender] / (1 + 2 * np.sqrt(2 / degrees[field, lender])), 1.0)
    lent = np.maximum(lent, 1.0)[:, None]
    takes = ~found.countable & (own <= 1 + CLUMPED * error)
    takes |= (events / own < FEW_CLUMPS) & (own < lent)
    split = (
        np.where(some, 1.0, 0.0)[:, None, None]
        * (found.between[field, lender] / np.maximum(found.white[field, lender], 1e-300)[:, None])[:, None]
    )
    white = np.where(takes, lent * by_rows, found.white)
    excess = np.maximum(white - by_rows, 0.0)[..., None]
    share_between = np.clip(split, 0.0, 1.0)
    between = np.where(takes[..., None], excess * share_between, found.between)
    design = np.where(takes[..., None], 1 + (excess * (1 - share_between)) / by_rows[..., None], found.design)
    return replace(found, between=between, design=design, white=white, freedom=degrees)
