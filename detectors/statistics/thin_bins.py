"""Bins that hold too few rows for a normal limit: merged where that is safe, bounded where it is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from detectors.statistics.counts import CountPairs, Counts
from detectors.statistics.estimate import Estimates, Vector

FEWEST_EXPECTED = 10.0
"""Rows that a bin has to expect on the smaller side, twice Cochran's rule: logarithms bend more than X²."""

FEWEST = 5.0
"""Rows that a bin needs on either side for an upper limit."""

Terms = Callable[[Counts, Counts, Vector, Vector], Counts]
"""What each bin adds to a divergence, at least 0 and jointly convex in the shares.

From shares p and q and sizes n and m, shapes ``(F, B)`` and ``(F, 1)``.
"""


def with_thin_bins(
    pairs: CountPairs,
    estimates: Callable[[CountPairs], Estimates],
    terms: Terms,
    *,
    upper: float,
    level: float,
    keep_p_value: bool = False,
) -> Estimates:
    """Estimates of a divergence that hold where bins are thin.

    Fields without thin bins are left to ``estimates``. For the others:

    - *p-value, detectable*: of the table in which bins that expect fewer than ten rows on the smaller side
      are merged, the rarest first, until each group expects as many.
    - *upper limit*: of the table in which all bins that hold fewer than five rows on one side, or expect
      fewer than ten, are one, plus for each of them the largest term that its rows allow, at a corner of
      its two Poisson intervals (Garwood, Bonferroni over the bins). Infinite where the divergence is at an
      empty share.
    - *lower limit*: the lower one of both tables. Merging can only shrink a divergence, so it stays a limit.

    Parameters
    ----------
    terms
        The divergence's own, without any filling of empty bins.
    upper
        Largest value of the divergence.
    keep_p_value
        The p-value of the whole table is a known test's: it stays.

    Notes
    -----
    The limits hold at least at the stated confidence, usually far more: two hundred rows in thirty bins
    say little, and the interval shows it. O(B) a field.

    References
    ----------
    Cochran, W. (1954). Some methods for strengthening the common chi-square tests. Biometrics 10.
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28. Merging: Csiszár, I.
    (1967). Information-type measures of difference of probability distributions. Studia Sci. Math.
    Hungar. 2, theorem 1 (data processing).
    """
    n, m = pairs.n[:, None], pairs.m[:, None]
    live = pairs.live
    unexpected = live & (np.minimum(n, m) * pairs.mixture()[2] < FEWEST_EXPECTED)
    thin = live & (unexpected | (np.minimum(pairs.p * n, pairs.q * m) < FEWEST))
    fields = np.flatnonzero(thin.any(axis=1))
    found = estimates(pairs)
    if fields.size == 0:
        return found
    some = _rows(pairs, fields)
    below = estimates(_grouped(some, unexpected[fields]))
    above = estimates(merged(some, thin[fields]))
    boxes = _largest_terms(some, thin[fields], terms, level)
    lower = np.minimum(np.minimum(below.lower, above.lower), upper)
    parts = dataclasses.replace(
        _rows_of(found, fields),
        lower=lower,
        upper=np.maximum(np.minimum(above.upper + boxes, upper), lower),
        detectable=below.detectable,
        p_value=found.p_value[fields] if keep_p_value else below.p_value,
    )
    return _put(found, fields, parts)


def merged(pairs: CountPairs, members: NDArray[np.bool_]) -> CountPairs:
    """The pairs with all member bins of a field as one, kept in the place of the first of them.

    >>> pairs = merged(CountPairs.of([8, 1, 1], [4, 3, 3]), np.array([[False, True, True]]))
    >>> pairs.p.tolist(), pairs.q.tolist()
    ([[0.8, 0.2, 0.0]], [[0.4, 0.6, 0.0]])
    """
    places = np.broadcast_to(np.arange(members.shape[1]), members.shape)
    first = np.where(members.any(axis=1), members.argmax(axis=1), 0)[:, None]
    return _moved(pairs, np.where(members, first, places))


def _moved(pairs: CountPairs, places: NDArray[np.intp]) -> CountPairs:
    """Every bin's mass in the bin that ``places`` names."""
    rows = np.arange(len(places))[:, None]
    p, q = np.zeros_like(pairs.p), np.zeros_like(pairs.q)
    np.add.at(p, (rows, places), pairs.p)
    np.add.at(q, (rows, places), pairs.q)
    # Of a single bin that is left the share is 1, which rounding must not make a difference of.
    single = ((p > 0) | (q > 0)).sum(axis=1, keepdims=True) == 1
    p, q = (np.where(single & (side > 0), 1.0, side) for side in (p, q))
    return dataclasses.replace(pairs, p=p, q=q)


def _grouped(pairs: CountPairs, members: NDArray[np.bool_]) -> CountPairs:
    """Member bins merged, the rarest first, into groups that expect enough rows each."""
    pooled = pairs.mixture()[2]
    expected = np.minimum(pairs.n, pairs.m)[:, None] * pooled
    places = np.tile(np.arange(members.shape[1]), (len(members), 1))
    for field in np.flatnonzero(members.any(axis=1)):
        mine = np.flatnonzero(members[field])
        mine = mine[np.argsort(pooled[field, mine], kind="stable")]
        rows = np.cumsum(expected[field, mine])
        group = ((rows - expected[field, mine]) // FEWEST_EXPECTED).astype(np.intp)
        last = rows[-1] - float(expected[field, mine][group < group[-1]].sum())
        others = np.flatnonzero(pairs.live[field] & ~members[field])
        if last < FEWEST_EXPECTED and group[-1] > 0:
            # Too few are left over for a group of their own.
            group[group == group[-1]] = group[group < group[-1]].max()
        elif last < FEWEST_EXPECTED and others.size:
            mine = np.append(mine, others[pooled[field, others].argmin()])
            group = np.append(group, group[-1])
        for one in np.unique(group):
            places[field, mine[group == one]] = mine[group == one][0]
    return _moved(pairs, places)


def _largest_terms(pairs: CountPairs, thin: NDArray[np.bool_], terms: Terms, level: float) -> Vector:
    """Sum over thin bins of the largest term within their Poisson limits, shape ``(F,)``."""
    n, m = pairs.n[:, None], pairs.m[:, None]
    tail = level / (8 * np.maximum(thin.sum(axis=1, keepdims=True), 1))
    sides = [
        (_garwood(share * size, tail, low=True) / size, _garwood(share * size, tail, low=False) / size)
        for share, size in ((pairs.p, n), (pairs.q, m))
    ]
    # A share near the smallest float has an infinite ratio, and so an infinite term.
    with np.errstate(divide="ignore", over="ignore"):
        corners = [terms(np.minimum(p, 1.0), np.minimum(q, 1.0), n, m) for p in sides[0] for q in sides[1]]
    largest: Vector = np.sum(np.where(thin, np.max(corners, axis=0), 0.0), axis=1)
    return largest


def _garwood(counts: Counts, tail: Counts, *, low: bool) -> Counts:
    if low:
        limit: Counts = np.where(counts > 0, gammaincinv(np.maximum(counts, 1e-12), tail), 0.0)
        return limit
    return np.asarray(gammaincinv(counts + 1, 1 - tail), dtype=np.float64)


def _rows(pairs: CountPairs, fields: NDArray[np.intp]) -> CountPairs:
    return CountPairs(pairs.p[fields], pairs.q[fields], pairs.n[fields], pairs.m[fields])


def _rows_of(found: Estimates, fields: NDArray[np.intp]) -> Estimates:
    return Estimates(
        *(getattr(found, field.name)[fields] for field in dataclasses.fields(Estimates)),
    )


def _put(found: Estimates, fields: NDArray[np.intp], parts: Estimates) -> Estimates:
    columns = []
    for field in dataclasses.fields(Estimates):
        column = getattr(found, field.name).copy()
        column[fields] = getattr(parts, field.name)
        columns.append(column)
    return Estimates(*columns)
