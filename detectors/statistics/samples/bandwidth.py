"""Median heuristic: the bandwidth of a kernel from the distances in the data."""

from __future__ import annotations

import numpy as np

from detectors.statistics.samples.sample import Rows, Sample

MOST_ROWS = 500


def median_bandwidth(baseline: Sample, current: Sample) -> float:
    """Weighted median of the distances between all pairs of pooled rows, a row with itself included.

    Beyond 500 rows in all, of evenly spaced rows. When more than half of the pairs coincide, the
    weighted root mean square distance; 1 when all rows are one.

    References
    ----------
    Gretton, A. et al. (2012). A kernel two-sample test. J. Mach. Learn. Res. 13, section 8.
    """
    rows = np.concatenate([baseline.rows, current.rows])
    # Both samples count by their rows, so that a repeated row is worth what a weight of two is.
    weights = np.concatenate([baseline.weights * baseline.effective, current.weights * current.effective])
    if len(rows) > MOST_ROWS:
        chosen = np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.intp)
        rows, weights = rows[chosen], weights[chosen]
    unit = float(np.abs(rows - rows[0]).max())
    if unit == 0:
        return 1.0
    distances = np.sqrt(squared_distances(rows, rows, unit)).ravel()
    if (weights == weights[0]).all():
        rank = (distances.size + 1) // 2 - 1
        median = float(np.partition(distances, rank)[rank])
    else:
        order = np.argsort(distances, kind="stable")
        mass = np.cumsum(np.outer(weights, weights).ravel()[order])
        # A hair less than half: rounding must not skip to the next distance.
        median = float(distances[order][np.searchsorted(mass, mass[-1] / 2 * (1 - 1e-12))])
    if median <= 0:
        pairs = np.outer(weights, weights).ravel()
        median = float(np.sqrt(distances**2 @ pairs / pairs.sum()))
    return median * unit


def squared_distances(first: Rows, second: Rows, unit: float) -> Rows:
    """Squared Euclidean distances in units, shape ``(n, m)``; exactly 0 between equal rows of one field.

    Rows are centred first: a huge common offset would eat the digits of the product form.
    """
    origin = first[0]
    a, b = (first - origin) / unit, (second - origin) / unit
    if a.shape[1] == 1:
        gaps: Rows = (a - b[:, 0]) ** 2
        return gaps
    squared: Rows = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b) - 2 * (a @ b.T)
    return np.maximum(squared, 0.0)
