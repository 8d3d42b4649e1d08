"""How good a model is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from driftline.readmodel.loss_explanation import LossExplanation
from driftline.readmodel.quality import ModelQuality, VersionQuality, model_quality
from service.api import loss_explanation_example
from service.api.examples import PERFORMANCE, example_of
from service.api.parameters import KnownModel, Services, as_utc
from service.loss_attribution import LossQuestion, loss_explanation

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


@router.get(
    "/models/{model}/quality/attribution",
    summary="Which fields and segments explain a change of the loss",
    responses=example_of(loss_explanation_example.LOSS),
)
def get_loss_attribution(
    services: Services,
    model: KnownModel,
    since: Annotated[
        datetime | None,
        Query(
            description="Begin of the range that is compared with the baseline, ISO 8601; 24 windows before "
            "its end when absent."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        Query(description="End of the range; that of the newest window with labels when absent. ISO 8601."),
    ] = None,
    version: Annotated[str, Query(description="The one with the newest figures when empty.")] = "",
) -> LossExplanation:
    """The change of the mean loss against the baseline, taken apart over fields and segments.

    From labels where the range has any, else from the loss that an estimator expects of each row (`basis`).
    """
    question = LossQuestion(model, version, as_utc(since), as_utc(until))
    return loss_explanation(services.store, services.settings, question)
