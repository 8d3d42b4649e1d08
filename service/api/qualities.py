"""How good a model is."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter

from driftline.readmodel.quality import ModelQuality, VersionQuality, model_quality
from service.api.examples import PERFORMANCE, example_of
from service.api.parameters import KnownModel, Services

router = APIRouter(tags=["history"])

_EXAMPLE = ModelQuality(
    model="digits-ocr",
    versions=(
        VersionQuality(
            version=PERFORMANCE.version,
            window_start=PERFORMANCE.window_start,
            window_end=PERFORMANCE.window_end,
            decisive=PERFORMANCE,
            figures=(),
            classes=(),
            segments=(),
            estimates=(),
            words=(
                "Accuracy 69.7% [64.4%, 74.9%], 27.0 points below the baseline's 96.7%; 292 of 308 "
                "predictions are labelled so far.",
            ),
        ),
    ),
)


@router.get(
    "/models/{model}/quality", summary="Every figure of the newest windows", responses=example_of(_EXAMPLE)
)
def get_quality(services: Services, model: KnownModel) -> ModelQuality:
    """Figures from labels and estimates without, of each version's newest window, with intervals."""
    return model_quality(services.store, model, datetime.now(UTC))
