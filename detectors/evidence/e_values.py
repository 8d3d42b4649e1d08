"""Which models of a fleet changed this window, with the share of wrong ones among them held.

The false-alarm budget bounds how often each model cries wolf. What it does not say is how many of the models
that are flagged in one window are flagged wrongly, when one upstream cause ties them together. E-values do:
whatever the dependence between models, the procedure of Benjamini and Hochberg on e-values keeps the expected
share of wrong ones among the flagged at most at a level.

An e-value here stands for one window's look: multiplying them over windows, or taking their running maximum,
is not valid, for the scans of successive windows share most of their data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr

from detectors.evidence.budget import FIRST_LOOKS

Vector = NDArray[np.float64]


def model_p_value(evidence: ArrayLike, shares: ArrayLike) -> float:
    """P-value of one window's look at all scores of all fields of a model.

    .. math:: p = \\min(1, \\min_k 2 \\Phi(-r_k) \\, m_0 / w_k)

    Bonferroni's inequality over scores with weights w, and over the :math:`m_0 = 10` independent looks that
    one window's scales amount to.

    Parameters
    ----------
    evidence
        Strongest deviation of every score over all scales, in standard deviations, any shape.
    shares
        Part of the model's budget of every score, same shape, not negative, summing to at most 1; scores
        with 0 do not count.

    Returns
    -------
    float
        In (0, 1].

    Examples
    --------
    >>> round(model_p_value([6.0, 1.0], [0.5, 0.5]) * 1e8, 2)
    3.95
    """
    r, w = np.asarray(evidence, dtype=np.float64).ravel(), np.asarray(shares, dtype=np.float64).ravel()
    counted = (w > 0) & np.isfinite(r)
    if not counted.any():
        return 1.0
    log_p = np.log(2 * FIRST_LOOKS) + log_ndtr(-np.abs(r[counted])) - np.log(w[counted])
    return float(np.exp(min(0.0, max(float(log_p.min()), -700.0))))


def e_value(p: ArrayLike) -> Vector:
    """E-values of p-values: the calibrator that needs no parameter.

    .. math:: e = \\int_0^1 \\kappa p^{\\kappa - 1} d\\kappa = \\frac{1 - p + p \\ln p}{p \\ln^2 p}

    Its mean over uniform p is 1, so its mean under the null hypothesis is at most 1.

    Parameters
    ----------
    p
        P-values in (0, 1], any shape.

    Returns
    -------
    ndarray
        From 1/2 (at p = 1) upwards.

    References
    ----------
    Vovk, V. and Wang, R. (2021). E-values: calibration, combination and applications. Annals of Statistics
    49(3), equation (2).

    Examples
    --------
    >>> e_value([1.0, 0.01]).round(3).tolist()
    [0.5, 4.451]
    """
    given = np.asarray(p, dtype=np.float64)
    if not ((given > 0) & (given <= 1)).all():
        raise ValueError("p-values lie in (0, 1]")
    log = np.log(given)
    # Near 1 numerator and denominator both vanish; there e = 1/2 - log(p)/6 ...
    near = log > -1e-4
    safe = np.where(near, 0.5, given)
    exact = (1 - safe + safe * np.log(safe)) / (safe * np.log(safe) ** 2)
    return np.where(near, 0.5 - log / 6, exact)


def e_bh(e: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Hypotheses rejected by Benjamini and Hochberg's procedure on e-values.

    Rejects the k* largest of K, ``k* = max {k : e_(k) >= K / (alpha k)}``. The expected share of true null
    hypotheses among the rejected is at most alpha under any dependence.

    Parameters
    ----------
    e
        E-values, not negative, shape ``(K,)``.
    alpha
        In (0, 1).

    References
    ----------
    Wang, R. and Ramdas, A. (2022). False discovery rate control with e-values. JRSS B 84(3), section 3.

    Examples
    --------
    >>> e_bh([1.0, 50.0, 30.0, 0.5], 0.1).tolist()
    [False, True, True, False]
    """
    values = np.asarray(e, dtype=np.float64)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha:g}")
    order = np.argsort(-values, kind="stable")
    needed = values.size / (alpha * np.arange(1, values.size + 1))
    enough = np.flatnonzero(values[order] >= needed)
    rejected = np.zeros(values.size, dtype=bool)
    if enough.size:
        rejected[order[: enough[-1] + 1]] = True
    return rejected
