"""Routes of the pages. They read through :mod:`driftline.readmodel` only and never write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from dashboards.web import formats
from dashboards.web.costs import CostSource
from dashboards.web.explanations import ExplanationSource, ExplanationView
from dashboards.web.fleet_page import COLUMNS, PAGE_ROWS, fleet_view
from dashboards.web.model_page import SPANS, drawn_range, model_view
from dashboards.web.series import ModelSeries, model_series
from driftline.readmodel.fleet import FleetQuery, FleetSort
from driftline.readmodel.health import require_model
from driftline.readmodel.status import STATUSES, ModelStatus
from driftline.settings import Settings
from driftline.store import Store

_REFRESH_SECONDS = (3, 15)
"""Soonest and latest refresh of an open page; between them it is a sixtieth of a window."""

_DEFAULT_SPAN = SPANS[1]
_HERE = Path(__file__).parent
_HEADERS = {
    # Nothing is loaded from elsewhere, nothing runs that is not a file of ours.
    "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}

_templates = Jinja2Templates(directory=_HERE / "templates")
for _filter in (
    formats.percent,
    formats.metric_value,
    formats.metric_label,
    formats.count,
    formats.figure,
    formats.interval,
    formats.signed,
    formats.usd,
    formats.duration,
    formats.ago,
    formats.clock,
    formats.prose,
    formats.words,
):
    _templates.env.filters[_filter.__name__] = _filter
_templates.env.trim_blocks = True
_templates.env.lstrip_blocks = True


@dataclass(frozen=True)
class PageSources:
    """What the pages read from."""

    store: Store
    settings: Settings
    costs: CostSource
    explanations: ExplanationSource


router = APIRouter(include_in_schema=False)


def mount_pages(app: FastAPI, sources: PageSources) -> None:
    """Add the pages and their files to ``app``."""
    app.state.page_sources = sources
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.include_router(router)


def _sources(request: Request) -> PageSources:
    sources = request.app.state.page_sources
    assert isinstance(sources, PageSources)
    return sources


Sources = Annotated[PageSources, Depends(_sources)]


@router.get("/")
def fleet_page(
    request: Request,
    sources: Sources,
    search: Annotated[str, Query(max_length=200)] = "",
    status: ModelStatus | Literal[""] = "",
    team: Annotated[str, Query(max_length=200)] = "",
    sort: FleetSort = "status",
    descending: bool = False,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Every model of the fleet, worst first."""
    query = FleetQuery(search.strip(), status, team, sort, descending, PAGE_ROWS, offset)
    view = fleet_view(sources.store, sources.settings, sources.costs, query)
    return page_response(
        request,
        "fleet.html",
        {
            "view": view,
            "columns": COLUMNS,
            "statuses": STATUSES,
            "refresh_seconds": _refresh_seconds(sources.settings),
        },
    )


@router.get("/models/{model}")
def model_page(
    request: Request,
    sources: Sources,
    model: str,
    field: Annotated[str, Query(max_length=400)] = "",
    windows: int = _DEFAULT_SPAN,
) -> Response:
    """One model: status, charts, fields, bins, episodes."""
    span = windows if windows in SPANS else _DEFAULT_SPAN
    view = model_view(
        sources.store,
        sources.settings,
        sources.costs,
        sources.explanations,
        model,
        field,
        span,
        datetime.now(UTC),
    )
    return page_response(
        request, "model.html", {"view": view, "refresh_seconds": _refresh_seconds(sources.settings)}
    )


@router.get("/models/{model}/explanation")
def explanation_page(
    request: Request,
    sources: Sources,
    model: str,
    field: Annotated[str, Query(max_length=400)],
    version: Annotated[str, Query(max_length=400)] = "",
    window: datetime | None = None,
    segment: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """One field of a model in one window: why it has its status."""
    moment = window.replace(tzinfo=UTC) if window is not None and window.tzinfo is None else window
    found = sources.explanations.explain(model, field, version, moment, segment)
    return page_response(request, "explanation.html", {"view": ExplanationView(found)})


@router.get("/models/{model}/series.json")
def series(
    sources: Sources,
    model: str,
    field: Annotated[str, Query(max_length=400)] = "",
    windows: int = _DEFAULT_SPAN,
) -> ModelSeries:
    """What the charts of a model's page draw."""
    require_model(sources.store, model)
    now = datetime.now(UTC)
    span = drawn_range(sources.settings, windows if windows in SPANS else _DEFAULT_SPAN, now)
    costs = sources.costs.history(model, span.since or now, now)
    return model_series(sources.store, sources.settings, model, span, costs, now, field)


def error_page(
    request: Request, status: int, message: str, request_id: str, headers: Mapping[str, str]
) -> Response:
    """A failure as a page a person can read."""
    phrase = HTTPStatus(status).phrase
    return page_response(
        request,
        "error.html",
        {"status": status, "phrase": phrase, "message": message, "request_id": request_id},
        status,
        headers,
    )


def _refresh_seconds(settings: Settings) -> int:
    soonest, latest = _REFRESH_SECONDS
    return min(latest, max(soonest, settings.window_seconds // 60))


def rendered(template: str, context: Mapping[str, object]) -> str:
    """A template filled, without a request: for files."""
    return _templates.env.get_template(template).render(**context)


def page_response(
    request: Request,
    template: str,
    context: dict[str, object],
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A template filled, with the headers that every page has."""
    return _templates.TemplateResponse(
        request,
        template,
        {"now": datetime.now(UTC)} | context,
        status_code=status,
        headers={**_HEADERS, **(headers or {})},
    )
