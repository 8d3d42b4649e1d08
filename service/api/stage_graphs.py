"""Stage graphs, and at which stage a change begins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query

from detectors.stages import StageGraph, StageGraphs, StageQuestion, stage_report, summary
from driftline.errors import InvalidInput
from driftline.readmodel.stages import StageGraphSummary, StageReport
from service.api import stage_graph_example
from service.api.examples import example_of
from service.api.listing import Listing
from service.api.parameters import Services, as_utc
from service.api.write import token_check
from service.application import Application

router = APIRouter(tags=["stages"])

GraphName = Annotated[str, Path(description="Name of a stage graph.", examples=["reading"])]


@router.get(
    "/stage-graphs",
    summary="Registered stage graphs",
    responses=example_of(stage_graph_example.GRAPH, listed=True),
)
def get_graphs(services: Services) -> Listing[StageGraphSummary]:
    """Every graph by name: stages, their models, and what each comes after."""
    return Listing(items=tuple(summary(graph) for graph in StageGraphs(services.store).all()))


@router.get(
    "/stage-graphs/{name}",
    summary="At which stage a change begins",
    responses=example_of(stage_graph_example.REPORT),
)
def get_graph(
    services: Services,
    name: GraphName,
    since: Annotated[
        datetime | None,
        Query(
            description="Begin of the range that is compared with the time before it; where the drift that "
            "monitoring sees may have begun when absent, else 24 windows ago."
        ),
    ] = None,
    until: Annotated[
        datetime | None, Query(description="End of the range; the newest event when absent.")
    ] = None,
) -> StageReport:
    """Stages before and since, traces joined, and the first stage that answers differently to its inputs."""
    return stage_report(services.store, services.settings, StageQuestion(name, as_utc(since), as_utc(until)))


def stage_graphs_router(application: Application) -> APIRouter:
    """Routes that change graphs; they ask for the token when one is set."""
    changes = APIRouter(tags=["changes"])

    @changes.put(
        "/stage-graphs/{name}",
        summary="Register a stage graph",
        dependencies=[Depends(token_check(application))],
    )
    def put_graph(
        name: GraphName,
        graph: Annotated[StageGraph, Body(openapi_examples=stage_graph_example.BODY)],
    ) -> StageGraphSummary:
        """Store a graph, in place of one of the same name; its models must be registered."""
        if graph.name != name:
            raise InvalidInput(f"the graph is called {graph.name!r}, the address says {name!r}")
        return summary(StageGraphs(application.store).register(graph))

    return changes
