"""The false-alarm budget of a model."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from driftline.readmodel.budget import Budget, BudgetPart, Detectable
from service.api.examples import example_of
from service.api.parameters import KnownModel, Services
from service.budget import model_budget

router = APIRouter(tags=["models"])

_EXAMPLE = Budget(
    model="digits-ocr",
    version="1",
    stated="one false episode per model in eight years",
    models=1,
    per_year=0.125,
    parts=(
        BudgetPart(about="numeric fields", count=8, per_year=0.045, threshold=5.6, undivided=4.3, cost=1.22),
    ),
    window_rows=308.0,
    detectable=(Detectable(windows=1, shift_sd=0.42), Detectable(windows=3, shift_sd=0.25)),
)


@router.get(
    "/models/{model}/budget", summary="Where its false-alarm budget goes", responses=example_of(_EXAMPLE)
)
def get_budget(
    services: Services,
    model: KnownModel,
    version: Annotated[str, Query(description="The newest with traffic when empty.")] = "",
    rows: Annotated[
        float | None, Query(ge=1, description="Rows of a window; what its windows usually have when absent.")
    ] = None,
) -> Budget:
    """The budget in the owner's words, its parts, and the smallest change that is still found."""
    return model_budget(services.store, services.settings, model, version, rows)
