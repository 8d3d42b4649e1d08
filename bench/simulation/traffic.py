"""How many rows each window has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.simulation.latent import Vector
from bench.simulation.levels import HOLIDAYS, at_work

Rows = NDArray[np.int64]
Traffic = Callable[[np.random.Generator, Vector], Rows]

ROWS = 1_000


def constant(rng: np.random.Generator, hours: Vector) -> Rows:
    """1,000 rows a window."""
    return np.full(hours.size, ROWS)


def busy(rng: np.random.Generator, hours: Vector) -> Rows:
    """2,500 rows a window: the smallest segment of 5% can just be judged."""
    return np.full(hours.size, 2_500)


def ragged(rng: np.random.Generator, hours: Vector) -> Rows:
    """Between 316 and 3,162 rows, log-uniform: a factor of ten without any order."""
    return np.asarray(np.rint(ROWS * 10 ** rng.uniform(-0.5, 0.5, hours.size)), dtype=np.int64)


def following_the_day(rng: np.random.Generator, hours: Vector) -> Rows:
    """Poisson counts around a daily cycle between 200 and 1,800 rows."""
    return np.asarray(rng.poisson(ROWS * (1 - 0.8 * np.cos(2 * np.pi * hours / 24))), dtype=np.int64)


def with_night_gaps(rng: np.random.Generator, hours: Vector) -> Rows:
    """Poisson counts around 1,000, none from one to five at night, and a lost window now and then."""
    hour = hours % 24
    open_ = ~((hour >= 1) & (hour < 5)) & (rng.random(hours.size) > 0.02)
    return np.asarray(np.where(open_, rng.poisson(ROWS, hours.size), 0), dtype=np.int64)


def at_office(rng: np.random.Generator, hours: Vector) -> Rows:
    """Poisson counts: 2,500 at work, 300 else, two public holidays in the month."""
    return np.asarray(rng.poisson(np.where(at_work(hours, HOLIDAYS) > 0, 2500.0, 300.0)), dtype=np.int64)


def growing(rng: np.random.Generator, hours: Vector) -> Rows:
    """Poisson counts that grow from 500 to 3,000 rows."""
    return np.asarray(rng.poisson(np.linspace(500.0, 3000.0, hours.size)), dtype=np.int64)


def sparse(rng: np.random.Generator, hours: Vector) -> Rows:
    """About 120 rows: windows at the edge of what can be judged."""
    return np.asarray(rng.poisson(120, hours.size), dtype=np.int64)
