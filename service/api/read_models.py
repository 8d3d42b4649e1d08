"""Models: the fleet, one model, its health, its baselines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from driftline.readmodel.baseline_proposal import with_proposals
from driftline.readmodel.baseline_recipes import BaselineRecipe, baseline_recipes
from driftline.readmodel.baselines import Baseline, baselines
from driftline.readmodel.fleet import FleetPage, FleetQuery, FleetSort, fleet
from driftline.readmodel.health import ModelDetail, ModelHealth, detail, health
from driftline.readmodel.status import ModelStatus
from service.api import baseline_example, examples
from service.api.examples import example_of
from service.api.listing import Listing
from service.api.parameters import KnownModel, Services

router = APIRouter(tags=["models"])


@router.get("/models", summary="The fleet", responses=example_of(examples.FLEET))
def list_models(
    services: Services,
    search: Annotated[str, Query(max_length=200, description="Text in the model's or team's name.")] = "",
    status: Annotated[ModelStatus | Literal[""], Query(description="Only models of this status.")] = "",
    team: Annotated[str, Query(max_length=200, description="Only models of this team.")] = "",
    sort: Annotated[FleetSort, Query(description="Status is worst first.")] = "status",
    descending: Annotated[bool, Query(description="Turn the order round.")] = False,
    limit: Annotated[int, Query(ge=1, le=5000, description="Most models to return.")] = 200,
    offset: Annotated[int, Query(ge=0, description="Models to skip.")] = 0,
) -> FleetPage:
    """Every registered model with its status, why, versions, traffic and quality."""
    query = FleetQuery(
        search=search,
        status=status,
        team=team,
        sort=sort,
        descending=descending,
        limit=limit,
        offset=offset,
    )
    return fleet(services.store, services.settings, query)


@router.get("/models/{model}", summary="One model", responses=example_of(examples.DETAIL))
def get_model(services: Services, model: KnownModel) -> ModelDetail:
    """A model's status with its newest contract."""
    return detail(services.store, services.settings, model)


@router.get("/models/{model}/health", summary="Health of a model", responses=example_of(examples.HEALTH))
def get_health(services: Services, model: KnownModel) -> ModelHealth:
    """Status, why, since when, and the evidence, coverage and quality it rests on."""
    return health(services.store, services.settings, model)


@router.get(
    "/models/{model}/baselines",
    summary="Baselines of a model",
    responses=example_of(baseline_example.BASELINE, listed=True),
)
def list_baselines(
    services: Services,
    model: KnownModel,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most baselines to return.")] = 50,
) -> Listing[Baseline]:
    """The named references that its windows are compared with."""
    found = baselines(services.store, model, limit)
    return Listing(items=tuple(with_proposals(services.store, model, found, datetime.now(UTC))))


@router.get(
    "/models/{model}/baseline-recipes",
    summary="How a model's baselines are made and kept",
    responses=example_of(baseline_example.RECIPE, listed=True),
)
def list_recipes(services: Services, model: KnownModel) -> Listing[BaselineRecipe]:
    """What was declared for the model or a version of it; the setting default_baseline covers the rest."""
    return Listing(items=tuple(baseline_recipes(services.store, model)))
