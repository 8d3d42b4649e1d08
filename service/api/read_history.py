"""History of a model: its fields, windows and quality."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from driftline.errors import NotFound
from driftline.readmodel.bins import BinComparison, compare_bins
from driftline.readmodel.fields import Finding, finding_history
from driftline.readmodel.health import model_facts, served_findings
from driftline.readmodel.performance import Performance, performance
from driftline.readmodel.records import Record
from driftline.readmodel.windows import Window, windows
from service.api import examples
from service.api.examples import example_of
from service.api.listing import Listing
from service.api.parameters import HistoryRange, KnownModel, Services, VersionFilter

router = APIRouter(tags=["history"])


class FieldHistory(Record):
    """One field over time, and its distribution in the newest of those windows."""

    field: str
    findings: tuple[Finding, ...] = Field(description="Newest first.")
    bins: BinComparison | None = Field(description="Null when no window has been profiled yet.")


@router.get(
    "/models/{model}/fields",
    summary="Fields of a model now",
    responses=example_of(examples.FINDING, listed=True),
)
def list_fields(services: Services, model: KnownModel) -> Listing[Finding]:
    """Findings of the newest closed window of each version that serves, worst first."""
    facts = model_facts(services.store, services.settings, model)
    return Listing(items=tuple(served_findings(services.store, facts)))


@router.get(
    "/models/{model}/fields/{field:path}",
    summary="One field over time",
    responses=example_of(
        FieldHistory(field="image.sharpness", findings=(examples.FINDING,), bins=examples.BINS)
    ),
)
def get_field(
    services: Services,
    model: KnownModel,
    field: Annotated[str, Path(description="Column of the model.", examples=["image.sharpness"])],
    span: HistoryRange,
    version: VersionFilter = "",
) -> FieldHistory:
    """Findings of one field, and its bins beside the baseline's."""
    found = finding_history(services.store, model, span, field, version)
    bins = compare_bins(services.store, model, field, version, span.until)
    if not found and bins is None:
        raise NotFound(
            f"model {model!r} has no findings of a field {field!r} in that range: "
            f"GET /api/v1/models/{model}/fields lists the fields that were compared"
        )
    return FieldHistory(field=field, findings=tuple(found), bins=bins)


@router.get(
    "/models/{model}/windows",
    summary="Windows of a model",
    responses=example_of(examples.WINDOW, listed=True),
)
def list_windows(
    services: Services, model: KnownModel, span: HistoryRange, version: VersionFilter = ""
) -> Listing[Window]:
    """Closed windows with their status and the rows they rest on."""
    return Listing(items=tuple(windows(services.store, model, span, version)))


@router.get(
    "/models/{model}/performance",
    summary="Quality of a model",
    responses=example_of(examples.PERFORMANCE, listed=True),
)
def list_performance(
    services: Services,
    model: KnownModel,
    span: HistoryRange,
    version: VersionFilter = "",
    metric: Annotated[str, Query(description="Metric; empty: the one that decides decay; *: all.")] = "",
    basis: Annotated[str, Query(description="Estimator; empty: realised; *: all.")] = "",
    segment: Annotated[str, Query(description="field=value; empty: all rows; *: every segment.")] = "",
) -> Listing[Performance]:
    """Quality of each window with its interval, revised while labels arrive."""
    found = performance(services.store, model, span, version, metric=metric, basis=basis, segment=segment)
    return Listing(items=tuple(found))
