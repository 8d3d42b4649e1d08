"""How much the risk itself differs between windows: hours with harder inputs than others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

from detectors.performance.decay.moments import Moments, pooled

CHANCE = 0.95
"""Only spread beyond what single losses explain with this probability counts: a guess of none is usual, and
each bit of it costs power."""
LEAST_WINDOWS = 3
LEAST_EFFECTIVE = 20.0


def between_windows(windows: Sequence[Moments]) -> tuple[float, float]:
    """Variance of the risk between windows, and how many windows of equal size those given are worth.

    With effective labels n, N their sum and sigma^2 the variance of one loss within windows,

    .. math:: Q = \\sum n (r - \\bar r)^2, \\quad
        \\tau^2 = \\max(0, Q - \\sigma^2 q_{.95}) / (N - \\sum n^2 / N), \\quad K = N^2 / \\sum n^2

    where q is the quantile of chi-square with one degree of freedom less than windows.

    Returns
    -------
    tuple
        Variance, in squared units of the loss, 0 with fewer than three windows of 20 effective labels; and K.

    Source: DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7, with
    the quantile in place of the mean of Q.
    """
    counted = [window for window in windows if window.effective >= LEAST_EFFECTIVE]
    if len(counted) < LEAST_WINDOWS:
        return 0.0, float(max(1, len(counted)))
    n = np.array([window.effective for window in counted])
    risks = np.array([window.risk for window in counted])
    within = float(n @ np.array([window.variance for window in counted]) / n.sum())
    total = float(n.sum())
    mean = float(n @ risks / total)
    q = float(n @ (risks - mean) ** 2)
    squares = float(n @ n)
    beyond = q - within * float(chi2.ppf(CHANCE, len(counted) - 1))
    return max(0.0, beyond / (total - squares / total)), total * total / squares


def share_that_counts(window: Moments, variance: float, spread: float) -> float:
    """Power that a window's evidence is raised to: ``1 / (1 + n spread / variance)``, in (0, 1].

    Under normal approximation a window whose risk itself varies with this spread around a risk at the limit
    then still multiplies evidence by at most 1 on average. Without spread nothing changes. A power below 1
    never breaks the guarantee of a window that comes whole (Jensen).

    >>> share_that_counts(Moments(900, 900.0, 900.0, 90.0, 90.0, 90.0), 0.09, 0.0001)
    0.5
    """
    return 1.0 / (1.0 + window.effective * spread / variance) if spread > 0 else 1.0


def pooled_share(windows: Sequence[Moments], variance: float, spread: float) -> float:
    """:func:`share_that_counts` of several windows together, by their effective labels."""
    whole = pooled(windows).effective
    parts = sum(w.effective * share_that_counts(w, variance, spread) for w in windows)
    return min(1.0, parts / whole) if whole > 0 else 1.0
