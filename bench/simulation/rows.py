"""How rows follow each other: processes of standard normal rows, one number a row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from bench.simulation.latent import Latent

RowProcess = Callable[[np.random.Generator, int], Latent]

RHO = 0.9
BURST = 50
LARGEST_CLUSTER = 100


def independent(rng: np.random.Generator, n: int) -> Latent:
    """Independent rows."""
    return rng.standard_normal(n, dtype=np.float32)


def autocorrelated(rng: np.random.Generator, n: int) -> Latent:
    """A stationary AR(1) process with coefficient .9: about 53 effective rows of 1,000."""
    noise = independent(rng, n)
    noise[1:] *= np.float32(np.sqrt(1 - RHO**2))
    return _chained(noise, RHO)


def sluggish(rng: np.random.Generator, n: int) -> Latent:
    """AR(1) with .99: about 5 effective rows of 1,000, extremes come in clumps."""
    noise = independent(rng, n)
    noise[1:] *= np.float32(np.sqrt(1 - 0.99**2))
    return _chained(noise, 0.99)


def clusters(rng: np.random.Generator, n: int) -> Latent:
    """Rows of clients around a value of their own (half the variance), their number Pareto, at most 100."""
    sizes = np.minimum(LARGEST_CLUSTER, rng.random(n) ** (-1 / 1.5)).astype(np.int64)
    own = np.repeat(independent(rng, n), sizes)[:n]
    return np.asarray(np.float32(np.sqrt(0.5)) * (own + independent(rng, n)), dtype=np.float32)


def bursts(rng: np.random.Generator, n: int) -> Latent:
    """AR(1) with .9 within bursts of 50 rows, which know nothing of each other."""
    noise = independent(rng, -(-n // BURST) * BURST).reshape(-1, BURST)
    noise[:, 1:] *= np.float32(np.sqrt(1 - RHO**2))
    return _chained(noise, RHO).reshape(-1)[:n]


def burst_levels(rng: np.random.Generator, n: int) -> Latent:
    """Bursts of 50 rows around a level of their own (half the variance), levels AR(1) with .9.

    As one client after the other calls in batches; successive windows are not quite independent.
    """
    levels = np.repeat(autocorrelated(rng, -(-n // BURST)), BURST)[:n]
    return np.asarray(np.float32(np.sqrt(0.5)) * (levels + independent(rng, n)), dtype=np.float32)


def _chained(noise: Latent, rho: float) -> Latent:
    """``z_t = rho z_(t-1) + noise_t`` along the last axis, without leaving single precision."""
    one, back = np.array([1.0], dtype=np.float32), np.array([1.0, -rho], dtype=np.float32)
    return np.asarray(lfilter(one, back, noise, axis=-1), dtype=np.float32)
