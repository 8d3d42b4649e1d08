"""Half a count for all bins together: the empty-bin policy of statistics that divide by a share."""

from __future__ import annotations

from detectors.statistics.counts import CountPairs


def with_half_count(pairs: CountPairs) -> CountPairs:
    """Shares after half a count, spread evenly over the live bins, is added to *both* sides.

    .. math:: p_j = \\frac{n_j + 1 / (2B)}{n + 1/2}

    Bins empty on both sides stay out. Half a count is small beside any real one and the same on both
    sides, so equal counts stay equal and the result does not hang on an arbitrary tiny constant.

    References
    ----------
    Perks, W. (1947). Some observations on inverse probability. J. Inst. Actuaries 73, for the prior with
    a total of one count.
    """
    live = pairs.live
    half = live * (0.5 / live.sum(axis=1))[:, None]
    n, m = pairs.n[:, None], pairs.m[:, None]
    return CountPairs(
        (pairs.p * n + half) / (n + 0.5), (pairs.q * m + half) / (m + 0.5), pairs.n, pairs.m, pairs.scale
    )
