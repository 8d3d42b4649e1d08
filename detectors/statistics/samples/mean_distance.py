"""Distance of the mean vectors, for embeddings."""

from __future__ import annotations

import math

import numpy as np

from detectors.statistics.estimate import LEVEL, POWER, Estimate, Vector
from detectors.statistics.quadratic import quadratic_estimates, square_root
from detectors.statistics.samples.sample import Rows, Sample, checked_samples
from driftline.errors import InvalidInput


def mean_distance(baseline: Sample, current: Sample) -> float:
    """Euclidean distance of the two mean vectors in units of the baseline's spread.

    .. math:: \\frac{|\\bar y - \\bar x|}{\\sqrt{\\mathrm{tr}\\, \\Sigma_x}}

    Parameters
    ----------
    baseline, current
        Rows of the same d fields (embeddings), weights allowed.

    Returns
    -------
    float
        At least 0; 1 is the root mean square distance of a baseline row from its own mean. Unchanged when
        all rows are shifted, rotated or scaled together. Not symmetric: the unit is the baseline's.

    Raises
    ------
    InvalidInput
        Different fields, or a baseline whose rows are all one.

    Notes
    -----
    On unchanged data the square is about ``1/n + 1/m`` whatever d is. O((n + m) d).

    References
    ----------
    Srivastava, M. and Du, M. (2008). A test for the mean vector with fewer observations than the
    dimension. J. Multivariate Anal. 99, eq. 1.2 for the unscaled square.

    Examples
    --------
    >>> x = [(-1.0, 0.0), (1.0, 0.0)]
    >>> mean_distance(Sample.of(x), Sample.of([(-1.0, 2.0), (1.0, 2.0)]))
    2.0
    """
    x, y, spread = _centred(baseline, current)
    change = current.weights @ y - baseline.weights @ x
    return float(np.sqrt(change @ change / spread))


def mean_distance_estimate(
    baseline: Sample, current: Sample, level: float = LEVEL, power: float = POWER
) -> Estimate:
    """Distance with its score interval (second-order delta method on its square).

    O((n + m) d min(n + m, d)): the noise of the square needs the covariances' products.
    """
    x, y, spread = _centred(baseline, current)
    n, m = baseline.effective, current.effective
    mean_x, mean_y = baseline.weights @ x, current.weights @ y
    change = mean_y - mean_x
    # Rows scaled so that their products sum to the covariance of the mean.
    a = (x - mean_x) * np.sqrt(baseline.weights / n)[:, None]
    b = (y - mean_y) * np.sqrt(current.weights / m)[:, None]
    rows = np.vstack([a, b])
    gram = rows.T @ rows if rows.shape[1] < len(rows) else rows @ rows.T
    noise = float(np.einsum("ij,ij->", rows, rows))
    value = float(change @ change) / spread
    # Influence of each row on the square: through the means, and of the baseline's through the spread.
    lengths = np.einsum("ij,ij->i", x - mean_x, x - mean_x) / spread - 1
    by_x: Vector = -2 * ((x - mean_x) @ change) / spread - value * lengths
    by_y: Vector = 2 * ((y - mean_y) @ change) / spread
    variance = float(baseline.weights @ by_x**2) / n + float(current.weights @ by_y**2) / m
    found = quadratic_estimates(
        np.array([value]),
        bias=np.array([noise / spread]),
        unchanged_mean=np.array([noise / spread]),
        unchanged_variance=np.array([2 * float(np.sum(gram**2)) / spread**2]),
        variance=np.array([variance]),
        upper=math.inf,
        level=level,
        power=power,
    )
    return square_root(found)[0]


def _centred(baseline: Sample, current: Sample) -> tuple[Rows, Rows, float]:
    """Rows from the baseline's first on in units of its largest gap, and the baseline's total variance."""
    checked_samples(baseline, current)
    origin = baseline.rows[0]
    x, y = baseline.rows - origin, current.rows - origin
    unit = float(np.abs(x).max())
    if unit <= 0:
        raise InvalidInput("the baseline is constant: it has no spread to measure in")
    x, y = x / unit, y / unit
    spread = float(
        baseline.weights @ np.einsum("ij,ij->i", x - baseline.weights @ x, x - baseline.weights @ x)
    )
    return x, y, spread
