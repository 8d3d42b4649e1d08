"""Bounds of a mean loss that hold however often one looks, from sums alone.

For losses x in [0, B], weights u in [0, 1] and a mean r the deviation in favour of a higher mean is
``xi = u (x - r) >= -r``, of a lower one ``xi = u (r - x) >= -(B - r)``. With b = r or B - r and any fixed
``0 < lambda < 1 / b``

    exp(lambda xi - psi(lambda b) xi^2 / b^2) <= 1 + lambda xi,        psi(y) = -ln(1 - y) - y,

so the product over the labels is a supermartingale where the pooled risk lies on the other side of r: the
exponent needs sums of u, ux, u^2, u^2 x, u^2 x^2 only. For plain counts (0 or B, weight 1) the product of
``1 + lambda xi`` itself is a function of the sums and is used, which is sharper. A mean is refuted when the
average of the products over a fixed grid of lambda reaches the evidence asked for.

The statement is about the *pooled* risk, ``sum E[u x] / sum E[u]`` with each expectation given what came
before: the risk may move meanwhile.

References
----------
Fan, X., Grama, I. and Liu, Q. (2015), Exponential inequalities for martingales with applications, EJP 20,
lemma 4.1 (the inequality). Waudby-Smith, I. and Ramdas, A. (2024), Estimating means of bounded random
variables by betting, JRSS B 86, section 3.2 and equation 24.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from detectors.performance.decay.moments import Moments

Vector = NDArray[np.float64]
Side = Literal["above", "below"]

NEAREST: Final = 1e-9
"""Means are kept this far from the ends of their range, in units of it; bounds are as precise."""
MOST: Final = 0.95
"""Largest part of what is left that is put on the worst case."""


def log_evidence(
    moments: Moments, mean: float, bound: float, side: Side, lambdas: Vector, log_shares: Vector
) -> float:
    """Log of the evidence that the pooled risk lies above (below) ``mean``.

    Parameters
    ----------
    mean
        In (0, ``bound``).
    lambdas, log_shares
        Fixed bets in units of ``1 / bound``, positive, and the logs of their shares; shape ``(J,)``. A bet
        larger than the worst case allows is cut down.

    Examples
    --------
    Sixty of a hundred wrong, against one half, with one bet:

    >>> rows = Moments(100, 100.0, 100.0, 60.0, 60.0, 60.0)
    >>> round(log_evidence(rows, 0.5, 1.0, "above", np.array([0.4]), np.zeros(1)), 4)
    2.0136
    """
    r = mean / bound
    room = r if side == "above" else 1 - r
    bets = np.minimum(lambdas, MOST / max(room, NEAREST))
    signed = bets if side == "above" else -bets
    x = moments.loss / bound
    if moments.counts(bound):
        logs = x * np.log1p(signed * (1 - r)) + (moments.weight - x) * np.log1p(-signed * r)
    else:
        squares = (
            moments.loss_squares / bound**2
            - 2 * r * moments.loss_weighted_twice / bound
            + r * r * moments.weight_squares
        )
        y = bets * room
        # -ln(1 - y) - y over y^2, whose first terms are 1/2 + y/3 where the difference would be lost.
        factor = np.where(y < 1e-4, 0.5 + y / 3, (-np.log1p(-y) - y) / np.maximum(y * y, 1e-300))
        logs = signed * (x - r * moments.weight) - bets * bets * factor * max(0.0, squares)
    return float(np.logaddexp.reduce(logs + log_shares))


def lower_bound(
    moments: Moments, bound: float, log_needed: float, lambdas: Vector, log_shares: Vector
) -> float:
    """Highest mean that is refuted as too low; 0 when none is. By bisection, on the safe side."""
    if moments.weight <= 0 or moments.loss <= 0:
        return 0.0
    refuted, kept = NEAREST * bound, min(moments.risk, bound * (1 - NEAREST))
    if log_evidence(moments, refuted, bound, "above", lambdas, log_shares) < log_needed:
        return 0.0
    while kept - refuted > NEAREST * bound:
        middle = (kept + refuted) / 2
        if log_evidence(moments, middle, bound, "above", lambdas, log_shares) >= log_needed:
            refuted = middle
        else:
            kept = middle
    return refuted


def upper_bound(
    moments: Moments, bound: float, log_needed: float, lambdas: Vector, log_shares: Vector
) -> float:
    """Lowest mean that is refuted as too high; ``bound`` when none is. By bisection, on the safe side."""
    if moments.weight <= 0:
        return bound
    refuted, kept = bound * (1 - NEAREST), max(moments.risk, NEAREST * bound)
    if log_evidence(moments, refuted, bound, "below", lambdas, log_shares) < log_needed:
        return bound
    while refuted - kept > NEAREST * bound:
        middle = (kept + refuted) / 2
        if log_evidence(moments, middle, bound, "below", lambdas, log_shares) >= log_needed:
            refuted = middle
        else:
            kept = middle
    return refuted


def upper_bound_once(moments: Moments, bound: float, alpha: float) -> float:
    """Upper bound of the risk of a sample that is looked at once: of a reference.

    Plain counts get the exact bound (Clopper and Pearson, one-sided). Others get the bound of the bets above
    on a grid around ``sqrt(2 ln(1/alpha) / n)`` times 2 to 64, as spreads of 1/2 to 1/64 of the range ask
    for.

    Parameters
    ----------
    bound
        Highest loss.
    alpha
        Probability that the risk lies above, in (0, 1).

    Returns
    -------
    float
        In (0, ``bound``].

    Examples
    --------
    A thousand wrong of 10,000, and none of 100 (the rule of three):

    >>> wrong = Moments(10_000, 1e4, 1e4, 1e3, 1e3, 1e3)
    >>> round(upper_bound_once(wrong, 1.0, 0.05), 4)
    0.1051
    >>> round(upper_bound_once(Moments(100, 100.0, 100.0, 0.0, 0.0, 0.0), 1.0, 0.05), 4)
    0.0295
    """
    if moments.weight <= 0:
        return bound
    if moments.counts(bound):
        wrong = round(moments.loss / bound)
        if wrong >= moments.labelled:
            return bound
        return bound * float(betaincinv(wrong + 1, moments.labelled - wrong, 1 - alpha))
    usual = math.sqrt(2 * math.log(1 / alpha) / moments.effective) / moments.usual_weight
    grid = np.asarray(usual * 2.0 ** np.arange(1, 7), dtype=np.float64)
    return upper_bound(moments, bound, math.log(1 / alpha), grid, np.full(grid.size, -math.log(grid.size)))
