"""How late labels come, told from windows that are not old enough to have all of theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DelayDistribution:
    """Estimated distribution of the delay, given that a label comes within the longest one that was seen.

    Attributes
    ----------
    upper
        Upper end of every class of delays, in seconds.
    arrived
        Share of the labels that have come by then, from 0 to 1; empty when nothing is known.
    """

    upper: Vector
    arrived: Vector

    def by(self, delay_seconds: float) -> float:
        """Share of labels that have come after so long; a class counts when it is over."""
        over = int(np.searchsorted(self.upper, delay_seconds, side="right"))
        return float(self.arrived[over - 1]) if over and len(self.arrived) else 0.0

    def quantile(self, share: float) -> float:
        """Delay in seconds by which ``share`` of the labels have come; NaN when nothing is known."""
        if not len(self.arrived):
            return float("nan")
        return float(self.upper[int(np.searchsorted(self.arrived, share - 1e-12))])


def delay_distribution(counts: ArrayLike, upper: ArrayLike, ages: ArrayLike) -> DelayDistribution:
    r"""Estimate the delays from windows of any age.

    .. math:: F(d) = \prod_{k > d} \left(1 - \frac{\sum_{w: a_w \ge u_k} n_{wk}}
        {\sum_{w: a_w \ge u_k} \sum_{j \le k} n_{wj}}\right)

    A young window has its quick labels only, so plain quantiles would be too short; reversed hazards
    compare each class of delays only with quicker ones of the windows that are old enough to show both.

    Parameters
    ----------
    counts
        Labels by window and class of delay, shape ``(windows, classes)``.
    upper
        Upper ends of the classes in seconds, ascending, shape ``(classes,)``.
    ages
        Seconds since the end of each window, shape ``(windows,)``.

    Notes
    -----
    What comes later than any label that was seen cannot be known and is taken not to exist.
    Source: Lawless (1994), Adjustments for reporting delays and the prediction of occurred but not reported
    events, Canadian Journal of Statistics 22, equation (2.3): the chain ladder.

    Examples
    --------
    Of the old window half the labels came in the first class; the young one shows only that class:

    >>> found = delay_distribution([[50, 50], [80, 0]], [60.0, 120.0], [300.0, 60.0])
    >>> found.arrived.tolist(), found.quantile(0.5), found.by(90.0)
    ([0.5, 1.0], 60.0, 0.5)
    """
    n = np.asarray(counts, dtype=np.float64)
    ends = np.asarray(upper, dtype=np.float64)
    seen = np.asarray(ages, dtype=np.float64)[:, None] >= ends[None, :]
    arrived_then = (np.where(seen, n, 0.0)).sum(axis=0)
    arrived_by_then = np.where(seen, np.cumsum(n, axis=1), 0.0).sum(axis=0)
    if not arrived_by_then.any():
        return DelayDistribution(ends, np.empty(0))
    hazard = np.divide(arrived_then, arrived_by_then, out=np.zeros_like(ends), where=arrived_by_then > 0)
    later = np.append(np.cumprod((1.0 - hazard)[::-1])[::-1][1:], 1.0)
    return DelayDistribution(ends, later)
