"""Quantiles of latency with bounds that are valid at every look, from counts by latency.

The p-quantile lies below x when more than p of the requests took less than x. That share is a mean, and
bets against it give evidence at any x; the x that none refutes are a confidence sequence of the quantile.
(Howard and Ramdas (2022), Sequential estimation of quantiles, Bernoulli 28, do so with other martingales.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from detectors.versions.betting import BETS, Vector, log_mixture

BIN: Final = 1.02
"""Ratio of neighbouring borders: a quantile is known to 2% at best."""

UNKNOWN: Final = -32768


@dataclass(frozen=True)
class Latencies:
    """Requests by latency and weight.

    Attributes
    ----------
    borders
        Lower borders of the bins in ms, ascending, shape ``(n,)``; each ends at ``BIN`` times that.
    weights
        By the highest, in (0, 1], shape ``(k,)``.
    counts
        Rows, shape ``(n, k)``.
    """

    borders: Vector
    weights: Vector
    counts: Vector

    @property
    def rows(self) -> float:
        return float(self.counts.sum())

    @classmethod
    def of_levels(cls, rows: Iterable[Mapping[str, Any]]) -> Latencies:
        """From rows with ``latency_bin``, ``weight_level``, ``rows`` and ``weight_parts``."""
        known = [row for row in rows if row["latency_bin"] != UNKNOWN]
        if not known:
            return cls(np.zeros(0), np.zeros(0), np.zeros((0, 0)))
        bins = sorted({row["latency_bin"] for row in known})
        heaviest = 2.0 ** math.ceil(
            max(row["weight_level"] + (row["weight_parts"] > 1e-9 * row["rows"]) for row in known) / 2
        )
        levels = sorted({row["weight_level"] + step for row in known for step in (0, 1)})
        counts = np.zeros((len(bins), len(levels)))
        for row in known:
            at, level = bins.index(row["latency_bin"]), levels.index(row["weight_level"])
            counts[at, level] += row["rows"] - row["weight_parts"]
            counts[at, level + 1] += row["weight_parts"]
        kept = [index for index, level in enumerate(levels) if 2.0 ** (level / 2) <= heaviest * (1 + 1e-9)]
        weights = np.array([min(1.0, 2.0 ** (levels[index] / 2) / heaviest) for index in kept])
        return cls(BIN ** np.array(bins, np.float64), weights, np.maximum(counts[:, kept], 0.0))


@dataclass(frozen=True, slots=True)
class QuantileBounds:
    """A quantile in ms: of the sample, and its confidence sequence (0 and infinity: unknown)."""

    value: float
    lower: float
    upper: float


def quantile_bounds(latencies: Latencies, p: float, alpha: float) -> QuantileBounds:
    """The p-quantile of weighted latencies; the true one is inside at all looks, but with probability alpha.

    Raises
    ------
    ValueError
        p or alpha is not inside (0, 1).
    """
    if not (0 < p < 1 and 0 < alpha < 1):
        raise ValueError(f"p and alpha lie between 0 and 1, got {p:g} and {alpha:g}")
    if latencies.rows == 0:
        return QuantileBounds(math.nan, 0.0, math.inf)
    needed = math.log(2.0 / alpha)
    total = latencies.counts.sum(axis=0)
    # Rows that took less than the upper end of each bin, and than its lower end.
    within = np.cumsum(latencies.counts, axis=0)
    before = within - latencies.counts
    reached = within @ latencies.weights / float(total @ latencies.weights)
    at = min(int(np.searchsorted(reached, p)), len(reached) - 1)
    # Above x: less than p of the rows lie below it. Below x: more than p do.
    rest = 1.0 - p
    not_yet = _log_wealth(latencies.weights, total - before, before, rest) >= needed
    already = _log_wealth(latencies.weights, within, total - within, p) >= needed
    lower = float(latencies.borders[np.flatnonzero(not_yet)[-1]]) if not_yet.any() else 0.0
    upper = float(BIN * latencies.borders[np.flatnonzero(already)[0]]) if already.any() else math.inf
    return QuantileBounds(float(latencies.borders[at] * math.sqrt(BIN)), lower, upper)


def _log_wealth(weights: Vector, ones: Vector, zeros: Vector, share: float) -> Vector:
    """Log wealth of the bets that ones are more than ``share`` of the rows; one a line of ``ones``."""
    gained = np.log1p(np.outer(BETS, weights) * (1.0 / share - 1.0))
    lost = np.log1p(-np.outer(BETS, weights))
    wealths = gained @ ones.T + lost @ zeros.T
    return log_mixture(wealths)
