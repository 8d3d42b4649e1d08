"""MLLS: the shares of the classes that make the window's scores most likely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from detectors.performance.estimates.bbse import ASSUMES, label_warnings
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.estimate import CHANGED_CLASSES, Estimate, share_interval
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.expected_metrics import LEAST_SCORE
from detectors.performance.estimates.rows import Indices, LabelledRows, Matrix, Vector

EM_STEPS = 300
STILL = 1e-6
DRAWS = 30
SLOPES = (0.05, 20.0)
"""Range of 1 / temperature."""

RIDGE = 1.0
"""Weight of "biases are 0" in rows: of a class that is seldom seen little is known."""


@dataclass(frozen=True, slots=True)
class Mlls:
    """Maximum likelihood label shift, by EM on the class shares, after bias-corrected temperature scaling.

    .. math:: q_j \\leftarrow \\sum_i u_i
              \\frac{q_j p_{ij} / \\pi_j}{\\sum_k q_k p_{ik} / \\pi_k}, \\quad p = softmax(\\log s / T + b)

    Scores that are only too sure are mended by the temperature; a bias towards a class would be taken for a
    share of it. The accuracy is the mean posterior of the answers, plus what that misses on the reference
    weighted to the shares q: without a shift it is the accuracy of the reference.

    Attributes
    ----------
    scalings, priors
        ``(1 / T, b)`` of least log loss, and mean scaled score of each class (what EM divides by, so that the
        reference stays as it is): first of the reference, then of resampled ones; shapes ``(1 + B, 1 + K)``
        and ``(1 + B, K)``.

    References
    ----------
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Neural Computation 14, equation 2.4;
    Alexandari, A., Kundaje, A. and Shrikumar, A. (2020). Maximum likelihood with bias-corrected calibration
    is hard-to-beat at label shift adaptation. ICML, section 3.
    """

    reference: LabelledRows
    scalings: Matrix
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
        known = self.reference.taken(self.reference.truth >= 0)
        lucks = resampled(known.rows.weights)
        for draw, (scaling, prior) in enumerate(zip(self.scalings, self.priors, strict=True)):
            ratio = _scaled(logs, scaling) / prior
            # Shares of another reference and another window; the answers are asked about these rows.
            drawn = u if draw == 0 else u * rng.standard_exponential(len(u))
            q = _em(ratio, shares, drawn / drawn.sum())
            right = _posterior(ratio, q)[row, answer]
            # What the scaled scores miss on the reference, in the window's shares of classes.
            missed = _missed(known, next(lucks), scaling, prior, q)
            values.append(float(u @ right) + missed)
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
    rows, known = reference.rows, reference.truth >= 0
    logs = np.log(np.maximum(rows.scores[known], LEAST_SCORE))
    truth, weights = reference.truth[known].astype(np.intp), rows.weights[known]
    k = logs.shape[1]
    scaling = np.concatenate([[1.0], np.zeros(k)])
    scalings, priors = [], []
    for draw, drawn in enumerate(resampled(weights) if k else ()):
        found = _scaling(logs, truth, drawn / drawn.sum(), rows.effective, scaling)
        scaling = found if draw == 0 else scaling
        scalings.append(found)
        priors.append(drawn @ _scaled(logs, found) / drawn.sum())
    n = len(scalings)
    return Mlls(reference, np.array(scalings).reshape(n, 1 + k), np.array(priors).reshape(n, k))


def _scaling(logs: Matrix, truth: Indices, share: Vector, rows: float, start: Vector) -> Vector:
    """``(1 / T, b)`` of least log loss, shape ``(1 + K,)``: a convex problem."""
    row = np.arange(len(truth))

    def loss(scaling: Vector) -> tuple[float, Vector]:
        told = log_softmax(logs * scaling[0] + scaling[1:], axis=1)
        off = np.exp(told)
        off[row, truth] -= 1
        off *= share[:, None]
        bias = scaling[1:] * (RIDGE / rows)
        slopes = np.concatenate([[(off * logs).sum()], off.sum(axis=0) + bias])
        return -float(share @ told[row, truth]) + float(bias @ scaling[1:]) / 2, slopes

    bounds = [SLOPES, *[(None, None)] * logs.shape[1]]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _scaled(logs: Matrix, scaling: Vector) -> Matrix:
    return np.asarray(np.exp(log_softmax(logs * scaling[0] + scaling[1:], axis=1)))


def resampled(weights: Vector) -> Iterator[Vector]:
    """The weights of a reference, then those of 30 resampled ones: the same ones every time."""
    rng = np.random.default_rng(SEED)
    yield weights
    for _ in range(DRAWS):
        yield weights * rng.standard_exponential(len(weights))


def _missed(known: LabelledRows, weights: Vector, scaling: Vector, prior: Vector, q: Vector) -> float:
    """Accuracy less its estimate on reference rows, weighted to the shares ``q`` of the classes."""
    logs = np.log(np.maximum(known.rows.scores, LEAST_SCORE))
    truth, answer = known.truth.astype(np.intp), known.rows.predicted.astype(np.intp)
    right = _posterior(_scaled(logs, scaling) / prior, q)[np.arange(len(truth)), answer]
    shares = np.bincount(truth, weights, len(q)) / weights.sum()
    by_class = np.divide(q, shares, out=np.zeros_like(q), where=shares > 0)
    wanted = weights * by_class[truth]
    return float(wanted @ (known.correct - right) / wanted.sum())


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
