"""BBSE: the shares of the classes from the shares of the answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.estimate import CHANGED_CLASSES, Estimate, share_interval
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.rows import LabelledRows, Matrix, Vector

ASSUMES = "rows of each class look as they did in the reference; only the shares of the classes changed"
WORST_CONDITION = 100.0
"""Ratio of the largest to the smallest singular value of the answers by class."""

CONTRADICTED = 1e-3
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Bbse:
    """Black-box shift estimation.

    .. math:: C w = \\mu, \\quad C_{ij} = P_{ref}(\\hat y = i, y = j), \\quad \\mu_i = P_{prod}(\\hat y = i),
              \\quad \\widehat{accuracy} = \\sum_j w_j C_{jj}

    The interval is that of the difference to the realised accuracy, from simulated references and windows.

    Attributes
    ----------
    joint
        C, shape ``(K, K)``.

    References
    ----------
    Lipton, Z., Wang, Y. and Smola, A. (2018). Detecting and correcting for label shift with black box
    predictors. ICML, equation 3.
    """

    reference: LabelledRows
    joint: Matrix

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """Accuracy of the window; its details name the estimated share of each class."""
        rows, n_ref = window.rows, self.reference.rows.effective
        frame = Frame("bbse", "accuracy", window, ASSUMES, CHANGED_CLASSES, n_ref)
        # Scores are not looked at: they may be constant or missing.
        if window.usable.status not in ("ok", "constant_scores", "no_scores"):
            return frame.refusal(window.usable.status, window.usable.reason)
        prior = self.joint.sum(axis=0)
        if (prior <= 0).any():
            missing = ", ".join(rows.classes[k] for k in np.flatnonzero(prior <= 0))
            return frame.refusal("ill_conditioned", f"no labelled reference row is of class {missing}")
        condition = float(np.linalg.cond(self.joint / prior))
        if condition > WORST_CONDITION:
            told = f"condition {condition:.3g}, {WORST_CONDITION:g} at most"
            reason = f"answers tell classes apart too badly: {told}"
            return frame.refusal("ill_conditioned", reason)
        answers = rows.predicted.astype(np.intp)
        seen = answers >= 0
        if not seen.any():
            return frame.refusal("unusable_scores", "no row has an answer that is known")
        counts = np.bincount(answers[seen], rows.share[seen], len(prior)).astype(np.float64)
        mu = np.asarray(counts / counts.sum())
        ratio = class_ratio(self.joint, mu)
        value = min(1.0, float(ratio @ np.diag(self.joint)))
        variance = self._variance(self.joint * ratio, n_ref, rows.effective)
        interval = share_interval(value, variance, rows.effective)
        details = {"class_shares": dict(zip(rows.classes, (ratio * prior).tolist(), strict=True))}
        found = frame.figure("accuracy", value, interval, float(np.trace(self.joint)), details=details)
        return (found.warned(*label_warnings(window)),)

    def _variance(self, expected: Matrix, n_ref: float, n: float) -> float:
        """Variance of estimate less realised accuracy when the window is drawn from ``expected``."""
        rng, shape = np.random.default_rng(SEED), self.joint.shape
        references = rng.multinomial(max(1, round(n_ref)), self.joint.ravel(), DRAWS) / max(1, round(n_ref))
        total = expected / expected.sum()
        windows = rng.multinomial(max(1, round(n)), total.ravel(), DRAWS) / max(1, round(n))
        off = []
        for reference, drawn in zip(references, windows, strict=True):
            joint, table = reference.reshape(shape), drawn.reshape(shape)
            off.append(class_ratio(joint, table.sum(axis=1)) @ np.diag(joint) - np.trace(table))
        return float(np.mean(np.square(off)))


def fit_bbse(reference: LabelledRows) -> Bbse:
    """Count the answers by class on a reference that can be used."""
    k = len(reference.rows.classes)
    known = (reference.truth >= 0) & (reference.rows.predicted >= 0)
    place = (reference.rows.predicted[known] * k + reference.truth[known]).astype(np.intp)
    counts = np.bincount(place, reference.rows.weights[known], k * k)
    return Bbse(reference, (counts / counts.sum()).reshape(k, k))


def class_ratio(joint: Matrix, answers: Vector) -> Vector:
    """Share of each class in production over that in the reference; none below 0, shares summing to 1.

    Parameters
    ----------
    joint
        Share of rows by answer (row) and class (column) in the reference, shape ``(K, K)``.
    answers
        Share of each answer in production, shape ``(K,)``.

    Examples
    --------
    >>> class_ratio(np.array([[0.4, 0.1], [0.1, 0.4]]), np.array([0.2, 0.8])).round(9).tolist()
    [0.0, 2.0]
    >>> class_ratio(np.array([[0.4, 0.1], [0.1, 0.4]]), np.array([0.35, 0.65])).round(9).tolist()
    [0.5, 1.5]
    """
    found = np.maximum(np.linalg.lstsq(joint, answers, rcond=None)[0], 0)
    total = float(found @ joint.sum(axis=0))
    return np.asarray(found / total) if total > 0 else np.ones(len(answers))


def label_warnings(window: Compared) -> tuple[str, ...]:
    """Signs that more than the shares of the classes changed."""
    shift = window.label_shift
    if shift is None or shift.fits >= CONTRADICTED:
        return ()
    return (
        "the window is no mixture of the reference's classes in other shares "
        f"(p = {shift.fits:.1g}): inputs changed within the classes, and CBPE or PAPE fit better",
    )
