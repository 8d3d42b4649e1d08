"""Variances of many alike scores, each learned from few windows: they lend each other certainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

Vector = NDArray[np.float64]

MOST_FREEDOM = 60.0
"""Degrees of freedom that the others may lend: scores of one window are not independent of each other."""

FEWEST_SCORES = 10
_NEWTON_STEPS = 12


def moderated(variances: Vector, freedom: float) -> tuple[Vector, float]:
    """Draw sample variances towards what is common to them.

    .. math:: \\tilde s_k^2 = \\frac{d_0 s_0^2 + d s_k^2}{d_0 + d}, \\quad
              s_k^2 \\sim s_0^2 F_{d, d_0}

    Parameters
    ----------
    variances
        Sample variances, shape ``(K,)``, NaN where unknown.
    freedom
        d, degrees of freedom of each, above 0.

    Returns
    -------
    moderated
        Shape ``(K,)``.
    freedom
        ``d + d_0``; d_0 is at most 60, and 0 for fewer than ten scores.

    References
    ----------
    Smyth, G. (2004). Linear models and empirical Bayes methods for assessing differential expression in
    microarray experiments. Stat. Appl. Genet. Mol. Biol. 3, section 6.2.

    Examples
    --------
    Equal variances leave nothing to doubt:

    >>> values, freedom = moderated(np.full(20, 2.0), 4)
    >>> round(float(values[0]), 2), freedom
    (2.0, 64.0)
    """
    known = variances[np.isfinite(variances) & (variances > 0)]
    if known.size < FEWEST_SCORES:
        return variances, freedom
    half = freedom / 2
    logs = np.log(known) - digamma(half) + np.log(half)
    spread = float(logs.var(ddof=1)) - float(polygamma(1, half))
    lent = MOST_FREEDOM if spread <= 0 else min(MOST_FREEDOM, 2 * _inverse_trigamma(spread))
    common = float(np.exp(logs.mean() + digamma(lent / 2) - np.log(lent / 2)))
    if spread <= 0:
        common = float(known.mean())
    return (lent * common + freedom * variances) / (lent + freedom), freedom + lent


def _inverse_trigamma(value: float) -> float:
    """x with trigamma(x) = value > 0, by Newton on 1 / trigamma, which is convex (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(_NEWTON_STEPS):
        trigamma = float(polygamma(1, x))
        x += trigamma * (1 - trigamma / value) / float(polygamma(2, x))
    return x
