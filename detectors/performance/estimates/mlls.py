"""MLLS: the shares of the classes that make the window's scores most likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from detectors.performance.estimates.bbse import ASSUMES, label_warnings
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.estimate import CHANGED_CLASSES, Estimate, share_interval
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.expected_metrics import LEAST_SCORE
from detectors.performance.estimates.rows import LabelledRows, Matrix, Vector

EM_STEPS = 300
STILL = 1e-6
DRAWS = 30
HEAT = (-3.0, 3.0)
"""Range of the logarithm of the temperature."""


@dataclass(frozen=True, slots=True)
class Mlls:
    """Maximum likelihood label shift, by EM on the class shares, after temperature scaling.

    .. math:: q_j \\leftarrow \\sum_i u_i
              \\frac{q_j p_{ij} / \\pi_j}{\\sum_k q_k p_{ik} / \\pi_k}, \\quad p = softmax(\\log s / T)

    Attributes
    ----------
    heats, priors
        Temperature of least log loss, and mean scaled score of each class (what EM divides by, so that the
        reference stays as it is): first of the reference, then of resampled ones; shapes ``(1 + B,)`` and
        ``(1 + B, K)``.

    References
    ----------
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Neural Computation 14, equation 2.4;
    Alexandari, A., Kundaje, A. and Shrikumar, A. (2020). ICML; Guo, C. et al. (2017). ICML, section 4.2.
    """

    reference: LabelledRows
    heats: Vector
    priors: Matrix

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """Accuracy of the window; its details name the estimated share of each class."""
        rows, n_ref = window.rows, self.reference.rows.effective
        frame = Frame("mlls", "accuracy", window, ASSUMES, CHANGED_CLASSES, n_ref)
        if window.usable.status != "ok":
            return frame.refusal(window.usable.status, window.usable.reason)
        if not rows.scores.shape[1]:
            return frame.refusal("no_scores", "the answers come without the scores of all classes")
        if not self.priors.min() > 0:
            return frame.refusal("ill_conditioned", "a class has no score in the reference")
        rng, u, answer = np.random.default_rng(SEED), rows.share, rows.predicted.astype(np.intp)
        logs, row = np.log(np.maximum(rows.scores, LEAST_SCORE)), np.arange(len(rows))
        values = []
        shares = self.priors[0]
        for draw, (heat, prior) in enumerate(zip(self.heats, self.priors, strict=True)):
            ratio = _scaled(logs, float(heat)) / prior
            # Shares of another reference and another window; the answers are asked about these rows.
            drawn = u if draw == 0 else u * rng.standard_exponential(len(u))
            q = _em(ratio, shares, drawn / drawn.sum())
            right = _posterior(ratio, q)[row, answer]
            values.append(float(u @ right))
            if draw == 0:
                shares, counted = q, float(u**2 @ (right * (1 - right)))
        value = min(1.0, max(0.0, values[0]))
        interval = share_interval(value, counted + float(np.var(values[1:], ddof=1)), rows.effective)
        details = {"class_shares": dict(zip(rows.classes, shares.tolist(), strict=True))}
        baseline = float(np.average(self.reference.correct, weights=self.reference.rows.weights))
        found = frame.figure("accuracy", value, interval, baseline, details=details)
        return (found.warned(*label_warnings(window)),)


def fit_mlls(reference: LabelledRows) -> Mlls:
    """Scale the scores of a reference that can be used, and of resampled ones (Bayesian bootstrap)."""
    rng, rows = np.random.default_rng(SEED), reference.rows
    known = reference.truth >= 0
    logs = np.log(np.maximum(rows.scores[known], LEAST_SCORE))
    truth, weights = reference.truth[known].astype(np.intp), rows.weights[known]
    heats, priors = [], []
    for draw in range(DRAWS + 1 if logs.shape[1] else 0):
        drawn = weights if draw == 0 else weights * rng.standard_exponential(len(weights))
        heat = _heat(logs, truth, drawn / drawn.sum())
        heats.append(heat)
        priors.append(drawn @ _scaled(logs, heat) / drawn.sum())
    return Mlls(reference, np.array(heats), np.array(priors).reshape(len(heats), logs.shape[1]))


def _heat(logs: Matrix, truth: np.ndarray[tuple[int, ...], np.dtype[np.intp]], share: Vector) -> float:
    """Temperature of least log loss."""
    row = np.arange(len(truth))

    def loss(log_heat: float) -> float:
        return -float(share @ log_softmax(logs / np.exp(log_heat), axis=1)[row, truth])

    return float(np.exp(minimize_scalar(loss, bounds=HEAT, method="bounded", options={"xatol": 1e-3}).x))


def _scaled(logs: Matrix, heat: float) -> Matrix:
    return np.exp(log_softmax(logs / heat, axis=1))


def _posterior(ratio: Matrix, q: Vector) -> Matrix:
    joint = ratio * q
    return np.asarray(joint / np.maximum(joint.sum(axis=1, keepdims=True), LEAST_SCORE))


def _em(ratio: Matrix, start: Vector, share: Vector) -> Vector:
    q = start / start.sum()
    for _ in range(EM_STEPS):
        after = share @ _posterior(ratio, q)
        still = np.abs(after - q).max() < STILL
        q = after / after.sum()
        if still:
            break
    return np.asarray(q)
