"""The weekly or daily course of a history, found as lines of its spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import Vector
from detectors.evidence.season import WEEK_SECONDS, phases

DAY_SECONDS = 86_400
HIGHEST_LINE = 84
"""Cycles a week up to which a course is followed: two hours."""

NEIGHBOURS = 8
SEEN = 40.0
"""A course is there when one line of one score stands out this far above its neighbours."""

KEPT = 2.5
"""A line is then kept from this far above its neighbours on."""

LEAST_DAYS, LEAST_WEEKS = 4, 2


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Periodograms of F histories, their regular course taken out.

    Attributes
    ----------
    windows, window_seconds
        Windows that were used, the last of the history: whole weeks or days where there may be a course; and
        their length.
    lines
        Cycles a week of possible lines, shape ``(K,)``.
    coefficients
        Of the lines that are kept, others 0, shape ``(F, S, K)``; see :class:`Season`.
    level
        Mean over the used windows, shape ``(F, S)``.
    noise
        Periodogram at 1, 2, … cycles over the used windows below half a cycle a window, lines replaced by
        their neighbours, shape ``(F, S, J)``.
    """

    windows: int
    window_seconds: int
    lines: NDArray[np.int32]
    coefficients: NDArray[np.complex128]
    level: Vector
    noise: Vector

    @property
    def frequencies(self) -> Vector:
        """Cycles a window of the periodogram's ordinates, shape ``(J,)``."""
        return np.arange(1, self.noise.shape[-1] + 1) / self.windows

    @property
    def variance(self) -> Vector:
        """Variance of one window's mean, the course taken out, shape ``(F, S)``."""
        return np.asarray(self.noise.mean(-1))

    @property
    def course_variance(self) -> Vector:
        """Variance of the course over a week, shape ``(F, S)``."""
        return np.asarray(2 * (np.abs(self.coefficients) ** 2).sum(-1))

    @property
    def off_course(self) -> NDArray[np.intp]:
        """Ordinates that are no possible lines: what a course too weak to be kept leaves alone."""
        at = np.round(self.lines * (self.windows * self.window_seconds / WEEK_SECONDS)).astype(np.intp) - 1
        return np.setdiff1d(np.arange(self.noise.shape[-1]), at)

    @property
    def kept(self) -> NDArray[np.intp]:
        """How many lines every score keeps, shape ``(F, S)``."""
        return np.asarray((self.coefficients != 0).sum(-1))

    def course(self, first: int, count: int, window_seconds: int) -> Vector:
        """Course and level in windows of these numbers, shape ``(F, count, S)``."""
        windows = np.arange(first, first + count, dtype=np.int64)
        turns = np.exp(2j * np.pi * np.outer(phases(windows, window_seconds), self.lines))
        course = 2 * (self.coefficients @ turns.T).real
        return np.asarray(np.swapaxes(course, 1, 2) + self.level[:, None])


def possible_lines(windows: int, window_seconds: int) -> tuple[int, NDArray[np.int32]]:
    """How many windows to use, and which lines (cycles a week) a history of so many could show.

    Two weeks or more can show a weekly course, four days or more a daily one; shorter ones, and windows that
    do not divide a day, none.
    """
    a_week, a_day = WEEK_SECONDS // window_seconds, DAY_SECONDS // window_seconds
    if WEEK_SECONDS % window_seconds == 0 and a_week >= 3 and windows >= LEAST_WEEKS * a_week:
        highest = min(HIGHEST_LINE, (a_week - 1) // 2)
        return windows // a_week * a_week, np.arange(1, highest + 1, dtype=np.int32)
    if DAY_SECONDS % window_seconds == 0 and a_day >= 3 and windows >= LEAST_DAYS * a_day:
        highest = min(HIGHEST_LINE // 7, (a_day - 1) // 2)
        return windows // a_day * a_day, 7 * np.arange(1, highest + 1, dtype=np.int32)
    return windows, np.zeros(0, dtype=np.int32)


def spectrum(means: Vector, live: NDArray[np.bool_], first: int, window_seconds: int) -> Spectrum:
    """Periodograms and regular courses of F histories.

    Parameters
    ----------
    means
        Score means of successive windows, gaps filled, shape ``(F, H, S)``.
    live
        Scores that exist, shape ``(F, S)``.
    first
        Number of the first window.

    Notes
    -----
    F of a line is its periodogram over the mean of the 8 nearest frequencies that are no lines. Where F of
    any score of a field exceeds ``SEEN``, lines above ``KEPT`` are kept, shrunk by ``1 - 1/F``.

    Source: reference procedure "evidence", step 3, with stricter limits on F
    (docs/decisions/0011-evidence-with-history.md).
    """
    used, lines = possible_lines(means.shape[1], window_seconds)
    x = means[:, means.shape[1] - used :]
    level = x.mean(axis=1)
    transform = np.swapaxes(np.fft.rfft(x - level[:, None], axis=1), 1, 2) / used
    power = np.abs(transform) ** 2 * used
    ordinates = (used - 1) // 2
    coefficients = np.zeros((*level.shape, lines.size), dtype=np.complex128)
    noise = power[..., 1 : ordinates + 1].copy()
    if lines.size:
        at = np.round(lines * (used * window_seconds / WEEK_SECONDS)).astype(np.intp)
        around = _neighbours(at, ordinates)
        local = power[..., around].mean(-1)
        ratio = power[..., at] / np.maximum(local, 1e-300)
        seen = (ratio > SEEN) & live[..., None]
        kept = seen.any(axis=(1, 2))[:, None, None] & (ratio > KEPT) & live[..., None]
        start = phases(np.array([first + means.shape[1] - used]), window_seconds)
        turned = transform[..., at] * np.exp(-2j * np.pi * lines * start)
        coefficients = np.where(kept, turned * (1 - 1 / np.maximum(ratio, 1)), 0)
        noise[..., at - 1] = np.where(kept, local, noise[..., at - 1])
    return Spectrum(used, window_seconds, lines, coefficients, level, noise)


def _neighbours(at: NDArray[np.intp], ordinates: int) -> NDArray[np.intp]:
    """The nearest frequencies to each line that are no lines themselves, shape ``(K, NEIGHBOURS)``."""
    others = np.setdiff1d(np.arange(1, ordinates + 1), at)
    order = np.argsort(np.abs(others - at[:, None]), axis=1, kind="stable")[:, :NEIGHBOURS]
    return np.asarray(others[order])
