"""What moves a field's mean from window to window, in standard deviations of its rows.

A level is drawn once a field: ``level(rng, hours)`` gives one number for every window. Hours count from a
Monday 00:00 UTC, at which the two weeks of history begin; the month begins at hour 336.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from bench.simulation.latent import Vector

Level = Callable[[np.random.Generator, Vector], Vector]

WEEK = 168
MONTH_BEGINS = 2 * WEEK
AMPLITUDE = 0.5
HOLIDAYS = (22, 32)
"""Days, counted from hour 0, that are public holidays: a Tuesday and a Friday."""


def flat(rng: np.random.Generator, hours: Vector) -> Vector:
    """Nothing moves."""
    return np.zeros(hours.size)


def daily(rng: np.random.Generator, hours: Vector) -> Vector:
    """A sinusoid a day, amplitude .5."""
    return AMPLITUDE * np.sin(2 * np.pi * (hours / 24 + rng.random()))


def strong_daily(rng: np.random.Generator, hours: Vector) -> Vector:
    """A sinusoid a day, amplitude 1.5: shares go from nearly nothing to a half."""
    return 3 * daily(rng, hours)


def varying_days(rng: np.random.Generator, hours: Vector) -> Vector:
    """A daily cycle whose amplitude differs from day to day by 30%."""
    day = np.floor(hours / 24).astype(np.int64)
    return daily(rng, hours) * (1 + 0.3 * rng.normal(size=int(day.max()) + 1))[day]


def regimes(rng: np.random.Generator, hours: Vector) -> Vector:
    """Two regimes .3 apart that take turns, six hours each on average."""
    turns = np.cumsum(rng.random(hours.size) < 1 / 6)
    return np.where(turns % 2 == 0, 0.15, -0.15)


def weekly(rng: np.random.Generator, hours: Vector) -> Vector:
    """A sinusoid a week, amplitude .5."""
    return AMPLITUDE * np.sin(2 * np.pi * (hours / WEEK + rng.random()))


def daily_and_weekly(rng: np.random.Generator, hours: Vector) -> Vector:
    """Both."""
    return daily(rng, hours) + weekly(rng, hours)


def at_work(hours: Vector, holidays: tuple[int, ...] = ()) -> Vector:
    """1 from nine to five on Monday to Friday, except on holidays, else 0."""
    day = np.floor(hours / 24)
    hour = hours - 24 * day
    free = np.isin(day, holidays)
    return np.where((hour >= 9) & (hour < 17) & (day % 7 < 5) & ~free, 1.0, 0.0)


def office_hours(rng: np.random.Generator, hours: Vector) -> Vector:
    """.5 at work, 0 else; the sign differs from field to field."""
    return _sign(rng) * AMPLITUDE * at_work(hours)


def office_hours_and_holidays(rng: np.random.Generator, hours: Vector) -> Vector:
    """Office hours, and two public holidays in the month that are like a Sunday."""
    return _sign(rng) * AMPLITUDE * at_work(hours, HOLIDAYS)


def wandering(phi: float, deviation: float) -> Level:
    """A level that is AR(1) from window to window with a stationary standard deviation."""

    def level(rng: np.random.Generator, hours: Vector) -> Vector:
        noise = rng.normal(size=hours.size) * deviation * np.sqrt(1 - phi**2)
        noise[0] = rng.normal() * deviation
        return np.asarray(lfilter([1.0], [1.0, -phi], noise))

    return level


def reflected_walk(step: float, bound: float) -> Level:
    """A random walk between two walls."""

    def level(rng: np.random.Generator, hours: Vector) -> Vector:
        # A reflected walk is a free walk folded at the walls.
        free = rng.uniform(-bound, bound) + np.cumsum(rng.normal(size=hours.size) * step)
        return np.asarray(np.abs((free - bound) % (4 * bound) - 2 * bound) - bound)

    return level


def slow_wave(amplitude: float, shortest: float, longest: float) -> Level:
    """A sinusoid whose period (in hours, log-uniform) divides neither a day nor a week."""

    def level(rng: np.random.Generator, hours: Vector) -> Vector:
        period = float(shortest * (longest / shortest) ** rng.random())
        return amplitude * np.sin(2 * np.pi * (hours / period + rng.random()))

    return level


def differing(smallest: float, largest: float) -> Level:
    """A constant real difference between baseline and month: sites are never quite the same."""

    def level(rng: np.random.Generator, hours: Vector) -> Vector:
        return np.where(hours >= MONTH_BEGINS, _sign(rng) * rng.uniform(smallest, largest), 0.0)

    return level


def past_episode(size: float, windows: int) -> Level:
    """An episode that came and went in the history, in half of the fields."""

    def level(rng: np.random.Generator, hours: Vector) -> Vector:
        inside = (hours >= 150) & (hours < 150 + windows)
        return np.where(inside, _sign(rng) * size * (rng.random() < 0.5), 0.0)

    return level


def broken_windows(size: float, windows: int) -> Level:
    """A few windows of the history, in all fields the same ones, that hold nonsense."""

    def level(rng: np.random.Generator, hours: Vector) -> Vector:
        broken = (np.arange(windows) * 31 + 17).astype(np.float64)
        return np.where(np.isin(hours, broken), size, 0.0)

    return level


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0
