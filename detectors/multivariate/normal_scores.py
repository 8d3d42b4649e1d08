"""Normal scores of slots, and correlations of the columns by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.multivariate.sampled_rows import Slots
from detectors.profiles.layout import MISSING_AT, WIDTH

Matrix = NDArray[np.float64]

FEWEST_ROWS = 20
"""Effective rows in which both columns have a value that a correlation needs."""

LARGEST = 0.999
"""Correlations are cut here, so that their inverse hyperbolic tangent stays finite."""


def slot_shares(slots: Slots, weights: Matrix) -> Matrix:
    """Weighted share of the rows in every aligned slot, shape ``(C, WIDTH)``."""
    columns = slots.shape[1]
    places = slots + np.arange(columns, dtype=np.int64) * WIDTH
    # One bincount for all columns: a loop over them costs more than the counting.
    counted = np.bincount(
        places.ravel(), weights=np.repeat(weights / weights.sum(), columns), minlength=columns * WIDTH
    )
    return np.asarray(counted, dtype=np.float64).reshape(columns, WIDTH)


def normal_score_table(shares: Matrix) -> Matrix:
    """Standardised normal score of every slot, shape ``(C, WIDTH)``; 0 for missing and constant columns.

    .. math:: a_j = \\Phi^{-1}(\\text{mid-rank of slot } j), \\quad \\sum_j p_j a_j = 0, \\sum_j p_j a_j^2 = 1

    Parameters
    ----------
    shares
        Shares of ordered slots, the last one missing, shape ``(C, WIDTH)``.

    References
    ----------
    van der Waerden, B. (1952). Order tests for the two-sample problem. Indag. Math. 14.
    """
    inside = shares[:, :MISSING_AT]
    present = inside.sum(axis=1, keepdims=True)
    inside = np.divide(inside, present, out=np.zeros_like(inside), where=present > 0)
    middle = np.cumsum(inside, axis=1) - inside / 2
    scores = ndtri(np.clip(middle, 1e-6, 1 - 1e-6))
    mean = np.sum(inside * scores, axis=1, keepdims=True)
    deviation = np.sqrt(np.sum(inside * (scores - mean) ** 2, axis=1, keepdims=True))
    table = np.zeros_like(shares)
    np.divide(scores - mean, deviation, out=table[:, :MISSING_AT], where=deviation > 1e-6)
    return table


def scored(slots: Slots, table: Matrix) -> Matrix:
    """The table's value of every slot, shape ``(n, C)``."""
    values: Matrix = table[np.arange(slots.shape[1]), slots]
    return values


def correlations(slots: Slots, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Correlation of the normal scores of every pair of columns, over rows where both are there.

    The scores are those of these very rows, so a move of a column's own distribution, however large,
    leaves its correlations as they are: only the dependence counts.

    Returns
    -------
    correlation
        Upper triangle row by row, shape ``(C (C - 1) / 2,)``, in (-1, 1); NaN where fewer than 20 effective
        rows have both, or one of them is constant.
    share
        Of the rows in which both have a value, same shape.

    References
    ----------
    Gaussian rank correlation: Boudt, K., Cornelissen, J. and Croux, C. (2012). The Gaussian rank
    correlation estimator: robustness properties. Stat. Comput. 22.
    """
    columns = slots.shape[1]
    upper = np.triu_indices(columns, 1)
    w = weights / weights.sum()
    effective = 1 / float(w @ w)
    z = scored(slots, normal_score_table(slot_shares(slots, weights)))
    missing = slots == MISSING_AT
    weighted = z * w[:, None]
    cross = weighted.T @ z
    if missing.any():
        there = (~missing).astype(np.float64)
        # Squares of one column over the rows in which the other has a value too.
        squares = (weighted * z).T @ there
        both = (there * w[:, None]).T @ there
        scale = np.sqrt(squares * squares.T)
    else:
        squares = np.sum(weighted * z, axis=0)
        both = np.ones((columns, columns))
        scale = np.sqrt(np.outer(squares, squares))
    known = (scale > 1e-9) & (both * effective >= FEWEST_ROWS)
    ratio = np.divide(cross, scale, out=np.full_like(cross, np.nan), where=known)
    return np.clip(ratio[upper], -LARGEST, LARGEST), both[upper]
