"""The metrics of quality: how each is called, in which unit it is, and which way is better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["share", "number"]
"""A share is shown in per cent; a number as it is, in the unit of what is predicted."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How a metric is read.

    Attributes
    ----------
    label
        As people write it.
    better
        Which way is better; ``zero``: the nearer to 0.
    """

    label: str
    unit: Unit = "share"
    better: Literal["higher", "lower", "zero"] = "higher"

    def text(self, value: float | None) -> str:
        """A value in words.

        >>> Metric("accuracy").text(0.913), Metric("MAE", "number", "lower").text(12.3456)
        ('91.3%', '12.35')
        """
        if value is None or not math.isfinite(value):
            return "unknown"
        return f"{value:.1%}" if self.unit == "share" else f"{value:,.4g}"

    def compared(self, value: float, reference: float) -> str:
        """How a value lies to the reference's.

        >>> Metric("accuracy").compared(0.71, 0.961)
        "25.1 points below the baseline's 96.1%"
        """
        if self.unit == "share":
            points = round(100 * (value - reference), 1)
            amount = f"{abs(points)} points"
        else:
            points = value - reference
            amount = f"{abs(points):,.4g}"
        if not points:
            return f"equal to the baseline's {self.text(reference)}"
        return f"{amount} {'below' if points < 0 else 'above'} the baseline's {self.text(reference)}"


METRICS: Final[Mapping[str, Metric]] = {
    "accuracy": Metric("accuracy"),
    "balanced_accuracy": Metric("balanced accuracy"),
    "precision": Metric("precision"),
    "recall": Metric("recall"),
    "f1": Metric("F1"),
    "precision_macro": Metric("precision, macro average"),
    "recall_macro": Metric("recall, macro average"),
    "f1_macro": Metric("F1, macro average"),
    "precision_micro": Metric("precision, micro average"),
    "recall_micro": Metric("recall, micro average"),
    "f1_micro": Metric("F1, micro average"),
    "precision_weighted": Metric("precision, weighted average"),
    "recall_weighted": Metric("recall, weighted average"),
    "f1_weighted": Metric("F1, weighted average"),
    "roc_auc": Metric("ROC AUC", "number"),
    "pr_auc": Metric("PR AUC", "number"),
    "log_loss": Metric("log loss", "number", "lower"),
    "brier": Metric("Brier score", "number", "lower"),
    "calibration_error": Metric("calibration error", "share", "lower"),
    "mae": Metric("MAE", "number", "lower"),
    "mse": Metric("MSE", "number", "lower"),
    "rmse": Metric("RMSE", "number", "lower"),
    "mape": Metric("MAPE", "share", "lower"),
    "bias": Metric("bias", "number", "zero"),
    "quantile_loss": Metric("quantile loss", "number", "lower"),
    "r2": Metric("R²", "number"),
    "ndcg": Metric("NDCG", "number"),
    "average_precision": Metric("MAP", "number"),
    "reciprocal_rank": Metric("MRR", "number"),
    "ctr": Metric("click-through rate"),
    "coverage": Metric("catalogue coverage"),
    "diversity": Metric("diversity", "number"),
    "cer": Metric("character error rate", "share", "lower"),
    "wer": Metric("word error rate", "share", "lower"),
    "far": Metric("false acceptance rate", "share", "lower"),
    "frr": Metric("false rejection rate", "share", "lower"),
    "eer": Metric("equal error rate", "share", "lower"),
    "tar_at_far": Metric("TAR at FAR"),
}
"""By the name under which figures are stored. Per-class figures add the class; TAR at FAR the level."""


def metric_of(name: str) -> Metric:
    """A metric by its stored name; a business figure is a number of its own name."""
    return METRICS.get(name) or Metric(name, "number")
