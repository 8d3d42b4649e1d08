"""Wasserstein distance in units of the baseline's spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import checked_pair, shares
from driftline.errors import InvalidInput


def wasserstein(baseline: ArrayLike, current: ArrayLike, positions: ArrayLike, spread: float) -> float:
    """First Wasserstein (earth mover's) distance of binned values, divided by ``spread``.

    .. math:: W_1 / s = \\frac1s \\sum_{j=1}^{B-1} | P_j - Q_j | (x_{j+1} - x_j)

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B ordered bins, shape ``(B,)``, non-negative; without missing.
    positions
        Where each bin's mass is taken to lie, ascending, shape ``(B,)``, in the field's unit.
    spread
        The baseline's standard deviation, in the field's unit, positive.

    Returns
    -------
    float
        At least 0, in baseline standard deviations; symmetric in the counts. A pure shift by c standard
        deviations inside the bins' range gives about c.

    Raises
    ------
    InvalidInput
        As for the other statistics; also positions that are not finite and ascending, or a spread that
        is not positive (a constant baseline has none: use the shares of its bins instead).

    Notes
    -----
    Each bin's mass is moved to one point, so the error is at most the mean bin width. Mass in the
    outermost bins is taken to lie at their inner edge, which makes the value a lower bound there.
    No floor is put under the spread: one would hide drift of fields on a tiny scale. O(B).

    References
    ----------
    Vallender, S. (1974). Calculation of the Wasserstein distance between probability distributions on
    the line. Theory Probab. Appl. 18(4), eq. 4.

    Examples
    --------
    >>> wasserstein([0, 4, 0], [0, 0, 4], [0.0, 1.0, 2.0], spread=0.5)
    2.0
    """
    first, second = checked_pair(baseline, current)
    points = np.asarray(positions, dtype=np.float64)
    if points.shape != first.shape or not np.isfinite(points).all() or (np.diff(points) < 0).any():
        raise InvalidInput("positions must be finite, ascending and one for each bin")
    if not np.isfinite(spread) or spread <= 0:
        raise InvalidInput(f"spread must be positive, got {spread!r}: the baseline is constant")
    difference = np.abs(np.cumsum(shares(first) - shares(second))[:-1])
    # Divide before multiplying: both widths and spread may be near the smallest float.
    return float(np.sum(difference * (np.diff(points) / spread)))
