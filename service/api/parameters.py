"""Parameters that many routes share, checked once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from driftline.errors import InvalidInput
from driftline.readmodel.health import require_model
from driftline.readmodel.ranges import Range
from service.api.services import ApiServices


def services_of(request: Request) -> ApiServices:
    """The services of the app that answers ``request``."""
    services = request.app.state.services
    assert isinstance(services, ApiServices)
    return services


Services = Annotated[ApiServices, Depends(services_of)]


def known_model(
    services: Services,
    model: Annotated[str, Path(description="Name of a registered model.", examples=["digits-ocr"])],
) -> str:
    """The model of the path; 404 when it is not registered."""
    require_model(services.store, model)
    return model


KnownModel = Annotated[str, Depends(known_model)]

_TIME_NOTE = "ISO 8601; UTC when it names no offset."


def history_range(
    since: Annotated[
        datetime | None,
        Query(
            description=f"Only what begins at or after this time. {_TIME_NOTE}",
            examples=["2026-11-23T00:00:00Z"],
        ),
    ] = None,
    until: Annotated[
        datetime | None, Query(description=f"Only what begins before this time. {_TIME_NOTE}")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most entries to return, newest first.")] = 200,
) -> Range:
    """The stretch of history that is asked for."""
    first, last = as_utc(since), as_utc(until)
    if first is not None and last is not None and first >= last:
        raise InvalidInput(f"since ({first.isoformat()}) must be before until ({last.isoformat()})")
    return Range(since=first, until=last, limit=limit)


HistoryRange = Annotated[Range, Depends(history_range)]


def as_utc(moment: datetime | None) -> datetime | None:
    """A time without an offset is UTC."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


VersionFilter = Annotated[str, Query(description="Only this version of the model; all when empty.")]
