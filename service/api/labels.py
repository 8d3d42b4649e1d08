"""Labels as they are: how many have come, and what came for one event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from detectors.performance.labels.coverage import CoverageStatus, label_coverage
from driftline.contract_store import ContractStore
from driftline.readmodel.label_history import LabelEntry, label_history
from driftline.readmodel.records import Figure, Record
from service.api.examples import example_of
from service.api.listing import Listing
from service.api.parameters import KnownModel, Services
from service.label_windows import recent_windows

router = APIRouter(tags=["history"])


class LabelledWindow(Record):
    """Labels of one window so far."""

    start: datetime
    rows: int = Field(description="Answered events.")
    labelled: int
    share: Figure = Field(description="Labelled events of all; null when the events have left.")
    expected_share: Figure = Field(description="What the share will be in the end; null when unknown.")
    status: CoverageStatus


class Coverage(Record):
    """How many labels have come and how late they come."""

    model: str
    rows: int
    labelled: int
    final_share: Figure = Field(description="Share of events that get a label in the end.")
    delay_p50: Figure = Field(description="Median seconds from an event to the receipt of its label.")
    delay_p90: Figure
    delay_p99: Figure
    clipped: int = Field(description="Events whose propensity is below 0.01 and taken for 0.01.")
    invalid_propensity: int = Field(description="Events whose propensity is not in 0..1 and taken for 1.")
    windows: tuple[LabelledWindow, ...] = Field(description="Oldest first.")


_MOMENT = datetime(2026, 11, 23, 10, tzinfo=UTC)
COVERAGE = Coverage(
    model="digits-ocr",
    rows=3600,
    labelled=900,
    final_share=0.5,
    delay_p50=5400.0,
    delay_p90=86400.0,
    delay_p99=172800.0,
    clipped=0,
    invalid_propensity=0,
    windows=(
        LabelledWindow(start=_MOMENT, rows=3600, labelled=900, share=0.25, expected_share=0.5, status="ok"),
    ),
)
ENTRY = LabelEntry(
    name="",
    label="7",
    labelled_at=_MOMENT,
    received_at=_MOMENT,
    propensity=1.0,
    source="api",
    counts=True,
)


@router.get(
    "/models/{model}/labels/coverage", summary="How many labels have come", responses=example_of(COVERAGE)
)
def get_coverage(
    services: Services,
    model: KnownModel,
    name: Annotated[str, Query(max_length=100, description="A business figure; empty: the truth.")] = "",
) -> Coverage:
    """Labelled events of every closed window in the lookback, and how late labels come."""
    now = datetime.now(UTC)
    since, until = recent_windows(services.settings, now)
    contract = ContractStore(services.store).required(model)
    found = label_coverage(
        services.store, contract, since, until, services.settings.window_seconds, name=name, now=now
    )
    windows = tuple(
        LabelledWindow(
            start=one.start,
            rows=one.rows,
            labelled=one.labelled,
            share=one.share,
            expected_share=one.expected_share,
            status=one.status,
        )
        for one in found.windows
    )
    return Coverage(
        model=model,
        rows=found.rows,
        labelled=found.labelled,
        final_share=found.final_share,
        delay_p50=found.delay_p50,
        delay_p90=found.delay_p90,
        delay_p99=found.delay_p99,
        clipped=found.clipped,
        invalid_propensity=found.invalid_propensity,
        windows=windows,
    )


@router.get(
    "/models/{model}/labels/{event_id:path}",
    summary="Labels of one event",
    responses=example_of(ENTRY, listed=True),
)
def get_labels(
    services: Services,
    model: KnownModel,
    event_id: Annotated[str, Path(description="Id of the event, or value of the contract's key.")],
) -> Listing[LabelEntry]:
    """Every label that came, newest first; the newest of each name counts."""
    return Listing(items=tuple(label_history(services.store, model, event_id)))
