"""Why one field has the status it has."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from detectors.explanation import Question, explain
from driftline.readmodel.explanation import Explanation
from service.api import explanation_example
from service.api.examples import example_of
from service.api.parameters import Services, as_utc

router = APIRouter(tags=["history"])


@router.get(
    "/models/{model}/fields/{field:path}/explanation",
    summary="Why a field has its status",
    responses=example_of(explanation_example.EXPLANATION),
)
def get_explanation(
    services: Services,
    model: Annotated[str, Path(description="Name of a registered model.", examples=["digits-ocr"])],
    field: Annotated[str, Path(description="Column of the model.", examples=["image.sharpness"])],
    version: Annotated[str, Query(description="The busiest of the window when empty.")] = "",
    window: Annotated[
        datetime | None,
        Query(description="Any moment in the window, ISO 8601; the newest window when absent."),
    ] = None,
    segment: Annotated[str, Query(description="As field=value; all rows when empty.")] = "",
) -> Explanation:
    """One field in one window in plain words, with every figure behind them."""
    question = Question(model, field, version, as_utc(window), segment)
    return explain(services.store, services.settings, question)
