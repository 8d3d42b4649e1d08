"""Which drifted fields and segments explain a change of the loss, realised or estimated."""

from detectors.performance.attribution.explaining import explain_loss
from detectors.performance.attribution.reading import loss_rows
from detectors.performance.attribution.result import (
    FieldLoss,
    LossAttribution,
    LossCause,
    Part,
    SegmentLoss,
)
from detectors.performance.attribution.rows import LossRows

__all__ = [
    "FieldLoss",
    "LossAttribution",
    "LossCause",
    "LossRows",
    "Part",
    "SegmentLoss",
    "explain_loss",
    "loss_rows",
]
