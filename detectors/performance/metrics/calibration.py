"""Expected calibration error over bins of equal width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.interval import Z, effective_size, quotient

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationSums:
    """Sums by window and bin, each of shape ``(W, B)``.

    The confidence ``c`` of an event is the probability of the positive class when there are two and it is
    known, with ``y = 1`` for that class; else that of the predicted class (top label), with ``y = 1`` when it
    is right. Its bin is ``min(floor(c B), B - 1)``, so bins are closed below; the last is closed at 1 too.

    Attributes
    ----------
    n, w, w2
        Events, ``sum w``, ``sum w^2``.
    wy, wc
        ``sum w y`` and ``sum w c``.
    w2d, w2d2
        ``sum w^2 d`` and ``sum w^2 d^2`` of the gaps ``d = y - c``.
    """

    n: Vector
    w: Vector
    w2: Vector
    wy: Vector
    wc: Vector
    w2d: Vector
    w2d2: Vector

    @classmethod
    def of(
        cls, confidence: ArrayLike, outcome: ArrayLike, bins: int, weights: ArrayLike | None = None
    ) -> CalibrationSums:
        """Sums of one window from its events.

        Raises
        ------
        ValueError
            A confidence lies outside [0, 1].
        """
        c, y = np.asarray(confidence, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
        w = np.ones_like(c) if weights is None else np.asarray(weights, dtype=np.float64)
        if not np.all((c >= 0) & (c <= 1)):
            raise ValueError("a confidence lies between 0 and 1; leave out events where it does not")
        place = np.minimum((c * bins).astype(np.int64), bins - 1)
        gap = y - c
        sums = (np.ones_like(c), w, w * w, w * y, w * c, w * w * gap, w * w * gap * gap)
        return cls(*(np.bincount(place, each, bins).astype(np.float64)[None, :] for each in sums))


def calibration_error(sums: CalibrationSums) -> Measured:
    """Expected calibration error ``sum_b |sum_b w (y - c)| / sum w`` of every window.

    Interval: the sign of every bin's gap held fixed, this is a weighted mean of ``sign d`` with linearised
    variance. Estimates of absolute gaps are too high, by at most ``sqrt(2 / pi)`` standard errors a bin,
    which the lower limit leaves room for; so the interval covers an error of 0 as well.

    Source: Naeini, Cooper & Hauskrecht (2015), AAAI, equation 3 (ECE); Guo et al. (2017), ICML, equation 3.

    Examples
    --------
    >>> found = calibration_error(CalibrationSums.of([0.9, 0.9, 0.1, 0.1], [1, 0, 0, 0], 10)).figure(0)
    >>> round(found.value, 6)
    0.25
    """
    gaps = sums.wy - sums.wc
    total = sums.w.sum(axis=1)
    error = quotient(np.abs(gaps).sum(axis=1), total)
    column = error[:, None]
    spread = sums.w2d2 - 2 * np.sign(gaps) * column * sums.w2d + column**2 * sums.w2
    deviation = np.sqrt(quotient(np.maximum(spread, 0).sum(axis=1), total**2))
    own = quotient(gaps, sums.w)
    within = np.nan_to_num(sums.w2d2 - 2 * own * sums.w2d + own**2 * sums.w2)
    bias = quotient(np.sqrt(2 / np.pi * np.maximum(within, 0)).sum(axis=1), total)
    lower, upper = np.maximum(error - bias - Z * deviation, 0), np.minimum(error + Z * deviation, 1)
    return Measured.of(
        "calibration_error",
        error,
        (lower, upper),
        sums.n.sum(axis=1),
        effective_size(total, sums.w2.sum(axis=1)),
        details=[{"bins": calibration_bins(sums, window)} for window in range(len(error))],
    )


def calibration_bins(sums: CalibrationSums, window: int) -> list[dict[str, Any]]:
    """Bins of one window that hold events: borders, events, mean confidence and the share that came true."""
    count = sums.n.shape[1]
    return [
        {
            "from": index / count,
            "to": (index + 1) / count,
            "events": int(sums.n[window, index]),
            "weight": float(sums.w[window, index]),
            "confidence": float(sums.wc[window, index] / sums.w[window, index]),
            "share": float(sums.wy[window, index] / sums.w[window, index]),
        }
        for index in range(count)
        if sums.n[window, index] > 0
    ]
