"""Two empirical distribution functions on their pooled points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.statistics.estimate import Vector
from detectors.statistics.samples.sample import Sample


@dataclass(frozen=True, slots=True)
class DistributionFunctions:
    """Right-continuous weighted distribution functions at the N distinct pooled values.

    Attributes
    ----------
    points
        Distinct values, ascending, shape ``(N,)``.
    p, q
        Mass of baseline and current at each point.
    first, second
        Their cumulative sums F and G.
    """

    points: Vector
    p: Vector
    q: Vector
    first: Vector
    second: Vector

    @classmethod
    def of(cls, baseline: Sample, current: Sample) -> DistributionFunctions:
        """O(n log n). Ties share a point, so their order does not matter."""
        x, y = baseline.values, current.values
        unique, at = np.unique(np.concatenate([x, y]), return_inverse=True)
        points: Vector = np.asarray(unique)
        p = _mass(at[: x.size], baseline.weights, points.size)
        q = _mass(at[x.size :], current.weights, points.size)
        first: Vector = np.cumsum(p)
        second: Vector = np.cumsum(q)
        # Equal masses must give equal functions, and the last value is 1 by definition.
        first[-1] = second[-1] = 1.0
        return cls(points, p, q, first, second)

    def pooled(self, n: float, m: float) -> tuple[Vector, Vector]:
        """Mass and distribution function H of both samples together, weighted by effective rows."""
        part = n / (n + m)
        return part * self.p + (1 - part) * self.q, part * self.first + (1 - part) * self.second


def _mass(at: NDArray[np.intp], weights: Vector, size: int) -> Vector:
    mass: Vector = np.asarray(np.bincount(at, weights=weights, minlength=size), dtype=np.float64)
    return mass
