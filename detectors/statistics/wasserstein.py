"""Wasserstein distance in units of the baseline's spread."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from detectors.statistics.counts import CountPairs, Counts, Scale, checked_pair
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector
from detectors.statistics.simulated import SEED, Distance, simulated_estimates
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
    scale = Scale(np.asarray(positions, dtype=np.float64), spread)
    return float(wasserstein_values(CountPairs.of(*checked_pair(baseline, current), scale=scale))[0])


def wasserstein_values(pairs: CountPairs) -> Vector:
    """Distance of F fields at once, shape ``(F,)``, in baseline standard deviations."""
    difference = np.abs(np.cumsum(pairs.p - pairs.q, axis=1)[:, :-1])
    distance: Vector = np.sum(difference * _widths(pairs), axis=1)
    return distance


def wasserstein_estimates(
    pairs: CountPairs, level: float = LEVEL, power: float = POWER, seed: int = SEED
) -> Estimates:
    """Distance with an interval by test inversion over seeded normal draws.

    The spread is taken as known. The detectable value is that of a change in which every bin hands the
    same part of its mass to the next one: a shift.
    """
    widths = _widths(pairs)
    pooled = pairs.mixture()[2]
    shift = np.diff(pooled, axis=1, prepend=0.0)
    shift[:, -1] = -(shift[:, :-1].sum(axis=1))
    return simulated_estimates(
        pairs,
        lambda field: _moved(widths[field]),
        hardest=shift,
        upper=math.inf,
        level=level,
        power=power,
        seed=seed,
        convex_upper=True,
    )


def _moved(widths: Vector) -> Distance:
    def distance(difference: Counts) -> Vector:
        cost: Vector = np.abs(np.cumsum(difference, axis=-1)[..., :-1]) @ widths
        return cost

    return distance


def _widths(pairs: CountPairs) -> Counts:
    """Distances between neighbouring bins in spreads, shape ``(F, B - 1)``."""
    if pairs.scale is None:
        raise InvalidInput("positions and a spread are needed to measure in the field's unit")
    points = np.asarray(pairs.scale.positions, dtype=np.float64)
    steps = np.diff(points, axis=-1)
    if points.shape[-1] != pairs.p.shape[1] or not np.isfinite(points).all() or (steps < 0).any():
        raise InvalidInput("positions must be finite, ascending and one for each bin")
    spread = np.asarray(pairs.scale.spread, dtype=np.float64)
    if not (np.isfinite(spread).all() and (spread > 0).all()):
        raise InvalidInput(f"spread must be positive, got {pairs.scale.spread!r}: the baseline is constant")
    # Divide before anything is multiplied: both widths and spread may be near the smallest float.
    widths: Counts = np.broadcast_to(steps / spread[..., None], (len(pairs.p), pairs.p.shape[1] - 1))
    return widths
