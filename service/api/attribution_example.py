"""Examples of an attribution and of a fleet's changes in the OpenAPI document; the words are real."""

from __future__ import annotations

import math

from detectors.changed_models import DEFAULT_LEVEL, changed_models
from detectors.explanation.attribution import attribution_of
from driftline.readmodel.attribution import ModelAttribution
from driftline.readmodel.fleet_evidence import VersionEvidence
from driftline.readmodel.window_evidence import FieldEvidence, WindowEvidence
from service.api.examples import FINDING

_MODEL = "digits-ocr"
_WINDOW = WindowEvidence(
    version=FINDING.version,
    start=FINDING.window_start,
    end=FINDING.window_end,
    status="drifted",
    reason=FINDING.reason,
    findings=tuple(
        FieldEvidence(field, segment, "distribution", "drifted", evidence, 5.5)
        for field, segment, evidence in (
            ("image.sharpness", "", 31.7),
            ("image.noise", "", 24.1),
            ("image.contrast", "", 6.1),
            ("image.sharpness", "scanner=B", 40.2),
            ("image.sharpness", "scanner=A", 1.2),
            ("image.noise", "scanner=B", 30.8),
            ("image.noise", "scanner=A", 0.9),
            ("image.contrast", "scanner=B", 7.4),
            ("image.contrast", "scanner=A", math.nan),
        )
    ),
)

ATTRIBUTION = ModelAttribution(model=_MODEL, windows=(attribution_of(_WINDOW),))

CHANGES = changed_models(
    [
        VersionEvidence(
            model=model,
            version=FINDING.version,
            window_start=FINDING.window_start,
            window_end=FINDING.window_end,
            budget=0.06,
            fields=["image.sharpness", "image.noise"],
            segments=["", ""],
            evidence=evidence,
            thresholds=[5.5, 5.5],
            field_budgets=[0.03, 0.03],
        )
        for model, evidence in ((_MODEL, [31.7, 24.1]), ("face-match", [1.9, 2.6]))
    ],
    DEFAULT_LEVEL,
)
