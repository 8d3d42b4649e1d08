"""Why one field has the status it has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from detectors.explanation import Question, RangeQuestion, asked_span, explain, explain_range
from driftline.readmodel.explained_range import ExplainedRange
from driftline.readmodel.explanation import Explanation
from service.api import explanation_example
from service.api.examples import example_of
from service.api.parameters import Services, as_utc

router = APIRouter(tags=["history"])


@router.get(
    "/models/{model}/fields/{field:path}/explanation",
    summary="Why a field has its status",
    responses=example_of(explanation_example.EXPLANATION),
)
def get_explanation(
    services: Services,
    model: Annotated[str, Path(description="Name of a registered model.", examples=["digits-ocr"])],
    field: Annotated[str, Path(description="Column of the model.", examples=["image.sharpness"])],
    version: Annotated[str, Query(description="The busiest of the window when empty.")] = "",
    window: Annotated[
        datetime | None,
        Query(description="Any moment in the window, ISO 8601; the newest window when absent."),
    ] = None,
    segment: Annotated[str, Query(description="As field=value; all rows when empty.")] = "",
    since: Annotated[
        datetime | None,
        Query(description="Explain all windows that begin at or after this time as one. ISO 8601."),
    ] = None,
    until: Annotated[
        datetime | None,
        Query(description="With since: windows that begin before this time; now when absent. ISO 8601."),
    ] = None,
) -> Explanation | ExplainedRange:
    """One field in one window in plain words, with every figure behind them.

    With `since` the answer is an `ExplainedRange`: what is stored of all windows that begin in the range,
    merged, beside the baseline. Evidence is weighed window by window, so a range has no status of its own: it
    says how many of its windows had which.
    """
    moment = as_utc(window)
    span = asked_span(moment, as_utc(since), as_utc(until), datetime.now(UTC))
    if span is not None:
        return explain_range(services.store, RangeQuestion(model, field, span, version, segment))
    return explain(services.store, services.settings, Question(model, field, version, moment, segment))
