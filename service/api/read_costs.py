"""What a model's use cost, and what a thousand of its predictions cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from costs.per_model import CostPoint, InstanceCost, ModelCost, cost_series, model_costs
from driftline.errors import InvalidInput
from driftline.readmodel.facts import Horizons
from driftline.readmodel.records import Record
from service.api.examples import example_of
from service.api.parameters import KnownModel, Services, as_utc

router = APIRouter(tags=["costs"])

MOST_STEPS = 200


class ModelCosts(Record):
    """Costs of one model in a range: together, and step by step."""

    model: str
    since: datetime
    until: datetime
    total: ModelCost | None = Field(description="Null when nothing was used and nothing served in the range.")
    steps: tuple[CostPoint, ...] = Field(description="Oldest first; steps without sample are left out.")


_UNTIL = datetime(2026, 11, 23, 11, tzinfo=UTC)
_SINCE = _UNTIL - timedelta(hours=4)
_POINT = CostPoint(
    model="digits-ocr",
    ts=_SINCE,
    step_seconds=3600.0,
    cpu_usd=0.012,
    memory_usd=0.002,
    gpu_usd=None,
    total_usd=0.014,
    predictions=1540,
    usd_per_1000_predictions=0.00909,
)
_EXAMPLE = ModelCosts(
    model="digits-ocr",
    since=_SINCE,
    until=_UNTIL,
    total=ModelCost(
        model="digits-ocr",
        since=_SINCE,
        until=_UNTIL,
        cpu_usd=0.048,
        memory_usd=0.008,
        gpu_usd=None,
        total_usd=0.056,
        predictions=6160,
        predictions_measured=6160,
        usd_per_1000_predictions=0.00909,
        cpu_core_seconds=4320.0,
        memory_gib_hours=1.6,
        gpu_hours=None,
        measured_seconds=14_390.0,
        coverage=0.999,
        grade="measured",
        unpriced_devices=(),
        instances=(
            InstanceCost(
                instance="ocr-1",
                cpu_usd=0.048,
                memory_usd=0.008,
                gpu_usd=None,
                total_usd=0.056,
                predictions=6160,
                grade="measured",
            ),
        ),
    ),
    steps=tuple(replace(_POINT, ts=_SINCE + timedelta(hours=hour)) for hour in range(2)),
)


@router.get("/models/{model}/costs", summary="Costs of a model", responses=example_of(_EXAMPLE))
def get_costs(
    services: Services,
    model: KnownModel,
    since: Annotated[
        datetime | None, Query(description="Start; the traffic span before the end when absent.")
    ] = None,
    until: Annotated[datetime | None, Query(description="End; now when absent.")] = None,
) -> ModelCosts:
    """Cost of the use that was measured, in USD; what was not measured is null, which is not 0."""
    end = as_utc(until) or datetime.now(UTC)
    start = as_utc(since) or end - Horizons.of(services.settings).traffic
    if start >= end:
        raise InvalidInput(f"since ({start.isoformat()}) must be before until ({end.isoformat()})")
    step = max(float(services.settings.window_seconds), (end - start).total_seconds() / MOST_STEPS)
    found = model_costs(services.store, services.settings, model, start, end)
    return ModelCosts(
        model=model,
        since=start,
        until=end,
        total=found[0] if found else None,
        steps=tuple(cost_series(services.store, services.settings, model, start, end, step)),
    )
