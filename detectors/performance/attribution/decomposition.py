"""A change of a mean loss taken apart over the groups of one column, exactly and with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.performance.attribution.column_groups import ColumnGroups
from detectors.performance.attribution.groups import Groups, grouped

Floats = NDArray[np.float64]

FEWEST_NOW = 10.0
"""Effective current rows that a region needs to be looked at on its own."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """A figure with its standard error."""

    value: float
    error: float

    @property
    def deviations(self) -> float:
        """Size in standard errors."""
        return abs(self.value) / self.error if self.error > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Region:
    """Groups of a column in which the loss changed most beyond what it did elsewhere.

    Attributes
    ----------
    first, last
        Groups it spans.
    excess
        Its part of the change of the mean loss beyond what it would have with the change elsewhere:
        ``q (d_inside - d_outside)``.
    share, known
        Of the current and of the reference's rows that lie there.
    before, now
        Mean loss there.
    regions
        How many were looked at.
    """

    first: int
    last: int
    excess: Estimated
    share: float
    known: float
    before: float
    now: float
    regions: int


@dataclass(frozen=True, slots=True)
class Decomposition:
    """One column: what its moved distribution explains, and what changed within its groups.

    Attributes
    ----------
    moved
        ``sum_k (q_k - p_k) a_k``: the loss that the reference would have with the current shares, less what
        it had.
    within
        ``sum_k q_k (b_k - a_k)``; both add up to the change of the mean loss.
    region
        Where within changed most; ``None`` when no part can be told from the rest.
    """

    groups: ColumnGroups
    before: Groups
    now: Groups
    moved: Estimated
    within: Estimated
    region: Region | None


def decomposed(
    groups: ColumnGroups, losses: tuple[Floats, Floats], weights: tuple[Floats, Floats]
) -> Decomposition:
    """Take the change of the mean loss apart over one column.

    Parameters
    ----------
    groups
        Of n reference and m current rows.
    losses, weights
        Of reference and current rows.

    Notes
    -----
    Errors are from the influence of every row (linearisation): shares and means are both estimated. A group
    without reference rows has the reference's mean loss, so what it brings counts as changed within.

    References
    ----------
    Kitagawa, E. (1955). Components of a difference between two rates. JASA 50, 1168-1194, in the form that
    weights by one side (Oaxaca 1973; Blinder 1973).
    """
    size = len(groups.labels)
    one = grouped(groups.before, size, losses[0], weights[0])
    two = grouped(groups.now, size, losses[1], weights[1])
    p, q, a, b = one.share, two.share, one.mean, two.mean
    w, v = weights[0] / weights[0].sum(), weights[1] / weights[1].sum()
    moved, within = float((q - p) @ a), float(q @ (b - a))
    ratio = np.where(p > 0, q / np.where(p > 0, p, 1.0), 0.0)
    own = losses[0] - a[groups.before]
    of_reference = w * ((ratio[groups.before] - 1) * own - (a[groups.before] - p @ a))
    of_current = v * (a[groups.now] - q @ a)
    moved_error = float(np.sqrt((of_reference**2).sum() + (of_current**2).sum()))
    of_reference = w * ratio[groups.before] * own
    rest = losses[1] - a[groups.now]
    of_current = v * (rest - v @ rest)
    within_error = float(np.sqrt((of_reference**2).sum() + (of_current**2).sum()))
    return Decomposition(
        groups,
        one,
        two,
        Estimated(moved, moved_error),
        Estimated(within, within_error),
        _region(groups, one, two, 1.0 if moved + within >= 0 else -1.0),
    )


def _region(groups: ColumnGroups, one: Groups, two: Groups, direction: float) -> Region | None:
    """The region whose change of loss deviates most from the change elsewhere, in standard errors.

    Only deviations the way of the whole change: the complement of a region deviates as much the other way.
    """
    first, last = _spans(groups)
    gained = two.share * (two.mean - one.mean)
    variance = two.share**2 * (two.variance + one.variance)
    q, rows = (_summed(values, first, last) for values in (two.share, two.effective))
    possible = (rows >= FEWEST_NOW) & (two.effective.sum() - rows >= FEWEST_NOW)
    if not possible.any():
        return None
    first, last, q = first[possible], last[possible], q[possible]
    inside, spread = _summed(gained, first, last), _summed(variance, first, last)
    odds = q / (1 - q)
    excess = inside - odds * (gained.sum() - inside)
    error = np.sqrt(spread + odds**2 * (variance.sum() - spread))
    best = int(np.argmax(direction * excess / np.where(error > 0, error, np.inf)))
    span = slice(int(first[best]), int(last[best]) + 1)
    return Region(
        int(first[best]),
        int(last[best]),
        Estimated(float(excess[best]), float(error[best])),
        float(q[best]),
        float(one.share[span].sum()),
        _mean(one, span),
        _mean(two, span),
        int(possible.sum()),
    )


def _spans(groups: ColumnGroups) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last group of every region: single groups, and ranges of those on a scale."""
    low, high = np.triu_indices(groups.ordered)
    single = np.arange(groups.ordered, len(groups.labels))
    return np.concatenate([low, single]), np.concatenate([high, single])


def _summed(values: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    between: Floats = sums[last + 1] - sums[first]
    return between


def _mean(side: Groups, span: slice) -> float:
    share = side.share[span]
    return float(share @ side.mean[span] / share.sum() if share.sum() else side.mean[span].mean())
