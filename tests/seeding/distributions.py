"""Count vectors of seeded columns, and the statistics that belong to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

EDGES = tuple(round(-2.5 + 0.25 * i, 2) for i in range(21))


@dataclass(frozen=True)
class Shape:
    """A column's distribution: a normal one over ``EDGES``, or shares of categories."""

    counts: tuple[float, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        total = sum(self.counts)
        return tuple(count / total for count in self.counts)


def normal(rows: int, shift: float = 0.0, spread: float = 1.0, missing: float = 0.0) -> Shape:
    """Expected counts of a normal column moved by ``shift`` baseline deviations; last slot missing."""
    below = [0.5 * (1 + math.erf((edge - shift) / (spread * math.sqrt(2)))) for edge in EDGES]
    cumulative = [0.0, *below, 1.0]
    kept = rows * (1 - missing)
    counts = [kept * (high - low) for low, high in pairwise(cumulative)]
    return Shape((*(round(count, 1) for count in counts), round(rows * missing, 1)))


def categories(rows: int, shares: tuple[float, ...]) -> Shape:
    """Counts of named categories, each with a slot of its own, then none unseen and none missing."""
    return Shape((*(round(rows * share, 1) for share in shares), 0.0, 0.0))


def statistics(baseline: Shape, current: Shape) -> dict[str, float]:
    """PSI, Jensen-Shannon distance (base 2), KS and Wasserstein over bin indices, smoothed by half a row."""
    p = _smoothed(baseline)
    q = _smoothed(current)
    psi = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    divergence = sum(
        0.5 * a * math.log2(a / m) + 0.5 * b * math.log2(b / m) for a, b, m in zip(p, q, middle, strict=True)
    )
    gaps, gap = [], 0.0
    for a, b in zip(p, q, strict=True):
        gap += a - b
        gaps.append(abs(gap))
    return {
        "psi": psi,
        "jensen_shannon": math.sqrt(max(0.0, divergence)),
        "kolmogorov_smirnov": max(gaps),
        "wasserstein": 0.25 * sum(gaps),
    }


def _smoothed(shape: Shape) -> list[float]:
    total = sum(shape.counts) + 0.5 * len(shape.counts)
    return [(count + 0.5) / total for count in shape.counts]
