"""What weighted rows are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from driftline.errors import InvalidInput


def effective_size(weights: ArrayLike) -> float:
    """Kish's effective sample size.

    .. math:: n_e = (\\sum_i w_i)^2 / \\sum_i w_i^2

    Parameters
    ----------
    weights
        Of every row, for example one over its sampling rate, shape ``(n,)``, non-negative.

    Returns
    -------
    float
        Rows of equal weight that would be worth as much; in [1, n], n when all weights are equal.

    Raises
    ------
    InvalidInput
        Empty, not one-dimensional, NaN, infinite or negative weights, or none above 0.

    Notes
    -----
    Weights are relative: multiplying all of them changes nothing. O(n).

    References
    ----------
    Kish, L. (1965). Survey Sampling, section 11.7.

    Examples
    --------
    >>> effective_size([1, 1, 1, 1]), round(effective_size([3, 1]), 6)
    (4.0, 1.6)
    """
    given = np.asarray(weights, dtype=np.float64)
    if given.ndim != 1 or given.size == 0:
        raise InvalidInput(f"weights must be a non-empty vector, got shape {given.shape}")
    if not np.isfinite(given).all() or (given < 0).any():
        raise InvalidInput("weights must be finite and not negative")
    largest = float(given.max())
    if largest <= 0:
        raise InvalidInput("weights sum to 0: no row counts")
    # Relative to the largest, so that neither tiny nor huge weights leave the range of floats.
    relative = given / largest
    return float(relative.sum() ** 2 / (relative @ relative))
