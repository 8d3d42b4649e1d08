"""All estimators of a model, fitted on its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.performance.estimates.atc import fit_atc
from detectors.performance.estimates.bbse import fit_bbse
from detectors.performance.estimates.cbpe import Cbpe, fit_cbpe
from detectors.performance.estimates.compared import Compared
from detectors.performance.estimates.dle import Dle, fit_dle
from detectors.performance.estimates.estimate import Estimate, EstimateStatus, EstimatorName
from detectors.performance.estimates.estimator import Estimator, FittedEstimator, Frame
from detectors.performance.estimates.mlls import fit_mlls
from detectors.performance.estimates.pape import fit_pape
from detectors.performance.estimates.reference import EstimatorReference
from detectors.performance.estimates.row_losses import row_losses
from detectors.performance.estimates.rows import LabelledRows, ScoredRows
from detectors.performance.estimates.usable_rows import usable_reference
from driftline.contracts import Contract
from driftline.quality_contract import Quality

BY_SCORES: Final[Mapping[EstimatorName, Estimator]] = {
    "cbpe": fit_cbpe,
    "pape": fit_pape,
    "atc": fit_atc,
    "bbse": fit_bbse,
    "mlls": fit_mlls,
}
"""Estimators of classification by scores, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class FittedEstimators:
    """Estimators of one model.

    Attributes
    ----------
    metric
        The one that decides decay.
    reference, kept
        As it is stored, and the rows of it that can be used.
    status, reason
        ``ok``, or why nothing can be estimated.
    fitted
        By name, in the order in which they are shown.
    loss_limit
        Highest loss of a row in a regression, as the error proxy counts it.
    """

    metric: str
    reference: EstimatorReference
    kept: LabelledRows
    status: EstimateStatus
    reason: str
    fitted: Mapping[EstimatorName, FittedEstimator]
    loss_limit: float

    @property
    def cbpe(self) -> Cbpe | None:
        """The calibrated scores, where there are any."""
        found = self.fitted.get("cbpe")
        return found if isinstance(found, Cbpe) else None

    @property
    def dle(self) -> Dle | None:
        """The regression of the loss, where there is one."""
        found = self.fitted.get("dle")
        return found if isinstance(found, Dle) else None

    def estimate(self, rows: ScoredRows) -> list[Estimate]:
        """Figures of a window by every estimator; one with status and reason from each that has none."""
        window = Compared(self.kept, rows)
        if self.status != "ok":
            frame = Frame("cbpe" if rows.classes else "dle", self.metric, window, "")
            return list(frame.refusal(self.status, self.reason))
        found = [figure for one in self.fitted.values() for figure in one.estimate(window)]
        return [one.warned(*_contradictions(one, found)) for one in found]


def fit_estimators(contract: Contract, quality: Quality, reference: EstimatorReference) -> FittedEstimators:
    """Fit every estimator that the task and the scores allow; takes about a second, so keep the result.

    Parameters
    ----------
    contract, quality
        Of the model; the primary metric and its parameters are taken from them.
    """
    kept, status, reason = usable_reference(reference.rows)
    scored = status == "ok"
    if status in ("no_scores", "constant_scores"):
        # The loss can still be regressed on the inputs.
        status = "ok" if contract.columns() and kept.rows.features.shape[1] else status
    fitted: dict[EstimatorName, FittedEstimator] = {}
    losses = row_losses(kept, quality) if len(kept) else {}
    if status == "ok":
        if scored and kept.rows.classes:
            fitted.update({name: fit(kept) for name, fit in BY_SCORES.items()})
        fitted["dle"] = fit_dle(kept, losses)
    primary = quality.primary if quality.primary in losses else next(iter(losses), quality.primary)
    limit = quality.loss_limit or (float(np.nanquantile(losses[primary], 0.99)) if losses else 1.0)
    return FittedEstimators(quality.primary, reference, kept, status, reason, fitted, limit)


def _contradictions(one: Estimate, found: Sequence[Estimate]) -> list[str]:
    """PAPE and DLE see inputs that the score does not: where they exclude an estimate by scores alone."""
    if one.estimator not in ("cbpe", "atc") or not one.usable:
        return []
    return [
        f"{other.estimator.upper()}, which looks at the inputs too, says {other.value:.3g} "
        f"({other.lower:.3g} to {other.upper:.3g})"
        for other in found
        if other.estimator in ("pape", "dle")
        and (other.metric, other.class_name, other.status) == (one.metric, one.class_name, "ok")
        and (other.lower > one.upper or other.upper < one.lower)
    ]
