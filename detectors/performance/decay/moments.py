"""Sums of losses and weights that confidence bounds are computed from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from driftline.errors import InvalidInput

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over labelled events with losses x and weights u in [0, 1].

    Attributes
    ----------
    labelled
        Events.
    weight, weight_squares
        Sums of u and u^2.
    loss, loss_weighted_twice, loss_squares
        Sums of u x, u^2 x and u^2 x^2.
    """

    labelled: int
    weight: float
    weight_squares: float
    loss: float
    loss_weighted_twice: float
    loss_squares: float

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def risk(self) -> float:
        """Weighted mean loss; NaN without weight."""
        return self.loss / self.weight if self.weight > 0 else math.nan

    @property
    def effective(self) -> float:
        """``(sum u)^2 / sum u^2``; 0 without weight."""
        return self.weight**2 / self.weight_squares if self.weight_squares > 0 else 0.0

    @property
    def variance(self) -> float:
        """Variance of one loss, ``sum u^2 (x - risk)^2 / sum u^2``; NaN without weight."""
        if self.weight_squares <= 0:
            return math.nan
        risk = self.risk
        squares = self.loss_squares - 2 * risk * self.loss_weighted_twice + risk**2 * self.weight_squares
        return max(0.0, squares / self.weight_squares)

    @property
    def usual_weight(self) -> float:
        """``sum u^2 / sum u``: the weight of the event that a unit of weight belongs to; 1 without any."""
        return self.weight_squares / self.weight if self.weight > 0 else 1.0

    def counts(self, bound: float) -> bool:
        """Whether these are plain counts: losses 0 or ``bound``, all weights 1."""
        return bool(
            self.weight == self.weight_squares == self.labelled
            and math.isclose(self.loss_squares, bound * self.loss, rel_tol=1e-9, abs_tol=1e-9 * bound**2)
        )

    def common_weight(self, bound: float) -> float | None:
        """The weight of all events when it is one and every loss is 0 or ``bound``; else ``None``.

        Then sums of any function of weight and loss follow from these sums.
        """
        if self.weight <= 0 or self.labelled <= 0:
            return None
        u = self.weight / self.labelled
        alike = math.isclose(self.weight_squares, u * self.weight, rel_tol=1e-9)
        two = math.isclose(self.loss_squares, u * bound * self.loss, rel_tol=1e-9, abs_tol=1e-300)
        return u if alike and two else None


NOTHING = Moments(0, 0.0, 0.0, 0.0, 0.0, 0.0)


def moments_of(losses: Vector, weights: Vector) -> Moments:
    """Sums of arrays of one length.

    Raises
    ------
    InvalidInput
        Weights outside [0, 1], a negative or a non-finite loss.
    """
    if losses.shape != weights.shape or losses.ndim != 1:
        raise InvalidInput(f"losses and weights need one length, got {losses.shape} and {weights.shape}")
    if not bool(np.all((weights >= 0) & (weights <= 1))):
        raise InvalidInput("weights have to be scaled to [0, 1] by their highest value")
    if not bool(np.all((losses >= 0) & np.isfinite(losses))):
        raise InvalidInput("losses are finite and not negative; leave out events without one")
    squares = weights * weights
    return Moments(
        losses.size,
        float(weights.sum()),
        float(squares.sum()),
        float(weights @ losses),
        float(squares @ losses),
        float(squares @ (losses * losses)),
    )


def pooled(moments: Iterable[Moments]) -> Moments:
    """Sum of several; :data:`NOTHING` of none."""
    return sum(moments, start=NOTHING)
