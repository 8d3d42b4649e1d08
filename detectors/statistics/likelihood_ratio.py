"""Likelihood-ratio (G) test of homogeneity."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py

from detectors.statistics.counts import CountPairs, Counts, checked_pair
from detectors.statistics.divergence import Derivatives, divergence_estimates, safe_log, safe_ratio
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.thin_bins import with_thin_bins


def likelihood_ratio(baseline: ArrayLike, current: ArrayLike) -> float:
    """G: twice the log likelihood ratio of "two distributions" against "one".

    .. math:: G = 2 \\sum_j n_j \\ln \\frac{p_j}{s_j} + m_j \\ln \\frac{q_j}{s_j}, \\quad
              s = \\frac{n p + m q}{n + m}

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative, summing to effective sizes.

    Returns
    -------
    float
        At least 0, chi-square with live bins less one degrees of freedom on unchanged data; symmetric.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins need no filling. ``G / (2 (n + m))`` is the mutual information of sample and bin in nats.
    Complexity O(B).

    References
    ----------
    Sokal, R. and Rohlf, F. (1995). Biometry, box 17.6.

    Examples
    --------
    The table [[10, 20], [20, 10]]: 2 (20 ln (10/15) + 40 ln (20/15)).

    >>> round(likelihood_ratio([10, 20], [20, 10]), 6)
    6.795961
    """
    return float(likelihood_ratio_values(CountPairs.of(*checked_pair(baseline, current)))[0])


def likelihood_ratio_values(pairs: CountPairs) -> Vector:
    """G of F fields at once, shape ``(F,)``, the counts scaled to their effective sizes."""
    nats = _terms(pairs.p, pairs.q, pairs.n[:, None], pairs.m[:, None]).sum(axis=1)
    statistic: Vector = 2 * (pairs.n + pairs.m) * np.maximum(nats, 0.0)
    return statistic


def likelihood_ratio_estimates(pairs: CountPairs, level: float = LEVEL, power: float = POWER) -> Estimates:
    """G with an interval for what windows of these sizes would give on average.

    As for chi-square the limits are those of ``2 (n + m) I + B - 1``, I the true mutual information; the
    p-value is the G test's. Score interval (second-order delta method); where bins hold fewer than five
    rows the limits are those of :mod:`thin_bins`.
    """
    per_row = with_thin_bins(
        pairs,
        lambda dense: _information_estimates(dense, level, power),
        _terms,
        upper=math.inf,
        level=level,
        keep_p_value=True,
    )
    twice_rows, degrees = 2 * (pairs.n + pairs.m), pairs.degrees_of_freedom
    return Estimates(
        per_row.value * twice_rows,
        per_row.lower * twice_rows + degrees,
        per_row.upper * twice_rows + degrees,
        per_row.detectable * twice_rows + degrees,
        per_row.p_value,
    )


def _terms(p: Counts, q: Counts, n: Vector, m: Vector) -> Counts:
    """What each bin adds to the mutual information of sample and bin, in nats."""
    first, second = n / (n + m), m / (n + m)
    mixed = first * p + second * q
    # Bin by bin of second order in the difference: entropies of either side would cancel near 0.
    change = safe_ratio(q - p, mixed)
    # Of an empty bin it is -1, which rounding must not pass.
    down, up = np.maximum(-second * change, -1.0), np.maximum(first * change, -1.0)
    nats: Counts = mixed * (first * xlog1py(1 + down, down) + second * xlog1py(1 + up, up))
    return nats


def _information_estimates(pairs: CountPairs, level: float, power: float) -> Estimates:
    """Mutual information of sample and bin in nats."""
    first, second, mixed = pairs.mixture()
    derivatives = Derivatives(
        first * safe_log(safe_ratio(pairs.p, mixed)),
        second * safe_log(safe_ratio(pairs.q, mixed)),
        (pairs.p > 0) * first * second * safe_ratio(pairs.q, mixed),
        (pairs.q > 0) * first * second * safe_ratio(pairs.p, mixed),
    )
    twice_rows = 2 * (pairs.n + pairs.m)
    return divergence_estimates(
        pairs,
        likelihood_ratio_values(pairs) / twice_rows,
        derivatives,
        per_degree=1 / twice_rows,
        upper=math.inf,
        level=level,
        power=power,
    )
