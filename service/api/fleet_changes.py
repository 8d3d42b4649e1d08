"""Which models of the fleet changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from detectors.changed_models import DEFAULT_LEVEL
from driftline.readmodel.fleet_changes import FleetChanges
from service.api import attribution_example
from service.api.examples import example_of
from service.api.parameters import Services
from service.fleet_changes import fleet_changes

router = APIRouter(tags=["models"])


@router.get(
    "/fleet/changed",
    summary="Models that changed in their newest window",
    responses=example_of(attribution_example.CHANGES),
)
def get_changed(
    services: Services,
    level: Annotated[
        float,
        Query(gt=0, lt=1, description="Expected share of wrong ones among the listed models, at most."),
    ] = DEFAULT_LEVEL,
) -> FleetChanges:
    """Models whose newest window shows a change of a field, with the share of wrong ones among them held.

    The false-alarm budget bounds how often one model cries wolf; this bounds how many of those that are
    listed at one moment are listed wrongly, also when one cause ties many models together.
    """
    return fleet_changes(services.store, services.settings, level)
