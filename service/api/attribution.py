"""Which fields and segments carry a model's drift."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from driftline.readmodel.attribution import ModelAttribution
from service.api import attribution_example
from service.api.examples import example_of
from service.api.parameters import Services, as_utc
from service.attribution import model_attribution

router = APIRouter(tags=["history"])


@router.get(
    "/models/{model}/attribution",
    summary="Which fields and segments carry a model's drift",
    responses=example_of(attribution_example.ATTRIBUTION),
)
def get_attribution(
    services: Services,
    model: Annotated[str, Path(description="Name of a registered model.", examples=["digits-ocr"])],
    version: Annotated[str, Query(description="The versions that serve when empty.")] = "",
    window_start: Annotated[
        datetime | None,
        Query(
            description="Start of the window, or any moment in it, ISO 8601; the newest window of each "
            "version that could be judged when absent."
        ),
    ] = None,
) -> ModelAttribution:
    """Shares of the evidence beyond noise by field and by segment, and the same in words."""
    return model_attribution(services.store, services.settings, model, version, as_utc(window_start))
