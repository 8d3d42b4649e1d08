"""Reconstruction error under the baseline's principal components."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from detectors.statistics.estimate import LEVEL, POWER, Estimate, Vector, checked_rates
from detectors.statistics.samples.sample import Rows, Sample, checked_samples, needs_rows
from driftline.errors import InvalidInput

SEED = 20_263
FEWEST = 8
KEPT_VARIANCE = 0.65


def pca_reconstruction(
    baseline: Sample, current: Sample, *, kept_variance: float = KEPT_VARIANCE, seed: int = SEED
) -> float:
    """How much worse the baseline's principal components rebuild current rows than baseline ones.

    .. math:: \\frac{E_Y |y - P y| - E_X |x - P x|}{\\mathrm{sd}_X |x - P x|}

    Parameters
    ----------
    baseline, current
        Rows of the same d fields, at least two of them and 8 rows a side; weights allowed.
    kept_variance
        Share of the variance that the kept components carry, in (0, 1).
    seed
        Of the split of the rows into halves.

    Returns
    -------
    float
        In baseline standard deviations of the error; 0 on unchanged data, either sign, not symmetric.

    Raises
    ------
    InvalidInput
        Different fields, a single field, too few rows, a constant baseline, or one that its components
        rebuild perfectly.

    Notes
    -----
    Cross-fitted: components of one half of the baseline judge the other half, and half of the current
    rows; rows rebuilt by their own components would look too good. Fields are standardised by the
    baseline; those constant there are left out. Sees broken correlations that single fields do not show;
    a move along the kept components stays unseen. O((n + m) d² + d³).

    References
    ----------
    Jackson, J. and Mudholkar, G. (1979). Control procedures for residuals associated with principal
    component analysis. Technometrics 21, eq. 2.3.

    Examples
    --------
    Rows on a line, then off it:

    >>> line = [(float(i), float(i) + (i % 3) / 10) for i in range(30)]
    >>> pca_reconstruction(Sample.of(line), Sample.of(line))
    0.0
    >>> pca_reconstruction(Sample.of(line), Sample.of([(i, 30 - i) for i in range(30)])) > 10
    True
    """
    return pca_reconstruction_estimate(baseline, current, seed=seed, kept_variance=kept_variance).value


def pca_reconstruction_estimate(
    baseline: Sample,
    current: Sample,
    level: float = LEVEL,
    power: float = POWER,
    seed: int = SEED,
    *,
    kept_variance: float = KEPT_VARIANCE,
) -> Estimate:
    """The difference with Welch's normal interval, components and the spread taken as known.

    ``detectable`` is the smallest rise; p-value two-sided.
    """
    checked_rates(level, power)
    checked_samples(baseline, current)
    if not 0 < kept_variance < 1:
        raise InvalidInput(f"kept_variance must lie between 0 and 1, got {kept_variance!r}")
    if baseline.rows.shape[1] < 2:
        raise InvalidInput("principal components need at least two fields")
    needs_rows(baseline, FEWEST, "baseline")
    needs_rows(current, FEWEST, "current")
    x, y = _standardised(baseline, current)
    half_x, half_y = _halves(len(x), seed), _halves(len(y), seed)
    errors_x, errors_y = np.empty(len(x)), np.empty(len(y))
    for half in (0, 1):
        train = half_x == half
        judged = half_x != half
        centre, components = _components(x[train], baseline.weights[train], kept_variance)
        errors_x[judged] = _errors(x[judged], centre, components)
        errors_y[half_y != half] = _errors(y[half_y != half], centre, components)
    mean_x, var_x = _moments(errors_x, baseline.weights)
    mean_y, var_y = _moments(errors_y, current.weights)
    spread = float(np.sqrt(var_x))
    if spread <= 1e-12 * max(1.0, mean_x):
        raise InvalidInput("the baseline's components rebuild it perfectly: its fields depend on each other")
    value = (mean_y - mean_x) / spread
    error = float(np.sqrt(var_x / baseline.effective + var_y / current.effective)) / spread
    z = float(ndtri(1 - level / 2))
    null_error = float(np.sqrt(1 / baseline.effective + 1 / current.effective))
    return Estimate(
        value,
        value - z * error,
        value + z * error,
        (z + float(ndtri(power))) * null_error,
        float(2 * ndtr(-abs(value) / error)),
    )


def _standardised(baseline: Sample, current: Sample) -> tuple[Rows, Rows]:
    origin = baseline.rows[0]
    x, y = baseline.rows - origin, current.rows - origin
    largest = np.abs(x).max(axis=0)
    live = largest > 0
    if not live.any():
        raise InvalidInput("the baseline is constant: it has no principal components")
    x, y = x[:, live] / largest[live], y[:, live] / largest[live]
    mean = baseline.weights @ x
    spread = np.sqrt(baseline.weights @ (x - mean) ** 2)
    return (x - mean) / spread, (y - mean) / spread


def _halves(rows: int, seed: int) -> NDArray[np.intp]:
    halves: NDArray[np.intp] = np.random.default_rng(seed).permutation(rows) % 2
    return halves


def _components(rows: Rows, weights: Vector, kept_variance: float) -> tuple[Vector, Rows]:
    """Mean and the fewest leading components that carry the variance, fewer than the fields."""
    share = weights / weights.sum()
    mean = share @ rows
    centred = rows - mean
    variances, vectors = np.linalg.eigh((centred * share[:, None]).T @ centred)
    carried = np.cumsum(variances[::-1]) / variances.sum()
    kept = min(int(np.searchsorted(carried, kept_variance)) + 1, max(1, len(variances) - 1))
    return mean, np.asarray(vectors[:, ::-1][:, :kept])


def _errors(rows: Rows, centre: Vector, components: Rows) -> Vector:
    centred = rows - centre
    rest = centred - (centred @ components) @ components.T
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rest, rest)))


def _moments(values: Vector, weights: Vector) -> tuple[float, float]:
    mean = float(weights @ values)
    return mean, float(weights @ (values - mean) ** 2)
