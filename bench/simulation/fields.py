"""Fields: monotone functions of the latent value, and categories as stretches of its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import poisson
from scipy.stats import t as student

from bench.simulation.latent import CENTRES, Vector
from driftline.contracts import ColumnKind

NUMERIC = 20
CATEGORIES = (3, 8, 20, 60, 200)
MISSING = (0.0, 0.0, 0.0, 0.0005, 0.0, 0.0, 0.01, 0.0, 0.0, 0.2)
"""Share of missing rows, field after field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes
    ----------
    values
        Value of each latent cell, non-decreasing (numeric), or its category's number.
    missing
        Share of rows without a value.
    loading
        Correlation with the driver of :mod:`bench.simulation.weighting`, where there is one.
    """

    kind: ColumnKind
    values: Vector
    missing: float = 0.0
    loading: float = 0.0

    def categories(self) -> NDArray[np.int64]:
        """Category's number of every cell."""
        return self.values.astype(np.int64)


Fields = Callable[[np.random.Generator], list[Field]]


def normal_fields(rng: np.random.Generator) -> list[Field]:
    """20 normal fields and 5 categorical ones with 3 to 200 categories; some miss values."""
    numeric = [
        Field("numeric", CENTRES, MISSING[i % len(MISSING)], loading=i / NUMERIC) for i in range(NUMERIC)
    ]
    return numeric + [categorical(rng, size) for size in CATEGORIES]


def complete_fields(rng: np.random.Generator) -> list[Field]:
    """The same without missing values."""
    numeric = [Field("numeric", CENTRES) for _ in range(NUMERIC)]
    return numeric + [categorical(rng, size) for size in CATEGORIES]


def eight_categories(rng: np.random.Generator) -> list[Field]:
    """25 categorical fields with 8 categories."""
    return [categorical(rng, 8) for _ in range(NUMERIC + len(CATEGORIES))]


def many_categories(rng: np.random.Generator) -> list[Field]:
    """25 categorical fields with 3, 8, 20, 60 or 200 categories."""
    return [categorical(rng, size) for size in CATEGORIES for _ in range(5)]


def heavy_fields(rng: np.random.Generator) -> list[Field]:
    """Student t3, lognormal, Pareto, mixtures, counts, zero-inflated, nearly constant; 5 categorical ones."""
    upper = ndtr(-CENTRES)
    lognormal = np.exp(1.5 * CENTRES)
    forms = [
        -student.isf(ndtr(CENTRES), 3),
        lognormal,
        upper ** (-1 / 1.5),
        _mixture(),
        poisson.ppf(ndtr(CENTRES), 3.0),
        np.where(ndtr(CENTRES) < 0.7, 0.0, lognormal),
        np.where(ndtr(CENTRES) < 0.995, 0.0, 1.0),
        poisson.ppf(ndtr(CENTRES), 0.05),
        np.rint(CENTRES * 2) / 2,
        -lognormal[::-1],
    ]
    numeric = [
        Field("numeric", forms[i % len(forms)], MISSING[(i * 3) % len(MISSING)], loading=i / NUMERIC)
        for i in range(NUMERIC)
    ]
    return numeric + [categorical(rng, size) for size in CATEGORIES]


def categorical(rng: np.random.Generator, size: int, missing: float = 0.0) -> Field:
    """Categories with shares like ``rank^-1``, in any order along the latent line."""
    shares = 1.0 / np.arange(1, size + 1)
    return categories_of(shares / shares.sum(), rng.permutation(size), missing)


def categories_of(shares: Vector, order: NDArray[np.int64], missing: float = 0.0) -> Field:
    """Categories with these shares, laid along the latent line in an order; 0 is the most frequent."""
    ends = np.cumsum(shares[order])
    place = np.minimum(np.searchsorted(ends, ndtr(CENTRES)), order.size - 1)
    return Field("categorical", order[place].astype(np.float64), missing, loading=0.5)


def _mixture() -> Vector:
    """Two humps, a third of the mass in the smaller and wider one, by inverting their distribution."""
    x = np.linspace(-12, 12, 20_001)
    distribution = 2 / 3 * ndtr((x + 1) / 0.5) + 1 / 3 * ndtr((x - 3) / 1.5)
    return np.interp(CENTRES, ndtri(np.clip(distribution, 1e-14, 1 - 1e-14)), x)
