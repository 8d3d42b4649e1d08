"""Moments and a bounded sketch of a numeric tensor of any size, in the tensor's own unit."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.fixed_random import splitmix64

QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
MOST_SORTED = 16_384
_PLACES_SEED = 0x5EED


def measure_tensors(values: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Ten numbers a row in place of its elements.

    Parameters
    ----------
    values
        ``(n, ...)``: a row per first index. Elements that are not finite are left out of everything but
        ``nan_share``.

    Returns
    -------
    dict
        Each of shape ``(n,)``, NaN for a row without a finite element or where the value overflows:

        - ``mean``, ``std`` (population), ``min``, ``max``;
        - ``skewness``: ``mean((x - mean)³) / std³`` (Fisher-Pearson, g1), without unit, 0 if symmetric;
          NaN for a constant row;
        - ``p05``, ``p50``, ``p95``: quantiles, linear between neighbours (Hyndman and Fan 1996, type 7);
          of a row with more than 16,384 elements (n), of one element of each run of ``ceil(n / 16384)``,
          at a place fixed by chance, lest the choice keep pace with rows or channels: the rank is off by
          0.008 at most with 95 % certainty if the elements lie in no order, and by less if neighbours
          are alike;
        - ``zero_share``: share of the finite elements that are exactly 0, 0..1;
        - ``nan_share``: share of all elements that are NaN or infinite, 0..1; NaN only without elements.

    >>> found = measure_tensors(np.array([[0.0, 1.0, 2.0, 9.0, np.nan]]))
    >>> {name: round(float(value[0]), 4) for name, value in found.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'mean': 3.0, 'std': 3.5355, 'min': 0.0, 'max': 9.0, 'skewness': 1.0182, 'p05': 0.15, 'p50': 1.5,
     'p95': 7.95, 'zero_share': 0.25, 'nan_share': 0.2}
    """
    flat = np.asarray(values, dtype=np.float64).reshape(len(values), -1 if np.size(values) else 0)
    finite = np.isfinite(flat)
    count = finite.sum(axis=1)
    part, finite_part, counted = flat, finite, count
    if flat.shape[1] > MOST_SORTED:
        places = _places(flat.shape[1])
        part, finite_part = flat[:, places], finite[:, places]
        counted = finite_part.sum(axis=1)
    ordered = np.sort(np.where(finite_part, part, np.inf), axis=1)
    divisor = np.maximum(count, 1)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.where(finite, flat, 0.0).sum(axis=1) / divisor
        spread = np.where(finite, flat - mean[:, None], 0.0)
        squares = spread * spread
        std = np.sqrt(squares.sum(axis=1) / divisor)
        # Divided before the cube, so that neither tiny nor huge units leave the range of a float.
        scaled = spread / std[:, None]
        found = {
            "mean": mean,
            "std": std,
            "min": flat.min(axis=1, where=finite, initial=np.inf),
            "max": flat.max(axis=1, where=finite, initial=-np.inf),
            "skewness": (scaled * scaled * scaled).sum(axis=1) / divisor,
            **{name: _quantiles(ordered, counted, share) for name, share in QUANTILES.items()},
            "zero_share": ((flat == 0.0) & finite).sum(axis=1) / divisor,
        }
    # The mean of a constant row may be off by a rounding error, which is no spread.
    constant = found["min"] == found["max"]
    found["std"][constant], found["skewness"][constant] = 0.0, np.nan
    for column in found.values():
        column[~(np.isfinite(column) & (count > 0))] = np.nan
    width = flat.shape[1]
    found["nan_share"] = 1.0 - count / width if width else np.full(len(flat), np.nan)
    return found


@lru_cache(maxsize=4)
def _places(elements: int) -> NDArray[np.int64]:
    """Which elements stand for a row of so many: one of each run of equal length."""
    run = -(-elements // MOST_SORTED)
    starts = np.arange(elements // run) * run
    return starts + (splitmix64(_PLACES_SEED, len(starts)) % np.uint64(run)).astype(np.int64)


def _quantiles(ordered: NDArray[np.float64], count: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """One quantile of the first ``count`` elements of each sorted row."""
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    position = share * np.maximum(count - 1, 0)
    below = position.astype(np.int64)
    rows = np.arange(len(ordered))
    low = ordered[rows, below]
    high = ordered[rows, np.minimum(below + 1, np.maximum(count - 1, 0))]
    return np.asarray(low + (position - below) * (high - low))
