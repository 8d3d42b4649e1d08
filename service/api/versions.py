"""Two versions of a model side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from detectors.versions import ComparisonQuestion, ParityQuestion, compare_versions
from detectors.versions.pairing import Pairing
from driftline.readmodel.version_comparison import VersionComparison
from driftline.readmodel.version_parity import VersionParity
from service.api.examples import example_of
from service.api.parameters import KnownModel, Services, as_utc
from service.api.version_examples import COMPARISON, PARITY
from service.parity import parity_with_cost
from service.tolerances import parse_tolerances

router = APIRouter(tags=["versions"])

Since = Annotated[
    datetime | None,
    Query(description="Start; the first answer of the version that came later when absent. Keep it."),
]
Until = Annotated[datetime | None, Query(description="End; now when absent.")]


@router.get(
    "/models/{model}/comparison",
    summary="A challenger against the champion",
    responses=example_of(COMPARISON),
)
def get_comparison(
    services: Services,
    model: KnownModel,
    champion: Annotated[str, Query(description="Version that serves.", examples=["1"])],
    challenger: Annotated[str, Query(description="Version that would replace it.", examples=["2"])],
    since: Since = None,
    until: Until = None,
    metric: Annotated[str, Query(description="A mean over events; the primary one when empty.")] = "",
    margin: Annotated[
        float | None,
        Query(description="Accepted loss in the metric's unit; the contract's tolerance when absent."),
    ] = None,
    pairing: Annotated[Pairing, Query(description="Whether both answered the same requests.")] = "auto",
    segment: Annotated[str, Query(description="As field=value; all rows when empty.")] = "",
    alpha: Annotated[float, Query(gt=0, lt=1, description="Chance of ever giving a wrong verdict.")] = 0.05,
) -> VersionComparison:
    """Better, not worse, worse or not decided yet; may be asked after every label."""
    question = ComparisonQuestion(
        model=model,
        champion=champion,
        challenger=challenger,
        since=as_utc(since),
        until=as_utc(until),
        metric=metric,
        margin=margin,
        pairing=pairing,
        segment=segment,
        alpha=alpha,
    )
    return compare_versions(services.store, services.settings, question)


@router.get(
    "/models/{model}/parity",
    summary="Whether an optimised variant still answers alike",
    responses=example_of(PARITY),
)
def get_parity(
    services: Services,
    model: KnownModel,
    a: Annotated[str, Query(description="Version of the original.", examples=["1"])],
    b: Annotated[str, Query(description="Version of the variant.", examples=["1-int8"])],
    since: Since = None,
    until: Until = None,
    tolerance: Annotated[
        tuple[str, ...], Query(description="Of a numeric output, as NAME=ABS or NAME=ABS,REL; repeatable.")
    ] = (),
    required: Annotated[float, Query(gt=0, le=1, description="Share of inputs that has to agree.")] = 0.99,
) -> VersionParity:
    """Agreement output by output, worst examples, speed and cost gained."""
    question = ParityQuestion(
        model=model,
        a=a,
        b=b,
        since=as_utc(since),
        until=as_utc(until),
        tolerances=parse_tolerances(tolerance),
        required=required,
    )
    return parity_with_cost(services.store, services.settings, question)
