"""Routes that set what a model is compared with: rows that are sent, or a recipe for its own traffic."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field

from detectors.baselines.baseline import Baseline
from detectors.baselines.recipe import Recipe
from detectors.reference_rows import columns_of_rows
from driftline.readmodel.baseline_quality import Quality, parse_quality
from service.api.write import token_check
from service.application import Application
from service.baselines import follow_recipe, follow_rows


class BaselineIn(BaseModel):
    """A reference as rows of the contract's columns, for example a hold-out set with predictions."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "holdout of version 2",
                "version": "2",
                "labelled": 2,
                "correct": 2,
                "rows": [
                    {"image.brightness": 0.31, "scores.class": "7"},
                    {"image.brightness": 0.28, "scores.class": "3"},
                ],
            }
        },
    )

    name: str = Field(min_length=1, max_length=200)
    version: str = Field(default="", description="Version it stands for; empty for any.")
    rows: list[dict[str, Any]] = Field(min_length=1, max_length=1_000_000)
    labelled: float = Field(default=0.0, ge=0, description="Labelled rows.")
    correct: float = Field(default=0.0, ge=0, description="Of them, predicted right.")


class RecipeIn(BaseModel):
    """How the baselines of a model, or of one version of it, are made and kept."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "recipe": {"kind": "rolling", "days": 28, "exclude_last_hours": 24, "refresh_hours": 24},
                "version": "",
            }
        },
    )

    recipe: Recipe
    version: str = Field(
        default="", description="Version it is for; any, or each for first_hours, when empty."
    )
    name: str = Field(default="", max_length=200, description="Name; from the recipe when empty.")


class BaselineOut(BaseModel):
    """A stored baseline."""

    baseline_id: str
    model: str
    version: str
    name: str
    created_at: datetime
    rows: int
    columns: list[str]
    accuracy: float | None
    quality: Quality | None


class FollowedOut(BaseModel):
    """What came of a recipe; it stays in force for what is still waited for."""

    made: list[BaselineOut]
    waiting: dict[str, str] = Field(description="What the others wait for, by version; empty is any.")


def baselines_router(application: Application) -> APIRouter:
    """Routes on one application; they ask for the token when one is set."""
    router = APIRouter(tags=["changes"])
    guarded = [Depends(token_check(application))]

    @router.post("/models/{model}/baselines", summary="Set a baseline", status_code=201, dependencies=guarded)
    def post_baseline(model: str, reference: BaselineIn) -> BaselineOut:
        """Make a baseline from rows; windows are judged against it from the next cycle on."""
        contract = application.contracts.required(model)
        baseline = follow_rows(
            application.store,
            application.settings,
            contract,
            [columns_of_rows(contract, reference.rows)],
            name=reference.name,
            source="api",
            version=reference.version,
            labelled=reference.labelled,
            correct=reference.correct,
        )
        return _out(baseline)

    @router.put(
        "/models/{model}/baseline-recipe",
        summary="Say how baselines are made and kept",
        dependencies=guarded,
    )
    def put_recipe(model: str, asked: Annotated[RecipeIn, Body()]) -> FollowedOut:
        """Make what the recipe asks for, as far as there is traffic; the rest as soon as there is."""
        contract = application.contracts.required(model)
        followed = follow_recipe(
            application.store,
            application.settings,
            contract,
            asked.recipe,
            version=asked.version,
            name=asked.name,
        )
        return FollowedOut(made=[_out(one) for one in followed.made], waiting=dict(followed.waiting))

    return router


def _out(baseline: Baseline) -> BaselineOut:
    return BaselineOut(
        baseline_id=baseline.baseline_id,
        model=baseline.model,
        version=baseline.version,
        name=baseline.name,
        created_at=baseline.created_at,
        rows=baseline.rows,
        columns=sorted(baseline.columns),
        accuracy=baseline.accuracy,
        quality=parse_quality(baseline.quality),
    )
