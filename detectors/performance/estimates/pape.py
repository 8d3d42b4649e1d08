"""PAPE: scores calibrated as if the reference had been drawn where production is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.cbpe import calibration_warnings, covariate_warnings
from detectors.performance.estimates.class_calibration import fit_class_calibration
from detectors.performance.estimates.class_figures import Figures, class_figures, realised_figures
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.density_ratio import DensityRatio
from detectors.performance.estimates.estimate import Estimate
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.rows import LabelledRows
from driftline.errors import DependencyMissing

ASSUMES = (
    "the truth at given inputs is what it was in the reference, "
    "and the reference holds enough rows like these"
)
LOW_ROWS, LOW_SHARE, MOST_CLIPPED = 100.0, 0.1, 0.05


@dataclass(frozen=True, slots=True)
class Pape:
    """CBPE with a calibration weighted by the density ratio of production to reference.

    References
    ----------
    Bialek, J. et al. (2024). arXiv:2401.08348, section 4.
    """

    reference: LabelledRows
    baseline: Figures

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """The figures of CBPE; ``reference_effective`` are the reference's rows that count here."""
        usable = window.usable
        if usable.status != "ok":
            return Frame("pape", "accuracy", window, ASSUMES).refusal(usable.status, usable.reason)
        try:
            ratio = window.ratio
        except DependencyMissing as error:
            return Frame("pape", "accuracy", window, ASSUMES).refusal("dependency_missing", error.message)
        weights = self.reference.rows.weights * ratio.ratio
        calibration = fit_class_calibration(self.reference, weights, np.random.default_rng(SEED))
        frame = Frame("pape", "accuracy", window, ASSUMES, reference_effective=ratio.effective)
        warnings = (
            *overlap_warnings(window, ratio),
            *covariate_warnings(window),
            *calibration_warnings(calibration),
        )
        return tuple(one.warned(*warnings) for one in class_figures(frame, calibration, self.baseline))


def fit_pape(reference: LabelledRows) -> Pape:
    """Nothing is learned before a window is there: only the reference is kept."""
    return Pape(reference, realised_figures(reference))


def overlap_warnings(window: Compared, ratio: DensityRatio) -> tuple[str, ...]:
    """That few reference rows are like the window's."""
    found, of = [], window.reference.rows.effective
    if ratio.effective < max(LOW_ROWS, LOW_SHARE * of):
        found.append(f"only {ratio.effective:.0f} of {of:.0f} effective reference rows are like the window's")
    if ratio.clipped > MOST_CLIPPED:
        found.append(f"{ratio.clipped:.0%} of the weight is on rows that production has far more of; cut off")
    return tuple(found)
