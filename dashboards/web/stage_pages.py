"""Pages of stage graphs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import Response

from dashboards.web.pages import page_response
from dashboards.web.stage_graph_view import BOX_HEIGHT, BOX_WIDTH, StageGraphView, StageSource

router = APIRouter(include_in_schema=False)


def mount_stage_pages(app: FastAPI, source: StageSource) -> None:
    """Add the pages of stage graphs to ``app``, which has the other pages and their files."""
    app.state.stage_source = source
    app.include_router(router)


def _source(request: Request) -> StageSource:
    source: StageSource = request.app.state.stage_source
    return source


Source = Annotated[StageSource, Depends(_source)]


@router.get("/stages")
def stage_graphs_page(request: Request, source: Source) -> Response:
    """Every registered stage graph."""
    return page_response(request, "stage_graphs.html", {"graphs": source.graphs()})


@router.get("/stages/{name}")
def stage_graph_page(
    request: Request,
    source: Source,
    name: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Response:
    """One graph: at which stage a change begins."""
    found = source.report(name, _utc(since), _utc(until))
    box = {"width": BOX_WIDTH, "height": BOX_HEIGHT}
    return page_response(request, "stage_graph.html", {"view": StageGraphView(found), "box": box})


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
