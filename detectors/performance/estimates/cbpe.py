"""CBPE: what calibrated scores expect of a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.assumptions import hidden_shift
from detectors.performance.estimates.class_calibration import ClassCalibration, fit_class_calibration
from detectors.performance.estimates.class_figures import Figures, class_figures, realised_figures
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.estimate import Estimate
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.rows import LabelledRows
from driftline.errors import DependencyMissing

ASSUMES = (
    "a score means what it meant in the reference: inputs may change, the truth at a given score may not"
)
POORLY_CALIBRATED = 0.05
HIDDEN = 1e-2
"""p-value below which inputs are said to matter beside the score: wrong in one window in 100."""


@dataclass(frozen=True, slots=True)
class Cbpe:
    """Confidence-based performance estimation.

    .. math:: E[accuracy] = \\sum_i u_i c_i(\\hat y_i), \\quad
              Var = \\sum_i u_i^2 c_i (1 - c_i) + Var_{reference}

    with calibrated probabilities c and weights u that add up to 1.

    References
    ----------
    Kuberski, W. et al. (2024), arXiv:2407.08649, section 3; arXiv:2505.05295.
    """

    reference: LabelledRows
    calibration: ClassCalibration
    baseline: Figures

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """Accuracy, and with scores of every class all else that follows from them."""
        frame = Frame(
            "cbpe",
            "accuracy",
            window,
            ASSUMES,
            reference_effective=self.reference.rows.effective,
            warnings=(),
        )
        if window.usable.status != "ok":
            return frame.refusal(window.usable.status, window.usable.reason)
        warnings = (
            *covariate_warnings(window),
            *hidden_warnings(window, self.calibration),
            *calibration_warnings(self.calibration),
        )
        return tuple(one.warned(*warnings) for one in class_figures(frame, self.calibration, self.baseline))


def fit_cbpe(reference: LabelledRows) -> Cbpe:
    """Calibrate the scores of a reference that can be used."""
    calibration = fit_class_calibration(reference, reference.rows.weights, np.random.default_rng(SEED))
    return Cbpe(reference, calibration, realised_figures(reference))


def covariate_warnings(window: Compared) -> tuple[str, ...]:
    """Signs that more than the inputs changed, or that the reference lacks such rows."""
    found, shift = list(window.support), window.label_shift
    if shift is not None and shift.seems:
        most = int(np.argmax(np.abs(shift.shares - shift.reference_shares)))
        found.append(
            "the window looks as if the shares of the classes had moved (the share of one from "
            f"{shift.reference_shares[most]:.0%} to {shift.shares[most]:.0%}): then a score no longer means "
            "what it meant, and BBSE and MLLS fit better"
        )
    return tuple(found)


def hidden_warnings(window: Compared, calibration: ClassCalibration) -> tuple[str, ...]:
    """That inputs moved which matter beside the score; not looked for without the density ratio."""
    try:
        ratio = window.ratio.ratio
    except DependencyMissing:
        return ()
    known = window.reference
    off, p = hidden_shift(known.correct - calibration.believed(known.rows).correct, known.rows.weights, ratio)
    if p >= HIDDEN:
        return ()
    return (
        f"reference rows like the window's are right {abs(off):.1%} {'more' if off > 0 else 'less'} often "
        f"than their scores say (p = {p:.1g}): inputs moved that matter beside the score, and PAPE or DLE, "
        "which look at them, fit better",
    )


def calibration_warnings(calibration: ClassCalibration) -> tuple[str, ...]:
    """That scores cannot be calibrated well."""
    if calibration.error <= POORLY_CALIBRATED:
        return ()
    return (f"calibrated scores are still off by {calibration.error:.1%} on average on the reference",)
