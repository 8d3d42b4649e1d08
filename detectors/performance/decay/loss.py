"""What one labelled event costs: the loss whose mean decides about decay.

Every loss lies in ``[0, bound]`` and is larger for worse answers, also where the metric is a gain: accuracy
is ``1 - mean loss``. The same loss is written twice, as a ClickHouse expression over ``labelled_events`` and
in NumPy; a test holds them equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from detectors.performance.decay.text_expressions import COUNTED, LOSSES, WEIGHTS
from driftline.errors import InvalidInput
from driftline.quality_contract import Quality

LossKind = Literal[
    "wrong",
    "log_loss",
    "brier",
    "absolute",
    "squared",
    "percentage",
    "quantile",
    "wrong_pair",
    "false_acceptance",
    "false_rejection",
    "kpi_lost",
    "kpi_cost",
    "event",
]
ScoreLayout = Literal["each", "one", "predicted"]

NEAREST: Final = 2.220446049250313e-16
"""Probabilities are kept this far from 0 and 1 under the logarithm."""
SUM_TOLERANCE: Final = 0.01
"""Probabilities whose sum is off 1 by more are not usable, and their events do not count."""

_P_OF_TRUTH: Final[Mapping[ScoreLayout, str]] = {
    "each": "scores[indexOf({loss_classes:Array(String)}, toString(truth))]",
    "one": "if(truth = {loss_classes:Array(String)}[1], scores[1], 1 - scores[1])",
    "predicted": "if(truth = prediction, scores[1], 1 - scores[1])",
}
_EXPRESSIONS: Final[Mapping[LossKind, str]] = {
    "wrong": "toFloat64(truth != prediction)",
    "absolute": "abs(truth_value - predicted_value)",
    "squared": "(truth_value - predicted_value) * (truth_value - predicted_value)",
    "percentage": "abs(truth_value - predicted_value) / abs(truth_value)",
    "quantile": "greatest({loss_quantile:Float64} * (truth_value - predicted_value), "
    "({loss_quantile:Float64} - 1) * (truth_value - predicted_value))",
    "wrong_pair": "toFloat64((predicted_value >= {loss_threshold:Float64}) != (truth_value >= 0.5))",
    "false_acceptance": "toFloat64(predicted_value >= {loss_threshold:Float64})",
    "false_rejection": "toFloat64(NOT (predicted_value >= {loss_threshold:Float64}))",
    "kpi_lost": "{loss_origin:Float64} - truth_value",
    "kpi_cost": "truth_value - {loss_origin:Float64}",
}
_COUNTED: Final[Mapping[LossKind, str]] = {
    "false_acceptance": "truth_value < 0.5",
    "false_rejection": "truth_value >= 0.5",
    "percentage": "truth_value != 0",
}
_USABLE: Final = "NOT arrayExists(s -> NOT (s >= 0 AND s <= 1), scores)"
_REGRESSION: Final[Mapping[str, LossKind]] = {
    "mae": "absolute",
    "mse": "squared",
    "mape": "percentage",
    "quantile_loss": "quantile",
}
_PAIRS: Final[Mapping[str, LossKind]] = {
    "accuracy": "wrong_pair",
    "far": "false_acceptance",
    "frr": "false_rejection",
}
_ALL_OR_NOTHING: Final = ("wrong", "wrong_pair", "false_acceptance", "false_rejection")
_GAINS: Final = ("accuracy", "ndcg", "average_precision", "reciprocal_rank", "recall", "ctr")


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one event, of a closed set of kinds.

    Attributes
    ----------
    metric
        Whose mean loss it is, as in the contract.
    kind
        The formula; ``event``: that of a ranking or a transcript, by its metric.
    bound
        Highest loss; what lies above counts as this. NaN while it still has to be learned, see
        :attr:`learned`.
    origin, gain
        The metric is ``origin - risk`` for a gain, else ``origin + risk``.
    name
        Of the labels it is computed from: empty for the truth, else a business figure.
    """

    metric: str
    kind: LossKind
    bound: float
    origin: float = 0.0
    gain: bool = False
    name: str = ""
    layout: ScoreLayout = "each"
    classes: tuple[str, ...] = ()
    threshold: float = 0.5
    quantile: float = 0.5
    k: int = 10

    @property
    def learned(self) -> bool:
        """Whether the bound has to be learned from the reference: see ``learned_bound``."""
        return math.isnan(self.bound)

    def bounded(self, bound: float) -> Loss:
        """The same loss with another bound.

        Raises
        ------
        InvalidInput
            The bound is not a positive number.
        """
        if not (math.isfinite(bound) and bound > 0):
            raise InvalidInput(
                f"the highest loss of one event must be a number above 0, got {bound!r}: the reference's "
                f"losses of {self.metric} have no spread; set quality.loss_limit"
            )
        return replace(self, bound=bound)

    def value(self, risk: float) -> float:
        """The metric at a mean loss.

        >>> Loss("accuracy", "wrong", 1.0, origin=1.0, gain=True).value(0.125)
        0.875
        """
        return self.origin - risk if self.gain else self.origin + risk

    def risk(self, value: float) -> float:
        """The mean loss at a value of the metric."""
        return self.origin - value if self.gain else value - self.origin

    @property
    def all_or_nothing(self) -> bool:
        """Whether a loss is 0 or the bound."""
        return self.kind in _ALL_OR_NOTHING

    @property
    def expression(self) -> str:
        """The loss in SQL, before it is clipped."""
        p = _P_OF_TRUTH[self.layout]
        if self.kind == "log_loss":
            return f"-log(least(greatest({p}, {NEAREST!r}), 1 - {NEAREST!r}))"
        if self.kind == "brier":
            if self.layout != "each":
                return f"(1 - {p}) * (1 - {p})"
            return f"(arraySum(s -> s * s, scores) - 2 * {p} + 1) * {_brier_scale(self.classes)!r}"
        return LOSSES[self.metric] if self.kind == "event" else _EXPRESSIONS[self.kind]

    @property
    def weight(self) -> str:
        """The factor on an event's weight, in SQL."""
        return WEIGHTS.get(self.metric, "1.") if self.kind == "event" else "1."

    @property
    def counted(self) -> str:
        """Which rows count, in SQL."""
        if self.kind in ("log_loss", "brier"):
            if self.layout != "each":
                return f"length(scores) = 1 AND {_USABLE}"
            near = f"abs(arraySum(scores) - 1) <= {SUM_TOLERANCE!r}"
            return f"length(scores) = length({{loss_classes:Array(String)}}) AND {_USABLE} AND {near}"
        return COUNTED[self.metric] if self.kind == "event" else _COUNTED.get(self.kind, "1")

    @property
    def params(self) -> dict[str, object]:
        """Parameters of :attr:`expression` and of the clipping."""
        return {
            "loss_classes": list(self.classes),
            "loss_quantile": self.quantile,
            "loss_threshold": self.threshold,
            "loss_origin": self.origin,
            "loss_bound": self.bound,
            "loss_k": self.k,
        }


def loss_of(quality: Quality, metric: str = "", scores: tuple[str, ...] = ()) -> Loss:
    """The loss behind a metric of a contract.

    Parameters
    ----------
    quality
        The contract's.
    metric
        One of the metrics that can decide decay; the primary one when empty.
    scores
        Classes of the scores in their order, as the join of labels gives them; ``('',)`` is the probability
        of the predicted class.

    Raises
    ------
    InvalidInput
        The metric is no mean over events, or needs scores that are not there.
    """
    metric = metric or quality.primary
    for kpi in quality.kpis:
        if kpi.name == metric:
            gain = kpi.better == "higher"
            return Loss(
                metric,
                "kpi_lost" if gain else "kpi_cost",
                kpi.highest - kpi.lowest,
                origin=kpi.highest if gain else kpi.lowest,
                gain=gain,
                name=metric,
            )
    limit = math.nan if quality.loss_limit is None else quality.loss_limit
    if quality.task == "classification" and metric == "accuracy":
        return Loss(metric, "wrong", 1.0, origin=1.0, gain=True)
    if quality.task == "classification" and metric in ("log_loss", "brier"):
        if not scores:
            raise InvalidInput(f"{metric} needs probabilities: name quality.scores or quality.confidence")
        layout: ScoreLayout = "predicted" if scores == ("",) else "one" if len(scores) == 1 else "each"
        if metric == "log_loss":
            return Loss(metric, "log_loss", limit, layout=layout, classes=scores)
        highest = 2 * _brier_scale(scores) if layout == "each" else 1.0
        return Loss(metric, "brier", highest, layout=layout, classes=scores)
    if quality.task == "regression" and metric in _REGRESSION:
        return Loss(metric, _REGRESSION[metric], limit, quantile=quality.quantile)
    if quality.task == "verification" and metric in _PAIRS and quality.threshold is not None:
        gain = metric == "accuracy"
        return Loss(metric, _PAIRS[metric], 1.0, origin=float(gain), gain=gain, threshold=quality.threshold)
    if quality.task in ("ranking", "transcription"):
        gain = metric in _GAINS
        return Loss(metric, "event", 1.0, origin=float(gain), gain=gain, k=quality.k)
    raise InvalidInput(f"{metric!r} of {quality.task} is no mean over events, so it cannot decide decay")


def _brier_scale(classes: tuple[str, ...]) -> float:
    """Of two classes the squared error of one counts, as everybody writes it."""
    return 0.5 if len(classes) == 2 else 1.0
