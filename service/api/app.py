"""The ASGI app of ``driftline serve``: API, probes and pages over one set of services."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI

from dashboards.web.gate_pages import mount_gate_pages
from dashboards.web.pages import PageSources, mount_pages
from dashboards.web.stage_pages import mount_stage_pages
from dashboards.web.version_pages import mount_version_pages
from service.api import (
    attribution,
    budgets,
    explanations,
    fleet_changes,
    labels,
    qualities,
    read_costs,
    read_episodes,
    read_history,
    read_models,
    stage_graphs,
    versions,
)
from service.api.errors import ErrorBody, install_error_handlers, unexpected_response
from service.api.fleet_metrics import FleetMetrics
from service.api.page_costs import PageCosts
from service.api.page_explanations import PageExplanations
from service.api.page_gates import PageGates
from service.api.page_stages import PageStages
from service.api.page_versions import PageVersions
from service.api.probes import router as probes
from service.api.requests import RequestContext
from service.api.services import ApiServices

API_PREFIX = "/api/v1"

_FAILURES: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "There is no such thing."},
    422: {"model": ErrorBody, "description": "The request is wrong; the message lists each fault."},
    503: {"model": ErrorBody, "description": "The store does not answer; try again."},
}


def create_app(services: ApiServices, extra_routers: Sequence[APIRouter] = ()) -> FastAPI:
    """Build the app.

    Parameters
    ----------
    services
        What the routes work with; also found at ``app.state.services``.
    extra_routers
        Routers mounted under ``/api/v1`` beside the reading ones: the writing routes.
    """
    app = FastAPI(
        title="Driftline",
        summary="Health, drift and cost of served models.",
        version=version("driftline"),
        openapi_url=f"{API_PREFIX}/openapi.json",
        # Both viewers load scripts from a public CDN, which a closed network cannot reach.
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    install_error_handlers(app)
    app.add_middleware(RequestContext, unexpected=unexpected_response, registry=services.registry)
    services.registry.register(FleetMetrics(services.store, services.settings))
    # A field's name may hold slashes, so what follows it has to be looked at before the field itself.
    readers = (
        attribution.router,
        budgets.router,
        explanations.router,
        fleet_changes.router,
        labels.router,
        qualities.router,
        read_models.router,
        read_history.router,
        read_episodes.router,
        read_costs.router,
        stage_graphs.router,
        versions.router,
    )
    for router in (*readers, *extra_routers):
        app.include_router(router, prefix=API_PREFIX, responses=_FAILURES)
    app.include_router(probes)
    mount_pages(
        app,
        PageSources(
            services.store,
            services.settings,
            PageCosts(services.store, services.settings),
            PageExplanations(services.store, services.settings),
        ),
    )
    mount_stage_pages(app, PageStages(services.store, services.settings))
    mount_gate_pages(app, PageGates(services.store, services.settings))
    mount_version_pages(app, PageVersions(services.store, services.settings))
    return app
