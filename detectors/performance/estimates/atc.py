"""ATC: a threshold on the confidence above which answers count as right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.cbpe import covariate_warnings
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.estimate import Estimate, share_interval
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.rows import LabelledRows, Vector

ASSUMES = "as many rows lie above the threshold as answers are right, as it was in the reference"
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Atc:
    """Average thresholded confidence.

    .. math:: P_{ref}(s < t) = P_{ref}(wrong), \\quad \\widehat{accuracy} = P_{prod}(s \\ge t)

    Rows whose confidence is the threshold count in part, so that the reference's accuracy is met exactly.

    Attributes
    ----------
    thresholds, parts
        Threshold, and the part of the rows at it that count as right; the first of the reference, the others
        of resampled references, shape ``(1 + B,)``.

    References
    ----------
    Garg, S. et al. (2022). Leveraging unlabeled data to predict out-of-distribution performance. ICLR,
    equations 1 and 2.
    """

    reference: LabelledRows
    thresholds: Vector
    parts: Vector

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """Accuracy of the window."""
        frame = Frame("atc", "accuracy", window, ASSUMES, reference_effective=self.reference.rows.effective)
        if window.usable.status != "ok":
            return frame.refusal(window.usable.status, window.usable.reason)
        order = np.argsort(window.rows.confidence, kind="stable")
        ranked = window.rows.confidence[order]
        passed = np.concatenate([[0.0], window.rows.share[order].cumsum()])
        above = 1 - passed[np.searchsorted(ranked, self.thresholds, side="right")]
        at = 1 - passed[np.searchsorted(ranked, self.thresholds, side="left")] - above
        shares = np.clip(above + self.parts * at, 0, 1)
        value = float(shares[0])
        counted = value * (1 - value) / window.rows.effective
        interval = share_interval(value, counted + float(np.var(shares[1:], ddof=1)), window.rows.effective)
        baseline = float(np.average(self.reference.correct, weights=self.reference.rows.weights))
        found = frame.figure("accuracy", value, interval, baseline)
        return (found.warned(*covariate_warnings(window)),)


def fit_atc(reference: LabelledRows) -> Atc:
    """Find the threshold on a reference that can be used, and on resampled ones (Bayesian bootstrap)."""
    rng, rows = np.random.default_rng(SEED), reference.rows
    order = np.argsort(rows.confidence, kind="stable")
    score, wrong, weights = rows.confidence[order], 1 - reference.correct[order], rows.weights[order]
    found = [_threshold(score, wrong, weights)]
    found += [_threshold(score, wrong, weights * rng.standard_exponential(len(score))) for _ in range(DRAWS)]
    thresholds, parts = np.array(found).T
    return Atc(reference, thresholds, parts)


def _threshold(score: Vector, wrong: Vector, weights: Vector) -> tuple[float, float]:
    """Threshold and the part of the rows at it that count as right; scores ascend."""
    passed = weights.cumsum()
    error = float(weights @ wrong)
    at = min(int(np.searchsorted(passed, error, side="right")), len(score) - 1)
    threshold = float(score[at])
    first, last = np.searchsorted(score, threshold, side="left"), np.searchsorted(score, threshold, "right")
    below = float(passed[first - 1]) if first else 0.0
    return threshold, 1 - (error - below) / float(passed[last - 1] - below)
