"""Largest Kolmogorov-Smirnov distance over projections, for embeddings."""

from __future__ import annotations

import dataclasses

import numpy as np

from detectors.statistics.estimate import LEVEL, POWER, Estimate, checked_rates
from detectors.statistics.samples.kolmogorov_smirnov import (
    kolmogorov_smirnov_sample,
    kolmogorov_smirnov_sample_estimate,
)
from detectors.statistics.samples.sample import Rows, Sample, checked_samples

SEED = 20_264
DIRECTIONS = 32


def projected_distance(
    baseline: Sample, current: Sample, *, directions: int = DIRECTIONS, seed: int = SEED
) -> float:
    """Largest KS distance of the rows projected on random unit directions.

    .. math:: \\max_k \\mathrm{KS}(u_k^T X, u_k^T Y), \\quad u_k \\text{ uniform on the sphere}

    Parameters
    ----------
    baseline, current
        Rows of the same d fields (embeddings), weights allowed.
    directions
        How many, at least 1.
    seed
        Of the directions: the same seed and d give the same ones for every window.

    Returns
    -------
    float
        In [0, 1]; symmetric; unchanged when all rows are shifted or scaled together.

    Raises
    ------
    InvalidInput
        Different fields.

    Notes
    -----
    Two distributions that differ do so on almost every projection (Cramér and Wold), but a move along
    one of d coordinates shrinks by about sqrt(d) on a random one. O(K (n d + n log n)).

    References
    ----------
    Cuesta-Albertos, J. et al. (2007). A sharp form of the Cramér-Wold theorem. J. Theoret. Probab. 20,
    section 4.

    Examples
    --------
    >>> near, far = [(0.0, 0.0), (0.1, 0.0)], [(9.0, 9.0), (9.1, 9.0)]
    >>> projected_distance(Sample.of(near), Sample.of(far))
    1.0
    """
    checked_samples(baseline, current)
    return max(kolmogorov_smirnov_sample(*pair) for pair in _projected(baseline, current, directions, seed))


def projected_distance_estimate(
    baseline: Sample,
    current: Sample,
    level: float = LEVEL,
    power: float = POWER,
    seed: int = SEED,
    *,
    directions: int = DIRECTIONS,
) -> Estimate:
    """Largest distance with limits that hold for all directions together.

    Each direction's limits at ``level / K`` (Bonferroni), the largest lower and the largest upper one;
    ``detectable`` and p-value likewise.
    """
    checked_rates(level, power)
    checked_samples(baseline, current)
    found = [
        kolmogorov_smirnov_sample_estimate(*pair, level=level / directions, power=power)
        for pair in _projected(baseline, current, directions, seed)
    ]
    top = max(found, key=lambda one: one.value)
    return dataclasses.replace(
        top,
        lower=max(one.lower for one in found),
        upper=max(one.upper for one in found),
        p_value=min(1.0, directions * min(one.p_value for one in found)),
    )


def _projected(baseline: Sample, current: Sample, directions: int, seed: int) -> list[tuple[Sample, Sample]]:
    fields = baseline.rows.shape[1]
    drawn = np.random.default_rng(seed).standard_normal((fields, directions))
    drawn /= np.sqrt(np.sum(drawn**2, axis=0))
    origin = baseline.rows[0]
    x: Rows = (baseline.rows - origin) @ drawn
    y: Rows = (current.rows - origin) @ drawn
    return [
        (
            dataclasses.replace(baseline, rows=x[:, one : one + 1]),
            dataclasses.replace(current, rows=y[:, one : one + 1]),
        )
        for one in range(directions)
    ]
