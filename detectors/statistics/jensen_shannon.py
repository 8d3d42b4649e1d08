"""Jensen-Shannon distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from detectors.statistics.counts import checked_pair, shares


def jensen_shannon(baseline: ArrayLike, current: ArrayLike) -> float:
    """Jensen-Shannon distance (square root of the divergence, logarithm to base 2).

    .. math:: \\mathrm{JS} = \\sqrt{\\tfrac12 \\mathrm{KL}_2(p \\| m) + \\tfrac12 \\mathrm{KL}_2(q \\| m)},
              \\quad m = (p + q) / 2

    Parameters
    ----------
    baseline, current
        Weighted counts over the same B bins, shape ``(B,)``, non-negative.

    Returns
    -------
    float
        In [0, 1]; 0 for equal shares, 1 for disjoint ones; symmetric; a metric.

    Raises
    ------
    InvalidInput
        Empty, NaN, infinite, negative or massless input, or different bins.

    Notes
    -----
    Empty bins need no filling: ``0 log 0 = 0`` and m is positive wherever p or q is. Complexity O(B).
    On unchanged data the squared value is about ``(B - 1) (1/n + 1/m) / (8 ln 2)``.

    References
    ----------
    Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37(1), eq. 4.1.
    Endres, D. and Schindelin, J. (2003). A new metric for probability distributions. Ibid. 49(7).

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    >>> round(jensen_shannon([1, 0], [1, 1]), 6)  # sqrt of h(1/4) - 1/2 bits
    0.557923
    """
    first, second = checked_pair(baseline, current)
    p, q = shares(first), shares(second)
    middle = (p + q) / 2
    divergence = float((rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / (2 * np.log(2)))
    return float(np.sqrt(min(1.0, max(0.0, divergence))))
