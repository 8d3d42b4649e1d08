"""Rows in groups: shares, mean losses and their variances on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Groups:
    """K groups of the rows of one side.

    Attributes
    ----------
    share
        Of the weight, shape ``(K,)``.
    mean
        Mean loss; where there is no row, the mean of all rows.
    variance
        Of these means (where there is no row, of the mean of all). One row's worth of the overall spread is
        added, so that groups whose rows all have the same loss are not taken for certain.
    effective
        Effective rows ``(sum w)^2 / sum w^2``.
    """

    share: Floats
    mean: Floats
    variance: Floats
    effective: Floats


def grouped(place: Places, groups: int, losses: Floats, weights: Floats) -> Groups:
    """Figures of every group.

    Parameters
    ----------
    place
        Group of every row, shape ``(n,)``, 0 to ``groups - 1``.
    losses, weights
        Shape ``(n,)``, at least one row.
    """
    w = weights / weights.sum()
    total = float(w @ losses)
    spread = float(w @ (losses - total) ** 2)
    share: Floats = np.bincount(place, w, groups).astype(np.float64)
    squares = np.bincount(place, w * w, groups)
    there = share > 0
    safe = np.where(there, share, 1.0)
    mean = np.where(there, np.bincount(place, w * losses, groups) / safe, total)
    scatter = np.bincount(place, (w * (losses - mean[place])) ** 2, groups)
    effective = np.where(there, share**2 / np.where(there, squares, 1.0), 0.0)
    usual = squares / safe
    overall = float(((w * (losses - total)) ** 2).sum())
    variance = np.where(there, (scatter + usual**2 * spread) / safe**2, overall)
    return Groups(share, mean, variance, effective)
