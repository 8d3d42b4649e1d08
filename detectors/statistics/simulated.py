"""Interval, detectable effect and p-value by simulation, for distances without a usable formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from detectors.statistics.counts import CountPairs, Counts
from detectors.statistics.estimate import Estimates, Vector, checked_rates

SEED = 20_260
DRAWS = 400
_HALVINGS = 10
_STEP = 1e-6
"""Part of the noise over which a distance is taken to be linear."""

Distance = Callable[[Counts], Vector]
"""Differences of shares, shape ``(R, B)``, to their distance, shape ``(R,)``; homogeneous of degree 1."""


def simulated_estimates(
    pairs: CountPairs,
    distance_of: Callable[[int], Distance],
    *,
    hardest: Counts,
    upper: float,
    level: float,
    power: float,
    seed: int,
    convex_upper: bool = False,
    draws: int = DRAWS,
) -> Estimates:
    """Invert the test "the truth is t times the observed change" over normal draws of the noise.

    Noise of the difference q - p is drawn as the multinomial's normal limit. Lower limit: the smallest
    multiple of the change *in those bins that moved by more than twice their noise* under which a value
    as large as observed is not rare; all else is taken for noise, which pushes a distance up most.
    Upper limit: the largest multiple of the whole observed change under which a value as small is not.

    Parameters
    ----------
    distance_of
        The distance of field number f.
    hardest
        A change for which the detectable value is stated, shape ``(F, B)``; centred here to sum to 0.
    seed
        Of the draws: the same seed gives the same limits.
    convex_upper
        Also let the upper limit be the value and its first-order error: a convex distance is never too
        small on average. For distances in which neighbouring bins err together, so that multiples of the
        observed change carry the noise along.
    draws
        R; limits carry a Monte Carlo error of about ``1 / sqrt(R)`` of their distance from the value.

    Notes
    -----
    In simulations the 95% interval covers 92-99% of the time, the Wasserstein distance's down to 89%
    where the true shift is about as large as its own noise.
    O(R B) a field and step, a millisecond or two: for what is shown, not for every field of every window.

    References
    ----------
    Efron, B. and Tibshirani, R. (1993). An Introduction to the Bootstrap, section 12.3 (inversion along
    a family); DiCiccio, T. and Romano, J. (1990), least favorable directions, Int. Stat. Rev. 58.
    """
    checked_rates(level, power)
    fields, bins = pairs.p.shape
    normal = np.random.default_rng(seed).standard_normal((2, draws, bins))
    parts = np.array(
        [
            _one(
                pairs.p[field],
                pairs.q[field],
                float(pairs.n[field]),
                float(pairs.m[field]),
                normal,
                distance_of(field),
                hardest[field],
                level,
                power,
                convex_upper,
            )
            for field in range(fields)
        ]
    )
    value, low, high, detectable, p_value = parts.T
    return Estimates(
        np.minimum(value, upper),
        np.minimum(low, upper),
        np.minimum(high, upper),
        np.minimum(detectable, upper),
        p_value,
    )


def _one(
    p: Vector,
    q: Vector,
    n: float,
    m: float,
    normal: Counts,
    distance: Distance,
    hardest: Vector,
    level: float,
    power: float,
    convex_upper: bool,
) -> tuple[float, float, float, float, float]:
    change = q - p
    observed = float(distance(change))
    pooled = (n * p + m * q) / (n + m)
    unchanged = _noise(normal[0], pooled) * np.sqrt(1 / n + 1 / m)
    null = distance(unchanged)
    if not null.max() > 0:
        return observed, observed, observed, float("nan"), float(observed <= 0)
    p_value = (1 + float(np.sum(null >= observed))) / (1 + null.size)

    noise = _noise(normal[0], p) / np.sqrt(n) + _noise(normal[1], q) / np.sqrt(m)
    furthest = observed + 2 * float(distance(noise).max())
    sparse = _shrunk(change, p * (1 - p) / n + q * (1 - q) / m)
    low = _limit(distance, sparse, noise, 1 - level / 2, observed, furthest)
    high = _limit(distance, change, noise, level / 2, observed, furthest)
    if convex_upper:
        slope = (distance(change + _STEP * noise) - observed) / _STEP
        high = max(high, observed + float(ndtri(1 - level / 2)) * float(slope.std()))

    direction = hardest - hardest.sum() * pooled
    critical = _order(null, 1 - level)
    furthest = critical + 2 * float(ndtri(power)) * float(null.max())
    detectable = _limit(distance, direction, unchanged, 1 - power, critical, furthest)
    return observed, low, high, detectable, p_value


def _noise(normal: Counts, shares: Vector) -> Counts:
    """Normal draws with the covariance ``diag(p) - p p'`` of one multinomial row, shape ``(R, B)``."""
    root = np.sqrt(shares)
    noise: Counts = root * normal - np.outer(normal @ root, shares)
    return noise


def _shrunk(change: Vector, variance: Vector) -> Vector:
    """The change in those bins alone that moved by more than twice their noise."""
    shrunk: Vector = np.where(change**2 > 4 * variance, change, 0.0)
    return shrunk


def _limit(
    distance: Distance, ray: Vector, noise: Counts, share: float, target: float, furthest: float
) -> float:
    """The distance of the multiple of ``ray`` that puts the ``share`` quantile at the target."""
    length = float(distance(ray))
    if length <= 0:
        return 0.0
    return _crossing(distance, ray / length, noise, share, target, furthest)


def _crossing(
    distance: Distance, ray: Vector, noise: Counts, share: float, target: float, furthest: float
) -> float:
    """The multiple t at which the ``share`` quantile of ``distance(t ray + noise)`` reaches the target."""

    def quantile(t: float) -> float:
        return _order(distance(t * ray + noise), share)

    if quantile(0.0) >= target:
        return 0.0
    low, high = 0.0, furthest
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if quantile(middle) >= target:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _order(values: Vector, share: float) -> float:
    """The order statistic at a share of the draws."""
    rank = min(values.size - 1, int(share * values.size))
    return float(np.partition(values, rank)[rank])
