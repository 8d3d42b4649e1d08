"""Evidence about a difference of mean losses: of pairs, or of two groups that got different requests.

Both kinds answer the same two questions at any difference d: how strongly the rows speak for more than d, and
how strongly for less. All is in units of the largest possible loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from detectors.versions.betting import Matrix, Tally, Vector, log_mixture, log_wealths

_IDLE: Final = 0.25
"""Of two groups one is often known far better; what is bet on it must not be lost where it says nothing."""

_NODES: Final = 601


class Evidence(Protocol):
    """What is known of a difference d in [-1, 1]; ``more`` times as many alike rows can be supposed."""

    @property
    def estimate(self) -> float: ...

    @property
    def rows(self) -> float: ...

    def log_above(self, difference: float, more: float = 1.0) -> float:
        """Log e-value against "the difference is at most ``difference``"."""

    def log_below(self, difference: float, more: float = 1.0) -> float:
        """Log e-value against "the difference is at least ``difference``"."""


@dataclass(frozen=True)
class PairedEvidence:
    """Both versions answered the same requests.

    Parameters
    ----------
    differences
        Tally of ``(x + 1) / 2`` for differences x in [-1, 1] of the losses of a pair.
    """

    differences: Tally

    @property
    def estimate(self) -> float:
        return 2.0 * self.differences.mean - 1.0

    @property
    def rows(self) -> float:
        return self.differences.rows

    def log_above(self, difference: float, more: float = 1.0) -> float:
        mean = (difference + 1.0) / 2.0
        return float(log_mixture(more * log_wealths(self.differences, mean))[0])

    def log_below(self, difference: float, more: float = 1.0) -> float:
        mean = (difference + 1.0) / 2.0
        return float(log_mixture(more * log_wealths(self.differences.mirrored(), 1.0 - mean))[0])


@dataclass(frozen=True)
class UnpairedEvidence:
    """Each request was answered by one of the versions.

    If the difference is at most d, there is a b with ``mean(x) <= b + d`` and ``mean(y) >= b``. For the true
    b both wealths are supermartingales and so is their product; the least product over all b is never
    larger, so it is evidence against every such pair of means at once. It grows with
    ``difference^2 / (2 (var(x) / n + var(y) / m))``: no loss against knowing b.

    Parameters
    ----------
    challenger, champion
        Their losses in [0, 1].
    """

    challenger: Tally
    champion: Tally

    @property
    def estimate(self) -> float:
        return self.challenger.mean - self.champion.mean

    @property
    def rows(self) -> float:
        return self.challenger.rows + self.champion.rows

    def log_above(self, difference: float, more: float = 1.0) -> float:
        return _least_product(self._above, difference, more)

    def log_below(self, difference: float, more: float = 1.0) -> float:
        return _least_product(self._below, -difference, more)

    @cached_property
    def _above(self) -> tuple[_Rising, _Rising]:
        return _Rising.of(self.challenger), _Rising.of(self.champion.mirrored())

    @cached_property
    def _below(self) -> tuple[_Rising, _Rising]:
        return _Rising.of(self.champion), _Rising.of(self.challenger.mirrored())


@dataclass(frozen=True)
class _Rising:
    """Wealths of the bets that a mean is above each of ``means``, which ascend; wealth falls with them."""

    means: Vector
    wealths: Matrix

    @classmethod
    def of(cls, tally: Tally) -> _Rising:
        cells = tally.merged()
        if cells.rows == 0:
            means = np.array([0.0, 1.0])
        else:
            # Fine where the mean may lie, and everywhere else in proportion to the distance from there.
            scale = max(cells.standard_error, 1.0 / cells.weight, 1e-6)
            reach = float(np.arcsinh(1.0 / scale))
            spread = cells.mean + scale * np.sinh(np.linspace(-reach, reach, _NODES))
            means = np.unique(np.concatenate([[0.0, 1.0], spread[(spread > 0) & (spread < 1)]]))
        return cls(means, log_wealths(cells, means))

    @cached_property
    def mixed(self) -> Vector:
        return log_mixture(self.wealths, _IDLE)


def _least_product(pair: tuple[_Rising, _Rising], difference: float, more: float) -> float:
    """Least log wealth of "x is above b + difference" and "y, mirrored, is above 1 - b" over all b.

    Between two neighbouring b the true wealth is at least that of the one's upper end and of the other's
    lower end, so the least over steps is at most the least over all b.
    """
    x, y = pair
    of_x, of_y = (one.mixed if more == 1.0 else log_mixture(more * one.wealths, _IDLE) for one in pair)
    first, last = max(0.0, -difference), min(1.0, 1.0 - difference)
    if first > last:
        # No pair of means has that difference: the hypothesis is refuted by what losses can be.
        return float("inf")
    inner = np.concatenate([x.means - difference, 1.0 - y.means])
    borders = np.unique(np.concatenate([[first, last], inner[(inner > first) & (inner < last)]]))
    low, high = (borders[:-1], borders[1:]) if len(borders) > 1 else (borders, borders)
    # Rounded up to the next node that was computed, where wealth is lower.
    at_x = np.searchsorted(x.means, np.minimum(high + difference, 1.0) - 1e-15, side="left")
    at_y = np.searchsorted(y.means, np.minimum(1.0 - low, 1.0) - 1e-15, side="left")
    return float(np.min(of_x[at_x] + of_y[at_y]))
