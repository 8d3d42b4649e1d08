"""DLE: the loss itself is regressed on inputs and answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.cbpe import covariate_warnings
from detectors.performance.estimates.compared import SEED, Compared
from detectors.performance.estimates.estimate import Estimate, loss_interval, share_interval
from detectors.performance.estimates.estimator import Frame
from detectors.performance.estimates.loss_model import LossModel, fit_loss_model
from detectors.performance.estimates.pape import overlap_warnings
from detectors.performance.estimates.rows import LabelledRows, Vector
from driftline.errors import DependencyMissing

ASSUMES = (
    "the loss to expect at given inputs is what it was in the reference, which holds enough rows like these"
)


@dataclass(frozen=True, slots=True)
class Dle:
    """Direct loss estimation.

    .. math:: E[loss] = \\sum_i u_i \\hat\\ell(x_i, f(x_i))

    The regression is calibrated on reference rows it did not see, weighted by the density ratio.

    References
    ----------
    NannyML's direct loss estimation; the weighting as in PAPE, arXiv:2401.08348.
    """

    models: Mapping[str, LossModel]
    baseline: Mapping[str, float]
    missing: str = ""

    def estimate(self, window: Compared) -> tuple[Estimate, ...]:
        """Mean of every loss; of ``wrong`` the accuracy."""
        primary = next(iter(self.baseline))
        frame = Frame("dle", primary, window, ASSUMES)
        usable = window.usable
        if self.missing:
            return frame.refusal("dependency_missing", self.missing)
        if usable.status not in ("ok", "constant_scores", "no_scores"):
            return frame.refusal(usable.status, usable.reason)
        ratio = window.ratio
        warnings = (*overlap_warnings(window, ratio), *covariate_warnings(window))
        frame = Frame("dle", primary, window, ASSUMES, reference_effective=ratio.effective, warnings=warnings)
        found = []
        for metric, model in self.models.items():
            told = model.predict(window.rows, ratio.ratio)
            part = window.rows.sampled_share
            variance = part * told.counted + (1 - part) * told.sampled + told.learned
            value = told.value
            if metric == "accuracy":
                value = 1 - min(1.0, max(0.0, value))
                interval = share_interval(value, variance, window.rows.effective)
            else:
                interval = loss_interval(value, variance)
            found.append(frame.figure(metric, value, interval, self.baseline[metric]))
        if "mse" in self.models:
            found.append(_root(frame, found[list(self.models).index("mse")]))
        return tuple(found)


def fit_dle(reference: LabelledRows, losses: Mapping[str, Vector]) -> Dle:
    """Learn every loss of a reference that can be used.

    Parameters
    ----------
    losses
        Loss of every reference row by metric, NaN where a row has none; of ``accuracy`` 1 where the answer
        is wrong. The first metric is the primary one.
    """
    rng, models, baseline = np.random.default_rng(SEED), {}, {}
    missing = ""
    for metric, loss in losses.items():
        known = np.isfinite(loss)
        mean = float(np.average(loss[known], weights=reference.rows.weights[known]))
        baseline[metric] = 1 - mean if metric == "accuracy" else mean
        try:
            models[metric] = fit_loss_model(reference, loss, rng)
        except DependencyMissing as error:
            missing = error.message
    return Dle(models, baseline, missing)


def _root(frame: Frame, mse: Estimate) -> Estimate:
    low, value, high = (float(np.sqrt(one)) for one in (mse.lower, mse.value, mse.upper))
    return frame.figure("rmse", value, (low, high), float(np.sqrt(mse.baseline_value)))
