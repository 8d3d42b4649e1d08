"""Rates of missing, unseen and out-of-range rows, and their change."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from detectors.statistics.counts import CountPairs
from detectors.statistics.estimate import LEVEL, POWER, Estimates, Vector, checked_rates
from driftline.errors import InvalidInput


def rate_change(
    pairs: CountPairs, members: ArrayLike, level: float = LEVEL, power: float = POWER
) -> Estimates:
    """Change of the share of rows in a set of slots: missing, unseen, out of range.

    .. math:: \\Delta = r_q - r_p, \\quad r_p = \\sum_{j \\in S} p_j

    Parameters
    ----------
    pairs
        Counts over all slots, with missing.
    members
        Which slots belong to S, boolean, shape ``(B,)`` or ``(F, B)``.

    Returns
    -------
    Estimates
        Change in [-1, 1], above 0 when there are more now; antisymmetric. Limits by Newcombe's hybrid of
        two Wilson intervals. Detectable: the smallest rise from the baseline's rate (by Cohen's h).
        p-value: pooled two-proportion score test, two-sided.

    Raises
    ------
    InvalidInput
        Members that do not fit the slots.

    Notes
    -----
    A rate of 0 is a value like any other: its interval has a width, and a rise from it can be detected.
    Missing rows belong to the total: a rate over the rows that are there would hide them. O(B).

    References
    ----------
    Newcombe, R. (1998). Interval estimation for the difference between independent proportions.
    Statistics in Medicine 17, method 10.

    Examples
    --------
    Newcombe's case (a), 56 of 70 against 48 of 80: .2 with limits .0524 and .3339.

    >>> pairs = CountPairs.of([32, 48], [14, 56])
    >>> found = rate_change(pairs, [False, True])[0]
    >>> round(found.value, 4), round(found.lower, 4), round(found.upper, 4)
    (0.2, 0.0524, 0.3339)
    """
    checked_rates(level, power)
    before, now = _rates(pairs, members)
    z = float(ndtri(1 - level / 2))
    low_before, high_before = wilson_limits(before, pairs.n, z)
    low_now, high_now = wilson_limits(now, pairs.m, z)
    value = now - before
    lower = value - np.hypot(now - low_now, high_before - before)
    upper = value + np.hypot(high_now - now, before - low_before)
    pooled = (pairs.n * before + pairs.m * now) / (pairs.n + pairs.m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / pairs.n + 1 / pairs.m))
    score = np.divide(np.abs(value), error, out=np.zeros_like(value), where=error > 0)
    return Estimates(value, lower, upper, _rise(before, pairs, z, power), 2 * ndtr(-score))


def rate(pairs: CountPairs, members: ArrayLike, level: float = LEVEL, power: float = POWER) -> Estimates:
    """Current share of rows in a set of slots, in [0, 1], with Wilson's interval.

    Detectable is the smallest rate above the baseline's that would be found; the p-value is that of
    :func:`rate_change`.

    References
    ----------
    Wilson, E. (1927). Probable inference, the law of succession, and statistical inference. J. Amer.
    Statist. Assoc. 22.

    Examples
    --------
    15 of 148, Newcombe's (1998) table I, method 3: .0624 to .1605.

    >>> found = rate(CountPairs.of([133, 15], [133, 15]), [False, True])[0]
    >>> round(found.lower, 4), round(found.upper, 4)
    (0.0624, 0.1605)
    """
    change = rate_change(pairs, members, level, power)
    before, now = _rates(pairs, members)
    lower, upper = wilson_limits(now, pairs.m, float(ndtri(1 - level / 2)))
    return Estimates(now, lower, upper, before + change.detectable, change.p_value)


def wilson_limits(share: Vector, rows: Vector, z: float) -> tuple[Vector, Vector]:
    """Wilson's score limits of a share among ``rows`` effective rows."""
    ratio = z * z / rows
    middle = (share + ratio / 2) / (1 + ratio)
    reach = np.sqrt(share * (1 - share) * ratio + ratio**2 / 4) / (1 + ratio)
    # At shares of 0 and 1 the limit is the share itself, which rounding may miss.
    return np.minimum(np.maximum(middle - reach, 0.0), share), np.maximum(
        np.minimum(middle + reach, 1.0), share
    )


def _rise(before: Vector, pairs: CountPairs, z: float, power: float) -> Vector:
    cohens_h = (z + float(ndtri(power))) * np.sqrt(1 / pairs.n + 1 / pairs.m)
    angle = np.minimum(np.arcsin(np.sqrt(before)) + cohens_h / 2, np.pi / 2)
    rise: Vector = np.sin(angle) ** 2 - before
    return rise


def _rates(pairs: CountPairs, members: ArrayLike) -> tuple[Vector, Vector]:
    chosen: NDArray[np.bool_] = np.asarray(members, dtype=np.bool_)
    if chosen.shape not in (pairs.p.shape, pairs.p.shape[1:]):
        raise InvalidInput(f"members have shape {chosen.shape}, the counts {pairs.p.shape}")
    before, now = (pairs.p * chosen).sum(axis=1), (pairs.q * chosen).sum(axis=1)
    return np.minimum(before, 1.0), np.minimum(now, 1.0)
