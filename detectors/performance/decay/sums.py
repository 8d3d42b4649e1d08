"""What one window of labels comes down to: sums, which add over windows and do not depend on any order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.decay.moments import Moments, moments_of
from detectors.performance.decay.reference import RiskReference
from driftline.errors import InvalidInput

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WindowSums:
    """Sums over the labels of one window that have come so far.

    Attributes
    ----------
    start, version
        The window.
    moments
        Of losses and of weights scaled to [0, 1].
    weight
        Sum of the weights as they are.
    clipped
        Part of that weight above the weight limit, 0 to 1, which does not count.
    log_bets
        Sums of ``ln(1 + lambda u (x - limit))``, one a bet of :attr:`RiskReference.lambdas` with its limit of
        :attr:`RiskReference.limits`; empty without a reference.
    """

    start: datetime
    version: str
    moments: Moments
    weight: float
    clipped: float
    log_bets: tuple[float, ...] = ()


def window_sums(
    start: datetime,
    version: str,
    losses: ArrayLike,
    weights: ArrayLike | None,
    reference: RiskReference,
) -> WindowSums:
    """Sums of one window from its losses: the same figures as the database gives.

    Parameters
    ----------
    losses
        Shape ``(n,)``; clipped to ``[0, reference.bound]``. NaN means that an event does not count.
    weights
        Not negative, shape ``(n,)``; 1 each when absent.

    Raises
    ------
    InvalidInput
        Arrays of different lengths, a negative weight or one that is no number.
    """
    x = np.asarray(losses, dtype=np.float64)
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    if x.shape != w.shape or x.ndim != 1:
        raise InvalidInput(f"losses and weights need one length, got shapes {x.shape} and {w.shape}")
    if not bool(np.all((w >= 0) & np.isfinite(w))):
        raise InvalidInput("weights of labelled events are finite and not negative")
    counted = ~np.isnan(x)
    x, w = np.clip(x[counted], 0.0, reference.bound), w[counted]
    u = np.minimum(w, reference.weight_limit) / reference.weight_limit
    total = float(w.sum())
    moments = moments_of(x, u)
    return WindowSums(
        start=start,
        version=version,
        moments=moments,
        weight=total,
        clipped=max(0.0, 1 - moments.weight * reference.weight_limit / total) if total > 0 else 0.0,
        log_bets=tuple(log_bets(x, u, reference).tolist()),
    )


def log_bets_of_moments(moments: Moments, reference: RiskReference) -> Vector | None:
    """:func:`log_bets` from sums alone: of losses 0 or B and one weight; ``None`` where they are not so."""
    u = moments.common_weight(reference.bound)
    if u is None:
        return None
    wrong = moments.loss / (u * reference.bound)
    lost = np.log1p(reference.lambdas * u * (reference.bound - reference.limits))
    won = np.log1p(-reference.lambdas * u * reference.limits)
    return np.asarray(wrong * lost + (moments.labelled - wrong) * won)


def log_bets(losses: Vector, weights: Vector, reference: RiskReference) -> Vector:
    """Sums of ``ln(1 + lambda u (x - limit))`` over labels, shape ``(2 * BETS,)``.

    ``losses`` lie in ``[0, reference.bound]`` and ``weights`` in [0, 1].
    """
    return np.array(
        [
            np.log(1 + bet * weights * (losses - limit)).sum()
            for bet, limit in zip(reference.lambdas, reference.limits, strict=True)
        ]
    )
