"""How much evidence a false-alarm budget asks for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtri

SECONDS_PER_MONTH = 30 * 86400.0
LEAST, MOST = 0.5, 37.0
"""Thresholds in standard deviations between which every budget lies."""


FIRST_LOOKS = 10.0
"""Looks of the month's first window, all of whose scales are new."""


def looks_per_window(threshold: float) -> float:
    """Effective number of independent looks that one window's scan over all scales amounts to.

    Fitted by simulation in the reference procedure: ``m(h) = 1.75 h - 2.5`` for 4 <= h <= 8. It is a rate a
    window: found again for 30 to 10,080 windows a month (``FIRST_LOOKS`` matter for few).
    """
    return max(1.0, 1.75 * threshold - 2.5)


def monitoring_threshold(alpha_month: float, window_seconds: float) -> float:
    """Deviation at which one score alarms in continuous monitoring.

    Solves ``alpha = 2 Phi(-h) (W m(h) + 10)`` for h, with W windows a month.

    Parameters
    ----------
    alpha_month
        Probability of a false alarm of this score in a month of 30 days, above 0; from 1 on as 1.
    window_seconds
        Length of a window in seconds, at most a week.

    Returns
    -------
    float
        In standard deviations.

    Examples
    --------
    The default budget, .12 a year, 25 numeric fields, half to location:

    >>> round(monitoring_threshold(0.01 / 25 / 2, 3600), 2)
    5.5
    """
    return float(monitoring_thresholds(np.array([alpha_month]), window_seconds)[0])


def monitoring_thresholds(alpha_month: ArrayLike, window_seconds: float) -> NDArray[np.float64]:
    """:func:`monitoring_threshold` of many budgets at once; any shape, infinite for a budget of 0."""
    # A looser budget than one false alarm a month and score is no different from that.
    wanted = np.minimum(np.asarray(alpha_month, dtype=np.float64), 1.0)
    found, back = np.unique(wanted, return_inverse=True)
    windows = SECONDS_PER_MONTH / window_seconds
    with np.errstate(divide="ignore"):
        target = np.log(found) - math.log(2)
    low, high = np.full(found.size, LEAST), np.full(found.size, MOST)
    for _ in range(60):
        middle = (low + high) / 2
        looks = windows * np.maximum(1.0, 1.75 * middle - 2.5) + FIRST_LOOKS
        more = log_ndtr(-middle) + np.log(looks) > target
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(wanted > 0, high[back].reshape(wanted.shape), np.inf)


def single_look_threshold(alpha: float) -> float:
    """Deviation at which one score alarms in a single comparison: ``2 Phi(-h) = alpha``.

    >>> round(single_look_threshold(0.05), 3)
    1.96
    """
    return float(single_look_thresholds(np.array([alpha]))[0])


def single_look_thresholds(alpha: ArrayLike) -> NDArray[np.float64]:
    """:func:`single_look_threshold` of many probabilities at once; infinite for 0."""
    return np.asarray(-ndtri(np.asarray(alpha, dtype=np.float64) / 2), dtype=np.float64)
