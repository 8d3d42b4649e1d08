"""Bets against a mean: evidence that may be looked at any number of times, in any order of the rows.

Whoever doubts that the weighted mean of losses x in [0, 1] is at most m starts with wealth 1 and bets on each
row:

    K_j(m) = prod over rows (1 + theta_j w (x / m - 1)),        K(m) = sum_j share_j K_j(m)

If E[w (x - m)] <= 0, each factor has a mean of at most 1, whatever came before, so K is a non-negative
supermartingale: the probability that it *ever* reaches c is at most 1 / c (Ville). The means that K does not
refute at 1 / alpha are a confidence sequence, valid at all looks at once.

Bets here are a fixed grid. Bets that learn from earlier rows gain a little, but make K depend on the order of
the rows; labels come late, partially and out of order, and rows are added up in a database. With fixed bets
K is a function of how many rows had which loss and weight: a :class:`Tally`.

References
----------
Waudby-Smith, I. and Ramdas, A. (2024), Estimating means of bounded random variables by betting, JRSS B 86:
equation 24 (capital process), section 5.2 (a grid of constant bets).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

BETS: Final[Vector] = np.concatenate([[0.0], (15 / 16) * 2.0 ** -np.arange(12)])
"""Parts of the wealth that are at risk on the worst row. The smallest decides about effects of a hundredth
of a standard deviation; 0 keeps wealth where nothing is to be won."""

_NEAREST: Final = 1e-9
"""Means are kept this far from 0 and 1, where a bet would be infinite."""

_MOST_CELLS: Final = 4096


@dataclass(frozen=True)
class Tally:
    """How many rows had which loss and weight.

    Parameters
    ----------
    values
        Losses in [0, 1], shape ``(n,)``.
    weights
        Weights by their highest possible value, in (0, 1], shape ``(n,)``.
    counts
        Rows, not negative, need not be whole, shape ``(n,)``.

    Raises
    ------
    ValueError
        A value outside its range, or arrays of different lengths.
    """

    values: Vector
    weights: Vector
    counts: Vector

    def __post_init__(self) -> None:
        if not self.values.shape == self.weights.shape == self.counts.shape or self.values.ndim != 1:
            raise ValueError(
                f"values, weights and counts need one length, got shapes {self.values.shape}, "
                f"{self.weights.shape} and {self.counts.shape}"
            )
        for name, array, low, high in (
            ("values", self.values, 0.0, 1.0),
            ("weights", self.weights, 0.0, 1.0),
            ("counts", self.counts, 0.0, np.inf),
        ):
            # The comparison is turned round so that NaN is refused too.
            if not bool(np.all((array >= low) & (array <= high))):
                raise ValueError(f"{name} lie between {low:g} and {high:g}")

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None, counts: ArrayLike | None = None) -> Self:
        """A tally of arrays; without weights and counts every row counts once."""
        losses = np.asarray(values, np.float64)
        ones = np.ones_like(losses)
        return cls(
            losses,
            ones if weights is None else np.asarray(weights, np.float64),
            ones if counts is None else np.asarray(counts, np.float64),
        )

    @property
    def rows(self) -> float:
        return float(self.counts.sum())

    @property
    def weight(self) -> float:
        """Sum of the weights, where the highest possible is 1."""
        return float(self.weights @ self.counts)

    @property
    def effective_rows(self) -> float:
        """``(sum w)^2 / sum w^2``; 0 without rows."""
        squares = float((self.weights**2) @ self.counts)
        return self.weight**2 / squares if squares > 0 else 0.0

    @property
    def mean(self) -> float:
        """Weighted mean of the losses; NaN without weight."""
        weight = self.weight
        return float((self.values * self.weights) @ self.counts) / weight if weight > 0 else float("nan")

    @property
    def standard_error(self) -> float:
        """Linearised standard error of :attr:`mean`; NaN without weight."""
        weight = self.weight
        if weight <= 0:
            return float("nan")
        return float(np.sqrt(((self.weights * (self.values - self.mean)) ** 2) @ self.counts)) / weight

    def mirrored(self) -> Tally:
        """The same rows with 1 - x for x: what is above becomes below."""
        return Tally(1.0 - self.values, self.weights, self.counts)

    def merged(self) -> Tally:
        """The same rows with equal cells as one, and empty ones left out."""
        kept = self.counts > 0
        cells, inverse = np.unique(
            np.stack([self.values[kept], self.weights[kept]], axis=1), axis=0, return_inverse=True
        )
        counts = np.zeros(len(cells))
        np.add.at(counts, inverse.reshape(-1), self.counts[kept])
        return Tally(cells[:, 0], cells[:, 1], counts)


def shares_of_bets(idle: float) -> Vector:
    """Shares of the first wealth by bet: ``idle`` of it is never at risk, the rest is divided evenly."""
    return np.concatenate([[idle], np.full(len(BETS) - 1, (1.0 - idle) / (len(BETS) - 1))])


def log_wealths(tally: Tally, means: ArrayLike) -> Matrix:
    """Log wealth of every bet that the mean lies above each of ``means``; shape ``(bets, means)``.

    Each falls with the mean. Cost: cells x bets x means.

    >>> rows = Tally.of([1.0, 0.0, 1.0])
    >>> round(float(np.exp(log_wealths(rows, [0.5])[2, 0])), 3)  # a bet of 15/32 of the wealth, thrice
    1.146
    """
    cells = tally.merged() if len(tally.values) > _MOST_CELLS else tally
    limits = np.clip(np.atleast_1d(np.asarray(means, np.float64)), _NEAREST, 1.0 - _NEAREST)
    stakes = cells.weights * (cells.values / limits[:, None] - 1.0)
    return np.stack([np.log1p(bet * stakes) @ cells.counts for bet in BETS])


def log_wealth(tally: Tally, mean: float, *, idle: float = 0.0) -> float:
    """Log of the wealth of all bets that the weighted mean lies above ``mean``.

    It is an e-value: where the mean is at most ``mean``, wealth 1 / alpha is ever reached with a
    probability of at most alpha.

    >>> log_wealth(Tally.of([]), 0.3)
    0.0
    """
    return float(log_mixture(log_wealths(tally, mean), idle)[0])


def log_mixture(wealths: Matrix, idle: float = 0.0) -> Vector:
    """Log of the mixed wealths of :func:`log_wealths`, one for each mean."""
    shares = shares_of_bets(idle)
    staked = wealths[shares > 0]
    most = staked.max(axis=0)
    # SciPy's logsumexp does the same, ten times slower on arrays as small as these.
    mixed: Vector = most + np.log(shares[shares > 0] @ np.exp(staked - most))
    return mixed


def lower_bound(tally: Tally, alpha: float) -> float:
    """Highest mean that is refuted as too low: below the true one at all looks, but with probability alpha.

    0 when none is refuted. By bisection, to 1e-9, on the safe side.

    >>> 0.3 < lower_bound(Tally.of([0.0, 1.0], counts=[500, 500]), 0.025) < 0.47
    True
    """
    needed = -np.log(alpha)
    cells = tally.merged()
    if cells.rows == 0 or log_wealth(cells, 0.0) < needed:
        return 0.0
    refuted, kept = 0.0, 1.0
    while kept - refuted > _NEAREST:
        middle = (refuted + kept) / 2
        refuted, kept = (middle, kept) if log_wealth(cells, middle) >= needed else (refuted, middle)
    return refuted


def upper_bound(tally: Tally, alpha: float) -> float:
    """Lowest mean that is refuted as too high; the mirror image of :func:`lower_bound`."""
    return 1.0 - lower_bound(tally.mirrored(), alpha)
