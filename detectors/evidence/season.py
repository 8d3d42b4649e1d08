"""What a field does every week or day: lines of its spectrum, kept with the baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import Vector

WEEK_SECONDS = 604_800
MONDAY_SECONDS = 4 * 86_400
"""The first Monday after 1970-01-01 starts so many seconds later; weeks are counted from it."""


@dataclass(frozen=True, slots=True)
class Season:
    """The regular weekly course of all scores of one field, less its mean.

    Attributes
    ----------
    lines
        Cycles a week of the kept lines, shape ``(K,)``, ascending.
    coefficients
        Of ``exp(2 pi i k phase)`` with the phase in weeks since Monday 00:00 UTC, shape ``(S, K)``; the
        course is twice their real part.
    """

    lines: NDArray[np.int32]
    coefficients: NDArray[np.complex64]

    def course(self, windows: NDArray[np.int64], window_seconds: int) -> Vector:
        """Expected score means in windows of these numbers, shape ``(T, S)``."""
        turns = np.exp(2j * np.pi * np.outer(phases(windows, window_seconds), self.lines))
        return 2 * np.asarray((turns @ self.coefficients.T).real)

    def spread(self, scales: Vector, window_seconds: int) -> Vector:
        """Variance of the predicted mean of L successive windows over that of the baseline's mean.

        ``1 + 2 sum_k D_L(k)^2`` with Dirichlet's kernel of every line a score keeps: over whole weeks the
        course averages out and only the mean's own variance is left. Scales ``(L,)``; shape ``(L, S)``.
        """
        half = np.pi * self.lines * window_seconds / WEEK_SECONDS
        length = np.asarray(scales, dtype=np.float64)[:, None]
        kernel = np.sin(half * length) / (length * np.sin(half))
        return 1 + 2 * np.asarray(kernel**2 @ (self.coefficients != 0).T)


def phases(windows: NDArray[np.int64], window_seconds: int) -> Vector:
    """Weeks since Monday 00:00 UTC at the start of windows, in [0, 1)."""
    seconds = np.asarray(windows, dtype=np.int64) * window_seconds - MONDAY_SECONDS
    return np.asarray((seconds % WEEK_SECONDS) / WEEK_SECONDS, dtype=np.float64)
