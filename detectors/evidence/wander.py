"""Slow wander of a stream that did not change: white noise plus an AR(1) level, on a grid of models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import Vector

PHI = (0.3, 0.6, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)
RATIO = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0)
MODELS: Vector = np.array([(0.0, 0.0), *((phi, ratio) for phi in PHI for ratio in RATIO)])
"""Correlation of successive levels and their variance over the white one, shape ``(M, 2)``; first: white."""

WHITE = 0


@dataclass(frozen=True, slots=True)
class Wander:
    """The models that a field's history leaves plausible.

    Attributes
    ----------
    models
        Index into :data:`MODELS`, shape ``(S, M)``.
    variance
        White variance of one window's mean under each, shape ``(S, M)``.
    penalty
        Twice the log-likelihood it falls short of the best, shape ``(S, M)``; infinite where a score does
        not use the model; a score that uses none is taken as white.
    """

    models: NDArray[np.uint8]
    variance: NDArray[np.float32]
    penalty: NDArray[np.float32]

    @property
    def used(self) -> NDArray[np.bool_]:
        """Scores that wander, shape ``(S,)``."""
        return np.asarray(np.isfinite(self.penalty).any(-1))


def spectra(frequencies: Vector) -> Vector:
    """Spectral densities of all models with white variance 1, shape ``(M, frequencies)``.

    Frequencies in cycles a window.
    """
    phi, ratio = MODELS[:, :1], MODELS[:, 1:]
    denominator = 1 - 2 * phi * np.cos(2 * np.pi * frequencies) + phi * phi
    return np.asarray(1 + ratio * (1 - phi * phi) / denominator)


def mean_variance(phi: Vector, length: Vector) -> Vector:
    """Variance of the mean of L successive values of an AR(1) level with variance 1; broadcasts.

    ``((1 + phi)/(1 - phi) - 2 phi (1 - phi^L) / (L (1 - phi)^2)) / L``, which is 1 at L = 1. L may be a
    fraction: then it is an effective number of windows.

    >>> float(mean_variance(np.array(0.5), np.array(2.0)))
    0.75
    """
    length = np.maximum(length, 1.0)
    left = 1 - phi
    return np.asarray(((1 + phi) / left - 2 * phi * (1 - phi**length) / (length * left**2)) / length)
