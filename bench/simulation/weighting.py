"""Sampling weights: which rows of the world are seen, and what each stands for.

Importance sampling keeps rare rows more often than others. What is rare is decided by a *driver*, one
standard normal number a row that fields depend on by their loading: so the rows that are seen are not
distributed like the world, and only their weights make them so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from bench.simulation.latent import Latent, Vector


@dataclass(frozen=True, slots=True)
class RowWeights:
    """Weight and driver of every row; ``None``: weights of 1, fields without anything in common."""

    weights: Vector | None = None
    driver: Latent | None = None


Weighting = Callable[[np.random.Generator, int], RowWeights]

RARE_FROM = 1.0
KEPT_OF_COMMON = 0.1


def unweighted(rng: np.random.Generator, n: int) -> RowWeights:
    """Every row counts 1."""
    return RowWeights()


def common_factor(rng: np.random.Generator, n: int) -> RowWeights:
    """No weights, but fields that depend on each other."""
    return RowWeights(driver=rng.standard_normal(n, dtype=np.float32))


def importance(rng: np.random.Generator, n: int) -> RowWeights:
    """Rows whose driver is above 1 are all kept, of the others a tenth, with weights 1 and 10."""
    below = float(ndtr(RARE_FROM))
    rare = rng.random(n) < (1 - below) / (1 - below + KEPT_OF_COMMON * below)
    uniform = rng.random(n)
    driver = ndtri(np.where(rare, below + (1 - below) * uniform, below * uniform))
    return RowWeights(np.where(rare, 1.0, 1 / KEPT_OF_COMMON), driver.astype(np.float32))


def lognormal(rng: np.random.Generator, n: int) -> RowWeights:
    """Weights that know nothing of the values, log standard deviation 1: 37% effective rows."""
    return RowWeights(np.exp(rng.standard_normal(n)))
