"""How much the risk itself moves from window to window: hours with harder inputs than others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from detectors.performance.decay.moments import Moments, pooled

CHANCE: Final = 0.99
"""Only spread beyond what single losses explain with this probability counts: a little is always guessed,
and each bit of it costs power."""
LEAST_BLOCKS: Final = 8
LEAST_EFFECTIVE: Final = 20.0

Vector = NDArray[np.float64]


def between_windows(windows: Sequence[Moments]) -> tuple[float, float]:
    """Long-run variance of the risk of a window, and how many windows of equal size those given are worth.

    For blocks of b = 1, 2, 4, ... successive windows (at least 8 blocks) with effective labels n, N their sum
    and sigma^2 the variance of one loss,

    .. math:: Q_b = \\sum n (r - \\bar r)^2, \\quad
        \\tau_b^2 = \\max(0, Q_b - \\sigma^2 q_{.99}) / (N - \\sum n^2 / N), \\quad
        \\tau^2 = \\max_b b \\tau_b^2, \\quad K = N^2 / \\sum_{b=1} n^2

    where q is the quantile of chi-square with one degree of freedom less than blocks. Where windows differ
    independently all b agree; where hard hours follow each other, longer blocks show the variance that a
    mean over many windows has.

    Parameters
    ----------
    windows
        Of the reference, by time.

    Returns
    -------
    tuple
        Variance, in squared units of the loss, 0 with fewer than 8 windows of 20 effective labels; and K.

    Source: DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7, with
    a quantile in place of the mean of Q.
    """
    counted = [window for window in windows if window.effective >= LEAST_EFFECTIVE]
    sizes = np.array([window.effective for window in counted])
    worth = float(sizes.sum() ** 2 / (sizes @ sizes)) if counted else 1.0
    largest, length = 0.0, 1
    while len(counted) // length >= LEAST_BLOCKS:
        blocks = [pooled(counted[k : k + length]) for k in range(0, len(counted) - length + 1, length)]
        largest = max(largest, length * _between(blocks))
        length *= 2
    return largest, worth


def _between(blocks: Sequence[Moments]) -> float:
    n = np.array([block.effective for block in blocks])
    risks = np.array([block.risk for block in blocks])
    total = float(n.sum())
    within = float(n @ np.array([block.variance for block in blocks]) / total)
    q = float(n @ (risks - float(n @ risks) / total) ** 2)
    beyond = q - within * float(chi2.ppf(CHANCE, len(blocks) - 1))
    return max(0.0, beyond / (total - float(n @ n) / total))


def share_that_counts(window: Moments, variance: float, spread: float) -> float:
    """Power that a window's evidence is raised to: ``1 / (1 + n spread / variance)``, in (0, 1].

    Under normal approximation windows whose risk itself moves with this long-run variance around a risk at
    the limit then still multiply evidence by at most about 1 on average. Without spread nothing changes. A
    power below 1 never breaks the guarantee of a window that comes whole (Jensen).

    >>> share_that_counts(Moments(900, 900.0, 900.0, 90.0, 90.0, 90.0), 0.09, 0.0001)
    0.5
    """
    return 1.0 / (1.0 + window.effective * spread / variance) if spread > 0 else 1.0


def pooled_share(windows: Sequence[Moments], variance: float, spread: float) -> float:
    """:func:`share_that_counts` of several windows together, by their effective labels."""
    whole = sum(window.effective for window in windows)
    parts = sum(w.effective * share_that_counts(w, variance, spread) for w in windows)
    return parts / whole if whole > 0 else 1.0
