"""How much evidence a false-alarm budget asks for."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.special import ndtr

SECONDS_PER_MONTH = 30 * 86400.0


def looks_per_window(threshold: float) -> float:
    """Effective number of independent looks that one window's scan over all scales amounts to.

    Fitted by simulation in the reference procedure: ``m(h) = 1.75 h - 2.5`` for 4 <= h <= 8.
    """
    return max(1.0, 1.75 * threshold - 2.5)


def monitoring_threshold(alpha_month: float, window_seconds: float) -> float:
    """Deviation at which one score alarms in continuous monitoring.

    Solves ``alpha = 2 Phi(-h) W m(h)`` for h, with W windows a month.

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
    windows = SECONDS_PER_MONTH / window_seconds
    # A looser budget than one false alarm a month and score is no different from that.
    alpha_month = min(alpha_month, 1.0)

    def excess(h: float) -> float:
        return math.log(2 * ndtr(-h) * windows * looks_per_window(h)) - math.log(alpha_month)

    return float(brentq(excess, 0.5, 37.0))


def single_look_threshold(alpha: float) -> float:
    """Deviation at which one score alarms in a single comparison: ``2 Phi(-h) = alpha``.

    >>> round(single_look_threshold(0.05), 3)
    1.96
    """
    return float(brentq(lambda h: math.log(2 * ndtr(-h)) - math.log(alpha), 0.0, 37.0))
