"""Maximum mean discrepancy with a Gaussian kernel."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from detectors.statistics.estimate import LEVEL, POWER, Estimate, checked_rates
from detectors.statistics.quadratic import quadratic_estimates, square_root
from detectors.statistics.samples.bandwidth import median_bandwidth, squared_distances
from detectors.statistics.samples.sample import Rows, Sample, checked_samples, needs_rows
from driftline.errors import InvalidInput

SEED = 20_261
QUADRATIC_UP_TO = 2000
LARGEST = 2**0.5


def maximum_mean_discrepancy(
    baseline: Sample, current: Sample, *, bandwidth: float | None = None, seed: int = SEED
) -> float:
    """Distance of the kernel means of two samples, of one or many fields.

    .. math:: \\mathrm{MMD}^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y), \\quad
              k(a, b) = \\exp(-|a - b|^2 / (2 h^2))

    Parameters
    ----------
    baseline, current
        Rows of the same d fields. Weights are allowed up to 2,000 rows in all.
    bandwidth
        h, in the fields' unit. Default: the median distance of all pooled rows.
    seed
        Of the pairing that the linear-time estimator uses.

    Returns
    -------
    float
        MMD, in [0, sqrt 2]; symmetric. Unchanged when all fields are shifted, rotated or scaled together;
        fields of unlike units have to be standardised before.

    Raises
    ------
    InvalidInput
        Different fields, weights beyond 2,000 rows, or a bandwidth that is not positive.

    Notes
    -----
    Up to 2,000 rows in all the V-statistic, all pairs, O((n + m)² d): 0 for identical samples. Beyond,
    Gretton's linear-time estimator over min(n, m) / 2 pairs of pairs, O(n d): unbiased, much less
    powerful a row, and floored at 0; rows left over by unequal sizes are not used.

    References
    ----------
    Gretton, A. et al. (2012). A kernel two-sample test. J. Mach. Learn. Res. 13, eq. 5 (quadratic) and
    lemma 14 (linear time); bandwidth: section 8.

    Examples
    --------
    Two points at distance h: 2 - 2 exp(-1/2), rooted.

    >>> round(maximum_mean_discrepancy(Sample.of([0, 0]), Sample.of([1, 1]), bandwidth=1.0), 6)
    0.887096
    """
    checked_samples(baseline, current)
    width = _width(baseline, current, bandwidth)
    if len(baseline.rows) + len(current.rows) > QUADRATIC_UP_TO:
        return float(np.sqrt(max(0.0, float(_linear_terms(baseline, current, width, seed).mean()))))
    first, second, mixed = _kernels(baseline.rows, current.rows, width)
    squared = baseline.weights @ first @ baseline.weights + current.weights @ second @ current.weights
    squared -= 2 * (baseline.weights @ mixed @ current.weights)
    return float(np.sqrt(min(2.0, max(0.0, float(squared)))))


def maximum_mean_discrepancy_estimate(
    baseline: Sample,
    current: Sample,
    level: float = LEVEL,
    power: float = POWER,
    seed: int = SEED,
    *,
    bandwidth: float | None = None,
) -> Estimate:
    """MMD with its interval, the bandwidth taken as given.

    Quadratic: score interval (second-order delta method on MMD²), null mean and variance from the
    centred kernel of the pooled rows, p-value by the gamma law (Gretton et al. 2009). Linear time: normal,
    MMD² being a mean of independent terms.
    """
    checked_samples(baseline, current)
    checked_rates(level, power)
    width = _width(baseline, current, bandwidth)
    if len(baseline.rows) + len(current.rows) > QUADRATIC_UP_TO:
        return _linear(baseline, current, width, level, power, seed)
    n, m = baseline.effective, current.effective
    first, second, mixed = _kernels(baseline.rows, current.rows, width)
    p, q = baseline.weights, current.weights
    witness_first = first @ p - mixed @ q
    witness_second = mixed.T @ p - second @ q
    value = min(2.0, max(0.0, float(p @ witness_first - q @ witness_second)))
    variance = 4 * (_variance(witness_first, p) / n + _variance(witness_second, q) / m)

    size = 1 / n + 1 / m
    pooled = np.concatenate([p * n, q * m]) / (n + m)
    kernel = np.block([[first, mixed], [mixed.T, second]])
    means = kernel @ pooled
    overall = float(means @ pooled)
    kernel -= means[:, None]
    kernel -= means[None, :]
    kernel += overall
    null_variance = 2 * size**2 * float(pooled @ kernel**2 @ pooled)
    found = quadratic_estimates(
        np.array([value]),
        bias=np.array([(1 - float(p @ first @ p)) / n + (1 - float(q @ second @ q)) / m]),
        unchanged_mean=np.array([size * (1 - overall)]),
        unchanged_variance=np.array([null_variance]),
        variance=np.array([variance]),
        upper=2.0,
        level=level,
        power=power,
    )
    return square_root(found)[0]


def _linear(
    baseline: Sample, current: Sample, width: float, level: float, power: float, seed: int
) -> Estimate:
    terms = _linear_terms(baseline, current, width, seed)
    squared, error = float(terms.mean()), float(terms.std(ddof=1)) / float(np.sqrt(terms.size))
    z = float(ndtri(1 - level / 2))
    p_value = float(ndtr(-squared / error)) if error > 0 else float(squared <= 0)
    limits = np.clip(
        [squared, squared - z * error, squared + z * error, (ndtri(1 - level) + ndtri(power)) * error], 0, 2
    )
    value, lower, upper, detectable = (float(limit) for limit in np.sqrt(limits))
    return Estimate(value, lower, upper, detectable, p_value)


def _linear_terms(baseline: Sample, current: Sample, width: float, seed: int) -> Rows:
    if baseline.weighted or current.weighted:
        raise InvalidInput(
            f"weights need all pairs: at most {QUADRATIC_UP_TO} rows in all, got "
            f"{len(baseline.rows) + len(current.rows)}"
        )
    # The same permutation on both sides: the same rows twice give exactly 0.
    x = baseline.rows[np.random.default_rng(seed).permutation(len(baseline.rows))]
    y = current.rows[np.random.default_rng(seed).permutation(len(current.rows))]
    pairs = min(len(x), len(y)) // 2
    x1, x2, y1, y2 = x[:pairs], x[pairs : 2 * pairs], y[:pairs], y[pairs : 2 * pairs]
    terms: Rows = _kernel(x1, x2, width) + _kernel(y1, y2, width)
    terms -= _kernel(x1, y2, width) + _kernel(x2, y1, width)
    return terms


def _kernel(first: Rows, second: Rows, width: float) -> Rows:
    gaps: Rows = (first - second) / width
    kernel: Rows = np.exp(-np.einsum("ij,ij->i", gaps, gaps) / 2)
    return kernel


def _kernels(first: Rows, second: Rows, width: float) -> tuple[Rows, Rows, Rows]:
    return (
        np.exp(-squared_distances(first, first, width) / 2),
        np.exp(-squared_distances(second, second, width) / 2),
        np.exp(-squared_distances(first, second, width) / 2),
    )


def _width(baseline: Sample, current: Sample, bandwidth: float | None) -> float:
    for sample, name in ((baseline, "baseline"), (current, "current")):
        needs_rows(sample, 4 if len(sample.rows) > QUADRATIC_UP_TO else 2, name)
    if bandwidth is None:
        return median_bandwidth(baseline, current)
    if not np.isfinite(bandwidth) or bandwidth <= 0:
        raise InvalidInput(f"bandwidth must be positive, got {bandwidth!r}")
    return bandwidth


def _variance(values: Rows, weights: Rows) -> float:
    return float((values - values @ weights) ** 2 @ weights)
