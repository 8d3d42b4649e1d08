"""A two-sample scan over window scales: is the recent past different from the baseline?

For each score and each scale L, the mean of the last L windows is compared with the baseline. The
variance of a window's mean is learned from the differences of successive earlier windows, so that
autocorrelated or bursty rows do not count as independent ones; with few windows behind it the scan
is deliberately deaf to all but gross change. It is a pure function of stored profiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from detectors.evidence.scores import Score
from detectors.evidence.tilting import mean_deviance

Vector = NDArray[np.float64]

SCALES = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 120, 168)
_SCALES = np.array(SCALES)
BASELINE_ROWS_CAP = 10_000
"""A baseline counts for at most this many rows: its finite faithfulness, and so a built-in tolerance."""

LEARNED_AT = 24
"""Differences of windows after which the scan no longer counts as learning."""

WORTH_A_CLOSER_LOOK = 2.0
"""Deviation of a location from which it is worth computing how normal it is."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far one score lies from its baseline.

    Attributes
    ----------
    score
        Name of the score.
    evidence
        Absolute deviation in standard deviations, deflated for what is not known about the variance.
    effect
        Signed size: standard deviations of the field for location, Cohen's h for a share.
    scale
        Windows pooled.
    standard_error
        Of the effect, in its unit.
    """

    score: str
    evidence: float
    effect: float
    scale: int
    standard_error: float


@dataclass(frozen=True, slots=True)
class Series:
    """Means of one score in successive windows, oldest first, and effective rows of each.

    ``shares``, needed for a location, has a row of slot shares for each window, shape (windows, slots).
    """

    means: Vector
    rows: Vector
    shares: Vector | None = None


def scan(score: Score, series: Series, baseline_rows: float, *, independent_rows: bool = False) -> Deviation:
    """Strongest deviation of the last windows from the baseline over all scales.

    Parameters
    ----------
    score
        The direction that is looked at.
    series
        Its windows since the evidence floor, ending with the window that is decided; rows above 0.
    baseline_rows
        Effective rows of the baseline.
    independent_rows
        Trust that rows are independent draws, as a single comparison of two files has to; else the
        variance is learned from the differences of windows before the pooled ones.

    Returns
    -------
    Deviation
    """
    reach = int(np.searchsorted(_SCALES, series.means.size, side="right"))
    assert reach > 0, "a series holds at least one window"
    return _strongest(score, series, baseline_rows, _SCALES[:reach], independent_rows)


def mean_effect(score: Score, series: Series, baseline_rows: float, scale: int) -> Deviation:
    """Deviation of the last ``scale`` windows, rows taken as independent; used to close an episode."""
    scales = np.array([min(scale, series.means.size)])
    return _strongest(score, series, baseline_rows, scales, independent_rows=True)


def _strongest(
    score: Score, series: Series, baseline_rows: float, scales: NDArray[np.int64], independent_rows: bool
) -> Deviation:
    """Every scale at once; all vectors below have one entry a scale."""
    n = np.cumsum(series.rows[::-1])[scales - 1]
    mean = np.cumsum((series.means * series.rows)[::-1])[scales - 1] / n
    if independent_rows:
        design_effect, freedom = np.ones(scales.size), np.full(scales.size, math.inf)
    else:
        design_effect, freedom = _learned(score, series, scales)
    n1 = n / design_effect
    n0 = np.minimum(baseline_rows / (1 + 1.5 * (design_effect - 1)), BASELINE_ROWS_CAP)
    spread = np.sqrt(1 / n1 + 1 / n0)
    if score.kind == "location":
        effect = (mean - score.baseline_mean) / math.sqrt(score.variance)
        raw = np.abs(effect) / spread
    else:
        effect, raw = _share_deviations(score.baseline_mean, mean, n0, n1, spread)
    evidence = _deflated(raw, freedom)
    best, strongest = int(np.argmax(evidence)), -1.0
    for at in np.argsort(-evidence, kind="stable"):
        if evidence[at] <= strongest:
            break
        exact = float(evidence[at])
        if raw[at] > WORTH_A_CLOSER_LOOK and score.shares is not None and series.shares is not None:
            scale = int(scales[at])
            current = (series.rows[-scale:] @ series.shares[-scale:]) / n[at]
            closer = min(raw[at], mean_deviance(score.weights, score.shares, current, n0[at], n1[at]))
            exact = float(_deflated(np.array([closer]), freedom[[at]])[0])
        if exact > strongest:
            best, strongest = int(at), exact
    return Deviation(score.name, strongest, float(effect[best]), int(scales[best]), float(spread[best]))


def _deflated(raw: Vector, freedom: Vector) -> Vector:
    """Student deflation ``r^2 <- nu ln(1 + r^2 / nu)``; nothing is known at 0 degrees of freedom."""
    known = np.maximum(freedom, 1e-300)
    with np.errstate(invalid="ignore"):
        deflated = np.sqrt(known * np.log1p(raw * raw / known))
    return np.where(freedom <= 0, 0.0, np.where(np.isinf(freedom), raw, deflated))


def _learned(score: Score, series: Series, scales: NDArray[np.int64]) -> tuple[Vector, Vector]:
    """Design effects and their degrees of freedom from window differences before the pooled windows.

    ``D = max(1, mean of (s_t - s_{t-1})^2 / (v/n_t + v/n_{t-1}))``, degrees ``2k/3`` for k overlapping
    differences.
    """
    # A window without any value of the field says nothing about its variance.
    present = series.rows >= 1
    means, rows = series.means[present], series.rows[present]
    differences = np.diff(means) ** 2 / (score.variance * (1 / rows[1:] + 1 / rows[:-1]))
    summed = np.concatenate([[0.0], np.cumsum(differences)])
    before = np.concatenate([[0], np.cumsum(present)])[series.means.size - scales]
    k = np.maximum(before - 1, 0)
    design_effect = np.maximum(1.0, summed[np.minimum(k, summed.size - 1)] / np.maximum(k, 1))
    return design_effect, 2 * k / 3


def _share_deviations(p0: float, p1: Vector, n0: Vector, n1: Vector, spread: Vector) -> tuple[Vector, Vector]:
    """Cohen's h of two shares, and its deviation: the smaller of deviance and arcsine statistics.

    The current share is moved half a row towards the baseline's (continuity).
    """
    p0, p1 = min(1.0, max(0.0, p0)), np.clip(p1, 0.0, 1.0)
    angle = math.asin(math.sqrt(p0))
    effect = 2 * (np.arcsin(np.sqrt(p1)) - angle)
    step = np.minimum(0.5 / n1, np.abs(p1 - p0))
    corrected = np.clip(p1 - np.copysign(step, p1 - p0), 0.0, 1.0)
    arcsine = 2 * np.abs(np.arcsin(np.sqrt(corrected)) - angle) / spread
    pooled = (n0 * p0 + n1 * corrected) / (n0 + n1)
    deviance = 2 * (n0 * _divergence(np.full(p1.size, p0), pooled) + n1 * _divergence(corrected, pooled))
    return effect, np.minimum(arcsine, np.sqrt(np.maximum(deviance, 0.0)))


def _divergence(p: Vector, q: Vector) -> Vector:
    """Binomial Kullback-Leibler divergence; q lies between p and another share."""
    return np.asarray(rel_entr(p, q) + rel_entr(1 - p, 1 - q))
