"""Moments and extremes of a numeric tensor, in the tensor's own unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def measure_tensors(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Mean, population standard deviation, minimum and maximum of each row.

    Parameters
    ----------
    values
        ``(n, ...)``: a row per first index. Elements that are not finite are left out.

    Returns
    -------
    dict
        ``mean``, ``std``, ``min`` and ``max``, each of shape ``(n,)``; NaN for a row without a finite
        element.

    >>> {name: value.tolist() for name, value in measure_tensors(np.array([[1.0, 3.0]])).items()}
    {'mean': [2.0], 'std': [1.0], 'min': [1.0], 'max': [3.0]}
    """
    flat = values.reshape(len(values), -1)
    finite = np.isfinite(flat)
    count = finite.sum(axis=1)
    some = count > 0
    divisor = np.maximum(count, 1)
    mean = np.where(finite, flat, 0.0).sum(axis=1) / divisor
    spread = np.where(finite, flat - mean[:, None], 0.0)
    std = np.sqrt((spread**2).sum(axis=1) / divisor)
    return {
        "mean": np.where(some, mean, np.nan),
        "std": np.where(some, std, np.nan),
        "min": np.where(some, np.min(flat, axis=1, where=finite, initial=np.inf), np.nan),
        "max": np.where(some, np.max(flat, axis=1, where=finite, initial=-np.inf), np.nan),
    }
