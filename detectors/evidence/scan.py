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
from scipy.special import xlogy

from detectors.evidence.scores import Score
from detectors.evidence.tilting import mean_deviance

SCALES = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 120, 168)
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

    means: NDArray[np.float64]
    rows: NDArray[np.float64]
    shares: NDArray[np.float64] | None = None


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
    best: Deviation | None = None
    for scale in SCALES:
        if scale > series.means.size:
            break
        candidate = _at_scale(score, series, baseline_rows, scale, independent_rows)
        if best is None or candidate.evidence > best.evidence:
            best = candidate
    assert best is not None, "a series holds at least one window"
    return best


def mean_effect(score: Score, series: Series, baseline_rows: float, scale: int) -> Deviation:
    """Deviation of the last ``scale`` windows, rows taken as independent; used to close an episode."""
    return _at_scale(score, series, baseline_rows, min(scale, series.means.size), independent_rows=True)


def _at_scale(
    score: Score, series: Series, baseline_rows: float, scale: int, independent_rows: bool
) -> Deviation:
    rows = series.rows[-scale:]
    n = float(rows.sum())
    mean = float(series.means[-scale:] @ rows) / n
    design_effect, freedom = (1.0, math.inf)
    if not independent_rows:
        design_effect, freedom = _learned(score, series, scale)
    n1 = n / design_effect
    n0 = min(baseline_rows / (1 + 1.5 * (design_effect - 1)), BASELINE_ROWS_CAP)
    spread = math.sqrt(1 / n1 + 1 / n0)
    if score.kind == "location":
        effect = (mean - score.baseline_mean) / math.sqrt(score.variance)
        raw = abs(effect) / spread
        if raw > WORTH_A_CLOSER_LOOK and score.shares is not None and series.shares is not None:
            current = (rows @ series.shares[-scale:]) / n
            raw = min(raw, mean_deviance(score.weights, score.shares, current, n0, n1))
    else:
        effect, raw = _share_deviation(score.baseline_mean, mean, n0, n1, spread)
    if math.isinf(freedom):
        deflated = raw
    elif freedom <= 0:
        deflated = 0.0
    else:
        deflated = math.sqrt(freedom * math.log1p(raw * raw / freedom))
    return Deviation(score.name, deflated, effect, scale, spread)


def _learned(score: Score, series: Series, scale: int) -> tuple[float, float]:
    """Design effect and its degrees of freedom from window differences before the pooled windows.

    ``D = max(1, mean of (s_t - s_{t-1})^2 / (v/n_t + v/n_{t-1}))``, degrees ``2k/3`` for k overlapping
    differences.
    """
    before = series.means.size - scale
    if before < 2:
        return 1.0, 0.0
    # A window without any value of the field says nothing about its variance.
    present = series.rows[:before] >= 1
    means, rows = series.means[:before][present], series.rows[:before][present]
    if means.size < 2:
        return 1.0, 0.0
    differences = np.diff(means) ** 2 / (score.variance * (1 / rows[1:] + 1 / rows[:-1]))
    return max(1.0, float(differences.mean())), 2 * differences.size / 3


def _share_deviation(p0: float, p1: float, n0: float, n1: float, spread: float) -> tuple[float, float]:
    """Cohen's h of two shares, and its deviation: the smaller of deviance and arcsine statistics.

    The current share is moved half a row towards the baseline's (continuity).
    """
    effect = 2 * (math.asin(math.sqrt(_unit(p1))) - math.asin(math.sqrt(_unit(p0))))
    step = 0.5 / n1
    corrected = _unit(p0 if abs(p1 - p0) <= step else p1 - math.copysign(step, p1 - p0))
    arcsine = 2 * abs(math.asin(math.sqrt(corrected)) - math.asin(math.sqrt(_unit(p0)))) / spread
    pooled = (n0 * p0 + n1 * corrected) / (n0 + n1)
    deviance = 2 * (n0 * _divergence(p0, pooled) + n1 * _divergence(corrected, pooled))
    return effect, min(arcsine, math.sqrt(max(0.0, deviance)))


def _divergence(p: float, q: float) -> float:
    if q <= 0 or q >= 1:
        return 0.0
    return float(xlogy(p, p / q) + xlogy(1 - p, (1 - p) / (1 - q)))


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
