"""Evidence against the spread of earlier windows: the window is the exchangeable unit, not the row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.multivariate.moderation import moderated

Matrix = NDArray[np.float64]

SCALES = (1, 2, 3, 6, 12, 24)
"""Windows pooled."""

LONGEST_HISTORY = 168
FEWEST_BLOCKS = 4
"""Earlier blocks without which a scale is not looked at."""

LEARNED_AT = 24
"""Earlier windows from which on the scan no longer counts as learning."""


@dataclass(frozen=True, slots=True)
class Series:
    """Scores of successive windows, oldest first, the last one being judged.

    Attributes
    ----------
    values
        Scores, 0 at the baseline itself, shape ``(T, K)``; NaN: unknown.
    variances
        Of the window's own part if rows were independent, same shape.
    baseline_variances
        Of the part that all windows share, shape ``(K,)``.
    usable
        Windows that may say what unchanged ones look like, shape ``(T,)``.
    earlier
        Scores of the baseline's own windows, shape ``(H, K)``, and their variances.
    expected, expected_variance
        Of the scores without any change, and how well that is known, shape ``(K,)``.
    one_sided
        Scores that only a change makes larger, but that other things keep above 0 (a cycle, a baseline
        that never quite fitted), shape ``(K,)``: they are judged against what earlier windows showed.
    alike
        Scores that lend each other certainty about their variances, shape ``(K,)``.
    """

    values: Matrix
    variances: Matrix
    baseline_variances: Matrix
    usable: NDArray[np.bool_]
    earlier: tuple[Matrix, Matrix]
    expected: Matrix
    expected_variance: Matrix
    one_sided: NDArray[np.bool_]
    alike: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Strongest:
    """The strongest deviation of every score, each of shape ``(K,)``.

    Attributes
    ----------
    evidence
        In standard deviations, deflated for what is not known about the variance; 0 when nothing is.
    effect
        Mean of the pooled windows less what is expected.
    scale
        Windows pooled.
    standard_error
        Of the effect.
    freedom
        Degrees of freedom behind the standard error.
    lasting
        Whether the newest windows still show at least half of the effect.
    windows
        Earlier windows that the spread was learned from.
    expected
        What two-sided scores were compared with.
    """

    evidence: Matrix
    effect: Matrix
    scale: NDArray[np.int64]
    standard_error: Matrix
    freedom: Matrix
    lasting: NDArray[np.bool_]
    windows: int
    expected: Matrix


def scan_windows(series: Series) -> Strongest:
    """Compare the last L windows with the baseline, for every scale L with enough blocks behind it.

    .. math:: r_L = \\frac{|\\bar x_L - x_0|}{\\sqrt{D_L u_L + v_0 (1 + 1.5 (D_L - 1))}}, \\quad
              D_L = \\max(1, \\text{variance of earlier L-blocks} / u_L)

    and ``r^2 <- nu ln(1 + r^2 / nu)`` with nu the blocks less one, and what alike scores lend.

    Notes
    -----
    The variance at scale L comes from blocks before the pooled windows only: a jump must not enter its
    own yardstick. A cycle of the day is part of the spread among windows, and mostly gone from blocks of
    a day; a wander slower than the history looks like a change. O(T K scales).
    """
    scores = series.values.shape[1]
    best = np.zeros(scores)
    effect, error, freedom = np.zeros(scores), np.full(scores, np.nan), np.full(scores, np.nan)
    scale, lasting = np.ones(scores, dtype=np.int64), np.zeros(scores, dtype=bool)
    learned_from = 0
    for length in SCALES:
        if length > len(series.values):
            break
        before = len(series.values) - length
        blocks, weights = _blocks(series, before, length)
        if length == 1:
            learned_from = len(blocks)
        if len(blocks) < FEWEST_BLOCKS:
            continue
        centre, design, nu = _spread(series, blocks, weights)
        recent = slice(before, None)
        mean, precision = _pooled(series.values[recent], series.variances[recent])
        expected = np.where(series.one_sided, np.maximum(centre, 0.0), series.expected)
        variance = design / precision + series.baseline_variances * (1 + 1.5 * (design - 1))
        variance += series.expected_variance
        # What earlier windows showed is itself known only so well.
        variance += np.where(series.one_sided & (centre > 0), design / weights.sum(axis=0), 0.0)
        gap = mean - expected
        raw = np.abs(gap) / np.sqrt(variance)
        raw = np.where(series.one_sided & (gap < 0), 0.0, raw)
        raw = np.where(np.isfinite(raw), raw, 0.0)
        evidence = np.sqrt(nu * np.log1p(raw**2 / nu))
        better = evidence > best
        newest, _ = _pooled(series.values[-max(1, length // 3) :], series.variances[-max(1, length // 3) :])
        still = np.nan_to_num((newest - expected) * np.sign(gap)) >= np.abs(np.nan_to_num(gap)) / 2
        best = np.where(better, evidence, best)
        effect, error = np.where(better, gap, effect), np.where(better, np.sqrt(variance), error)
        if length == 1:
            # What could have been found in this very window, even if nothing was.
            error, freedom = np.sqrt(variance), nu
        freedom = np.where(better, nu, freedom)
        scale, lasting = np.where(better, length, scale), np.where(better, still, lasting)
    return Strongest(best, effect, scale, error, freedom, lasting, learned_from, series.expected)


def inflated(threshold: float, freedom: float) -> float:
    """Raw deviation whose deflated form is the threshold: ``sqrt(nu (exp(h^2 / nu) - 1))``.

    >>> round(inflated(6.0, 1000.0), 2), inflated(6.0, 1.0) > 1e7
    (6.05, True)
    """
    return float(np.sqrt(freedom * np.expm1(min(threshold**2 / freedom, 700.0))))


def _blocks(series: Series, before: int, length: int) -> tuple[Matrix, Matrix]:
    """Means of successive blocks of usable earlier windows, and their precisions on independent rows."""
    live = np.flatnonzero(series.usable[:before])
    values = np.concatenate([series.earlier[0], series.values[live]])[-LONGEST_HISTORY:]
    variances = np.concatenate([series.earlier[1], series.variances[live]])[-LONGEST_HISTORY:]
    count = len(values) // length
    kept = slice(len(values) - count * length, None)
    shape = (count, length, values.shape[1])
    values, variances = values[kept].reshape(shape), variances[kept].reshape(shape)
    weights = np.where(np.isfinite(values), 1 / variances, 0.0)
    total = weights.sum(axis=1)
    summed = np.sum(weights * np.nan_to_num(values), axis=1)
    return np.divide(summed, total, out=np.zeros_like(summed), where=total > 0), total


def _spread(series: Series, blocks: Matrix, weights: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Centre of the blocks, design effect of their spread and its degrees of freedom, ``(K,)`` each."""
    total = weights.sum(axis=0)
    centre = np.divide(np.sum(weights * blocks, axis=0), total, out=np.zeros_like(total), where=total > 0)
    known = np.sum(weights > 0, axis=0)
    nu = np.maximum(known - 1.0, 1e-3)
    design = np.sum(weights * (blocks - centre) ** 2, axis=0) / nu
    design = np.where(known >= FEWEST_BLOCKS, design, np.nan)
    full = series.alike & (known == len(blocks))
    if full.any():
        lent, freedom = moderated(design[full], len(blocks) - 1.0)
        design[full], nu[full] = lent, freedom
    return centre, np.maximum(design, 1.0), nu


def _pooled(values: Matrix, variances: Matrix) -> tuple[Matrix, Matrix]:
    weights = np.where(np.isfinite(values), 1 / variances, 0.0)
    total = weights.sum(axis=0)
    mean = np.divide(
        np.sum(weights * np.nan_to_num(values), axis=0),
        total,
        out=np.full_like(total, np.nan),
        where=total > 0,
    )
    return mean, np.where(total > 0, total, np.nan)
