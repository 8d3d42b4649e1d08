"""Estimates of divergences ``D = sum_j f(p_j, q_j)`` from the derivatives of f, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.statistics.counts import CountPairs, Counts
from detectors.statistics.estimate import Estimates, Vector
from detectors.statistics.quadratic import quadratic_estimates


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Derivatives of f in every bin, each of shape ``(F, B)``; 0 in bins that are empty on that side.

    Attributes
    ----------
    by_p, by_q
        First derivatives f_p, f_q.
    curve_p, curve_q
        ``p f_pp`` and ``q f_qq``: the share times the second derivative stays finite as it goes to 0.
    """

    by_p: Counts
    by_q: Counts
    curve_p: Counts
    curve_q: Counts


def divergence_estimates(
    pairs: CountPairs,
    value: Vector,
    derivatives: Derivatives,
    *,
    per_degree: Vector,
    upper: float,
    level: float,
    power: float,
) -> Estimates:
    """Interval, detectable effect and p-value of a divergence of shares.

    .. math:: b = \\sum_j \\frac{p_j (1 - p_j) f_{pp}}{2 n} + \\frac{q_j (1 - q_j) f_{qq}}{2 m}, \\quad
              V = \\frac{\\mathrm{Var}_p f_p}{n} + \\frac{\\mathrm{Var}_q f_q}{m}

    Parameters
    ----------
    value
        The divergence of the observed shares, shape ``(F,)``.
    per_degree
        c: on unchanged data the divergence is c times a chi-square of live bins less one degrees of
        freedom, ``f''(1) (1/n + 1/m) / 2``, shape ``(F,)``.
    """
    mean_p = np.sum(pairs.p * derivatives.by_p, axis=1)
    mean_q = np.sum(pairs.q * derivatives.by_q, axis=1)
    variance = (np.sum(pairs.p * derivatives.by_p**2, axis=1) - mean_p**2) / pairs.n
    variance += (np.sum(pairs.q * derivatives.by_q**2, axis=1) - mean_q**2) / pairs.m
    bias = np.sum((1 - pairs.p) * derivatives.curve_p, axis=1) / (2 * pairs.n)
    bias += np.sum((1 - pairs.q) * derivatives.curve_q, axis=1) / (2 * pairs.m)
    degrees = pairs.degrees_of_freedom
    return quadratic_estimates(
        value,
        bias=bias,
        unchanged_mean=per_degree * degrees,
        unchanged_variance=2 * per_degree**2 * degrees,
        variance=np.maximum(variance, 0.0),
        upper=upper,
        level=level,
        power=power,
    )


def safe_ratio(top: Counts, bottom: Counts) -> Counts:
    """``top / bottom``, 0 where the bottom is 0."""
    result: Counts = np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0)
    return result


def safe_log(values: Counts) -> Counts:
    """Natural logarithm, 0 where the value is 0: for terms of the form ``0 log 0``."""
    result: Counts = np.log(values, out=np.zeros_like(values), where=values > 0)
    return result
