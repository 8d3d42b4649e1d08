"""What windows are compared with: the risk of a reference, the limit made of it, and the bets against it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detectors.performance.decay.confidence import MOST, upper_bound_once
from detectors.performance.decay.moments import Moments
from driftline.errors import InvalidInput

Vector = NDArray[np.float64]

EFFECTS: Final[Vector] = np.asarray(0.015 * 1.7 ** np.arange(8), dtype=np.float64)
"""Effects that the bets are best at, in standard deviations of one loss: .015 to .62.

A bet made for another effect by a factor of at most sqrt(1.7) finds it with at least 93% of the evidence. The
smallest is shown after about 100,000 labels.
"""
SHARES: Final[Vector] = np.array([1.0, 1, 3, 12, 16, 3, 1, 1]) / 38
"""Shares of the bets: those that find an error up by 5 points in three windows of 1,000 labels have the most.

A share of s costs ``-ln s`` nats: here .9 and 1.2 for those effects (.07 and .13 standard deviations) and 3.6
for the farthest, which at the default budget needs a tenth more labels than with even shares.
"""
LOG_SHARES: Final[Vector] = np.log(SHARES)
BETS: Final = len(EFFECTS)

_LEAST_SPREAD: Final = 1e-4
"""Variance of one loss is taken for at least this part of the highest that its mean allows."""


@dataclass(frozen=True, slots=True)
class RiskReference:
    """The mean loss of a reference and what the risk of the stream is held against.

    Attributes
    ----------
    labelled
        Effective labelled events.
    risk, variance
        Mean of the loss and variance of one loss.
    upper
        Upper confidence bound of the reference's risk.
    tolerance
        What the owner accepts beyond, in units of the loss.
    limit
        ``min(upper + tolerance, bound)``: risks up to here are no decay.
    harmless_limit
        ``min(upper + max(tolerance, margin), bound)``: quality is shown to hold when the risk is shown to be
        below. What lies between both limits may be told as decay, and is a small one.
    bound
        Highest loss of one event.
    weight_limit
        Highest weight of one event; heavier ones count as this.
    usual_weight
        ``sum u^2 / sum u`` of weights u that are expected, by ``weight_limit``.
    spread
        Long-run variance between windows of the risk itself, beyond what single losses explain; see
        :func:`detectors.performance.decay.spread.between_windows`.
    """

    labelled: float
    risk: float
    variance: float
    upper: float
    tolerance: float
    limit: float
    bound: float
    weight_limit: float = 1.0
    usual_weight: float = 1.0
    spread: float = 0.0
    harmless_limit: float = math.nan

    def __post_init__(self) -> None:
        if math.isnan(self.harmless_limit):
            object.__setattr__(self, "harmless_limit", self.limit)

    @classmethod
    def from_moments(
        cls,
        moments: Moments,
        bound: float,
        alpha: float,
        tolerance: float,
        *,
        weight_limit: float = 1.0,
        usual_weight: float | None = None,
        spread: float = 0.0,
        windows: float = math.inf,
        margin: float = 0.0,
    ) -> RiskReference:
        """From sums over the reference's labelled events.

        Parameters
        ----------
        moments
            With losses clipped at ``bound`` and weights divided by ``weight_limit``.
        alpha
            Error of the upper bound: ``DecayBudget.alpha_reference``.
        tolerance
            Not negative, in units of the loss.
        usual_weight
            When the stream's weights are unlike the reference's; the reference's when absent.
        spread, windows
            What ``between_windows`` says of the reference: the risk of so few windows is less sure, by
            ``z sqrt(spread / windows)`` in quadrature.
        margin
            Rise up to which a model is called harmless, not negative, in units of the loss; the tolerance
            when that is larger.

        Raises
        ------
        InvalidInput
            No labelled events, or a number outside its range.
        """
        if moments.weight <= 0:
            raise InvalidInput(
                "the reference has no labelled events: decay cannot be decided; give labels for "
                "its time range, or a reference file with a label column"
            )
        for name, value, high in (
            ("bound", bound, math.inf),
            ("alpha", alpha, 1.0),
            ("weight_limit", weight_limit, math.inf),
        ):
            if not 0 < value < high:
                raise InvalidInput(
                    f"{name} of a risk reference must lie between 0 and {high:g}, got {value!r}"
                )
        if not (tolerance >= 0 and spread >= 0 and margin >= 0):
            raise InvalidInput(
                f"tolerance, margin and spread are not negative, got {tolerance!r}, {margin!r} and {spread!r}"
            )
        half = upper_bound_once(moments, bound, alpha) - moments.risk
        upper = min(
            bound, moments.risk + math.hypot(half, float(ndtri(1 - alpha)) * math.sqrt(spread / windows))
        )
        return cls(
            labelled=moments.effective,
            risk=moments.risk,
            variance=moments.variance,
            upper=upper,
            tolerance=tolerance,
            limit=min(bound, upper + tolerance),
            bound=bound,
            weight_limit=weight_limit,
            usual_weight=moments.usual_weight if usual_weight is None else usual_weight,
            spread=spread,
            harmless_limit=min(bound, upper + max(tolerance, margin)),
        )

    @classmethod
    def from_counts(cls, labelled: int, correct: int, alpha: float, tolerance: float) -> RiskReference:
        """From right and wrong answers, all that older baselines know.

        >>> reference = RiskReference.from_counts(10_000, 9_000, 0.05, 0.02)
        >>> round(reference.upper, 4), round(reference.limit, 4)
        (0.1051, 0.1251)
        """
        if not 0 <= correct <= labelled:
            raise InvalidInput(f"{correct} correct answers of {labelled} labelled ones are not possible")
        n, wrong = float(labelled), float(labelled - correct)
        return cls.from_moments(Moments(labelled, n, n, wrong, wrong, wrong), 1.0, alpha, tolerance)

    @property
    def deviation(self) -> float:
        """Standard deviation of one loss at the limit, in units of ``bound``.

        The variance keeps its proportion to ``m (B - m)``, the highest that the mean allows, and which a
        loss of 0 or B has.
        """
        r, m = self.risk / self.bound, min(1 - 1e-6, self.limit / self.bound)
        highest = r * (1 - r)
        part = self.variance / self.bound**2 / highest if highest > 0 else 1.0
        return math.sqrt(min(1.0, max(_LEAST_SPREAD, part)) * m * (1 - m))

    @property
    def stakes(self) -> Vector:
        """Bets in units of ``1 / bound``, before the worst case cuts them down; shape ``(BETS,)``.

        ``effect / (deviation * usual_weight)``, which for a loss of 0 or 1 is Kelly's bet.
        """
        return EFFECTS / (self.deviation * max(self.usual_weight, 1e-12))

    @property
    def lambdas(self) -> Vector:
        """Signed bets on the loss: ``BETS`` on above the limit, then as many on below the harmless one.

        Every factor ``1 + lambda u (x - m)`` with x in [0, B] and u in [0, 1] is at least .05.
        """
        m, held = self.limit / self.bound, self.harmless_limit / self.bound
        above = np.minimum(self.stakes, MOST / m)
        below = np.minimum(self.stakes, MOST / max(1 - held, 1e-9))
        return np.asarray(np.concatenate([above, -below]) / self.bound)

    @property
    def limits(self) -> Vector:
        """What each of :attr:`lambdas` bets against; shape ``(2 * BETS,)``."""
        return np.repeat([self.limit, self.harmless_limit], BETS)

    def to_json(self) -> str:
        """For ``baseline_quality_figures.details``."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RiskReference:
        """What :meth:`to_json` wrote."""
        return cls(**json.loads(text))
