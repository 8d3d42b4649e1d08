"""How far a pooled mean lies from its baseline, in standard deviations, by the law of its score."""

from __future__ import annotations

import numpy as np

from detectors.evidence.score_set import Vector

TINY = 1e-300


def standardised(shift: Vector, variance: Vector, spread: Vector) -> tuple[Vector, Vector]:
    """Effect in standard deviations and its deviation squared: ``(d / sd)^2 / (1/n1 + 1/n0)``; broadcasts."""
    effect = shift / np.sqrt(variance)
    return effect, (effect / spread) ** 2


def share(p0: Vector, shift: Vector, n0: Vector, n1: Vector, spread: Vector) -> tuple[Vector, Vector]:
    """Cohen's h of two shares and its deviation squared: the smaller of deviance and arcsine statistics.

    The current share ``p0 + shift`` is moved half a row towards the baseline's (continuity); all arguments
    broadcast.

    Source: reference procedure "evidence", step 5.
    """
    p1 = np.clip(p0 + shift, 0.0, 1.0)
    angle = np.arcsin(np.sqrt(p0))
    effect = 2 * (np.arcsin(np.sqrt(p1)) - angle)
    moved = p1 - p0
    corrected = np.clip(p1 - np.sign(moved) * np.minimum(0.5 / n1, np.abs(moved)), 0.0, 1.0)
    arcsine = (2 * (np.arcsin(np.sqrt(corrected)) - angle) / spread) ** 2
    pooled = (n0 * p0 + n1 * corrected) / (n0 + n1)
    deviance = 2 * (n0 * _divergence(p0, pooled) + n1 * _divergence(corrected, pooled))
    return effect, np.minimum(arcsine, np.maximum(deviance, 0.0))


def _divergence(p: Vector, q: Vector) -> Vector:
    """Binomial Kullback-Leibler divergence; q lies between p and another share."""
    q = np.clip(q, TINY, 1 - 1e-16)
    left = 1 - p
    return np.asarray(p * np.log(np.maximum(p, TINY) / q) + left * np.log(np.maximum(left, TINY) / (1 - q)))


def deflated(squared: Vector, freedom: Vector) -> Vector:
    """Student deflation ``r^2 <- nu ln(1 + r^2 / nu)``; nothing is known at 0 degrees of freedom."""
    known = np.clip(freedom, 1e-9, 1e12)
    return np.where(freedom > 0, known * np.log1p(squared / known), 0.0)


def inflated(threshold: Vector, freedom: Vector) -> Vector:
    """Deviation that the deflation takes down to a threshold: its inverse; infinite at 0 degrees."""
    known = np.clip(freedom, 1e-9, 1e12)
    with np.errstate(over="ignore"):
        return np.where(freedom > 0, np.sqrt(known * np.expm1(threshold**2 / known)), np.inf)
