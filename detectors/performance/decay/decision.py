"""Whether a model got worse: evidence of its windows as decisions, bounds and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.confidence import lower_bound, upper_bound
from detectors.performance.decay.detector import Look, chain, holding_since
from detectors.performance.decay.loss import Loss
from detectors.performance.decay.moments import Moments, pooled
from detectors.performance.decay.reference import BETS, LOG_SHARES, RiskReference
from detectors.performance.decay.spread import pooled_share, share_that_counts
from detectors.performance.decay.sums import WindowSums
from detectors.performance.decay.words import Figures
from driftline.errors import InvalidInput

DecayStatus = Literal["ok", "watch", "decayed", "insufficient_data", "no_baseline"]

LEAST_LABELLED: Final = 20.0
"""Effective labels that a window needs to be called healthy; evidence of fewer counts, but tells little."""
WATCHED: Final = 0.75
"""Part of the evidence asked for, in standard deviations, from which a window is watched."""


@dataclass(frozen=True, slots=True)
class DecayDecision:
    """What the labels so far say about one version in one window. Risks are mean losses.

    Attributes
    ----------
    evidence, threshold
        ``sqrt(2 ln SR)`` and what the budget asks for, in standard deviations; evidence NaN without a
        reference.
    since
        First window of the decay, or of the stretch that comes nearest to one.
    risk
        Mean loss of the window.
    pooled_risk, pooled_labelled
        Mean loss and labels of windows ``since`` to this one.
    risk_lower, risk_upper
        Bounds of that pooled risk, each valid at all looks of a year together with ``DecayBudget.level``.
    risk_limit
        Upper bound of the reference's risk plus tolerance.
    holds_since
        Latest window from which on the labels alone show that the risk is below the reference's
        ``harmless_limit``; ``None`` when nothing does, or while a decay is watched or open.
    """

    start: datetime
    version: str
    status: DecayStatus
    reason: str
    evidence: float
    threshold: float
    since: datetime
    labelled: int
    effective_labelled: float
    risk: float
    pooled_risk: float
    pooled_labelled: int
    risk_lower: float
    risk_upper: float
    risk_limit: float
    holds_since: datetime | None

    @property
    def shown_harmless(self) -> bool:
        """Whether quality is shown to hold in windows up to this one."""
        return self.holds_since is not None


def decide(
    windows: Sequence[WindowSums], reference: RiskReference | None, loss: Loss, budget: DecayBudget
) -> list[DecayDecision]:
    """Decide every window of one version.

    Parameters
    ----------
    windows
        Of one version (and segment), by time; windows without labels may be left out.
    reference
        That the sums of bets were made with; ``None`` when there is no labelled reference.
    loss
        Names the metric in reasons.
    budget
        The error allowed.

    Raises
    ------
    InvalidInput
        Windows out of order, of several versions, or with sums for other bets.
    """
    starts = [window.start for window in windows]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        raise InvalidInput("windows have to be given by time, each once")
    if len({window.version for window in windows}) > 1:
        raise InvalidInput("windows of several versions were given; decide each version by itself")
    if reference is None:
        return [_without_baseline(window, budget) for window in windows]
    wrong = next((w for w in windows if w.moments.labelled and len(w.log_bets) != 2 * BETS), None)
    if wrong is not None:
        raise InvalidInput(
            f"window {wrong.start} has sums of {len(wrong.log_bets)} bets, {2 * BETS} are needed: "
            "compute them again with this reference"
        )
    return _decided(windows, reference, loss, budget)


def _decided(
    windows: Sequence[WindowSums], reference: RiskReference, loss: Loss, budget: DecayBudget
) -> list[DecayDecision]:
    known = [window for window in windows if window.moments.weight > 0]
    variance = (reference.deviation * reference.bound) ** 2
    bets = np.array(
        [np.array(w.log_bets) * share_that_counts(w.moments, variance, reference.spread) for w in known]
    ).reshape(len(known), 2 * BETS)
    risks = np.array([(w.moments.risk, w.moments.weight) for w in known]).reshape(len(known), 2)
    log_threshold = math.log(budget.threshold)
    looks = chain(bets[:, :BETS], LOG_SHARES, log_threshold, risks, reference.limit)
    holding = holding_since(bets[:, BETS:], LOG_SHARES, math.log(budget.harmless_threshold))
    judge = _Judge(known, reference, loss, budget)
    by_start = {
        window.start: judge.decision(index, looks[index], holding[index])
        for index, window in enumerate(known)
    }
    decisions: list[DecayDecision] = []
    evidence = 0.0
    for window in windows:
        decision = by_start.get(window.start) or _unlabelled(window, reference, budget, evidence)
        evidence = decision.evidence
        decisions.append(decision)
    return decisions


@dataclass(frozen=True, slots=True)
class _Judge:
    windows: Sequence[WindowSums]
    reference: RiskReference
    loss: Loss
    budget: DecayBudget

    def decision(self, index: int, look: Look, holds: int) -> DecayDecision:
        window, reference = self.windows[index], self.reference
        stretch = [w.moments for w in self.windows[look.since : index + 1]]
        together = pooled(stretch)
        lower, upper = self._bounds(stretch, together)
        if look.log_evidence >= math.log(self.budget.threshold):
            # The evidence over all beginnings refutes risks up to the limit even where one alone does not.
            lower = max(lower, reference.limit)
        evidence = math.sqrt(2 * max(0.0, look.log_evidence))
        status = self._status(window.moments, look, evidence, together.risk)
        since = self.windows[look.since].start
        holds_since = self.windows[holds].start if holds >= 0 and status not in ("decayed", "watch") else None
        return DecayDecision(
            start=window.start,
            version=window.version,
            status=status,
            reason=self._reason(window, status, since, together, lower, evidence),
            evidence=evidence,
            threshold=self.budget.deviation,
            since=since,
            labelled=window.moments.labelled,
            effective_labelled=window.moments.effective,
            risk=window.moments.risk,
            pooled_risk=together.risk,
            pooled_labelled=together.labelled,
            risk_lower=lower,
            risk_upper=upper,
            risk_limit=reference.limit,
            holds_since=holds_since,
        )

    def _reason(
        self,
        window: WindowSums,
        status: DecayStatus,
        since: datetime,
        together: Moments,
        lower: float,
        evidence: float,
    ) -> str:
        figures = Figures(self.loss, self.reference.limit, evidence, self.budget)
        if status in ("decayed", "watch"):
            return figures.decay(window, since, together, lower, proven=status == "decayed")
        return figures.healthy(window, LEAST_LABELLED if status == "insufficient_data" else 0.0)

    def _bounds(self, stretch: Sequence[Moments], together: Moments) -> tuple[float, float]:
        reference = self.reference
        variance = (reference.deviation * reference.bound) ** 2
        # Evidence raised to a power g needs 1/g times as many nats.
        needed = math.log(self.budget.threshold) / pooled_share(stretch, variance, reference.spread)
        bets = (reference.stakes, LOG_SHARES)
        return (
            lower_bound(together, reference.bound, needed, *bets),
            upper_bound(together, reference.bound, needed, *bets),
        )

    def _status(self, moments: Moments, look: Look, evidence: float, pooled_risk: float) -> DecayStatus:
        if look.decayed:
            return "decayed"
        if evidence >= WATCHED * self.budget.deviation and pooled_risk > self.reference.limit:
            return "watch"
        return "ok" if moments.effective >= LEAST_LABELLED else "insufficient_data"


def _without_baseline(window: WindowSums, budget: DecayBudget) -> DecayDecision:
    few = window.moments.effective < LEAST_LABELLED
    return DecayDecision(
        start=window.start,
        version=window.version,
        status="insufficient_data" if few else "no_baseline",
        reason=f"{window.moments.effective:.0f} effective labels, {LEAST_LABELLED:.0f} needed"
        if few
        else "the baseline has no labelled rows to compare with",
        evidence=math.nan,
        threshold=budget.deviation,
        since=window.start,
        labelled=window.moments.labelled,
        effective_labelled=window.moments.effective,
        risk=window.moments.risk,
        pooled_risk=window.moments.risk,
        pooled_labelled=window.moments.labelled,
        risk_lower=math.nan,
        risk_upper=math.nan,
        risk_limit=math.nan,
        holds_since=None,
    )


def _unlabelled(
    window: WindowSums, reference: RiskReference, budget: DecayBudget, evidence: float
) -> DecayDecision:
    return DecayDecision(
        start=window.start,
        version=window.version,
        status="insufficient_data",
        reason="no labels have come yet",
        evidence=evidence,
        threshold=budget.deviation,
        since=window.start,
        labelled=window.moments.labelled,
        effective_labelled=0.0,
        risk=math.nan,
        pooled_risk=math.nan,
        pooled_labelled=0,
        risk_lower=math.nan,
        risk_upper=math.nan,
        risk_limit=reference.limit,
        holds_since=None,
    )
