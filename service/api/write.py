"""Routes that change something: contracts, labels, baselines, and what a pipeline reports back."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from alerting.outbox import Action
from detectors.reference_rows import baseline_from_rows, columns_of_rows
from driftline.contracts import Contract
from driftline.errors import InvalidInput, Unauthorized
from driftline.events import Label, LabelReceipt, record_labels
from driftline.webhooks import verify, webhook_secret
from service.application import Application


class LabelIn(BaseModel):
    """A ground truth for one event."""

    model_config = ConfigDict(extra="forbid")

    event_id: str = Field(min_length=1, description="Id of the request the label is for.")
    label: str = Field(description="The true class, written as the model writes its prediction.")
    labelled_at: datetime | None = Field(default=None, description="When it was found; now when absent.")


class LabelsIn(BaseModel):
    """A delivery of labels; sending it again is harmless."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"labels": [{"event_id": "req-17", "label": "7"}]}},
    )

    labels: list[LabelIn] = Field(min_length=1, max_length=100_000)


class BaselineIn(BaseModel):
    """A reference as rows of the contract's columns, for example a hold-out set with predictions."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "holdout of version 2",
                "version": "2",
                "labelled": 2,
                "correct": 2,
                "rows": [
                    {"image.brightness": 0.31, "scores.class": "7"},
                    {"image.brightness": 0.28, "scores.class": "3"},
                ],
            }
        },
    )

    name: str = Field(min_length=1, max_length=200)
    version: str = Field(default="", description="Version it stands for; empty for any.")
    rows: list[dict[str, Any]] = Field(min_length=1, max_length=1_000_000)
    labelled: float = Field(default=0.0, ge=0, description="Labelled rows.")
    correct: float = Field(default=0.0, ge=0, description="Of them, predicted right.")


class BaselineOut(BaseModel):
    """A stored baseline."""

    baseline_id: str
    model: str
    version: str
    name: str
    created_at: datetime
    rows: int
    columns: list[str]
    accuracy: float | None


class OutcomeIn(BaseModel):
    """What a pipeline reports about a retrain it was asked for."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["running", "succeeded", "failed"]
    run_id: str = Field(default="", max_length=500)
    detail: dict[str, Any] = Field(default_factory=dict, description="Gate figures, deployed version, log.")


class ActionOut(BaseModel):
    """An action as it stands after a report."""

    action_id: str
    model: str
    kind: str
    state: str
    attempt: int
    outcome: dict[str, Any] | None


def write_router(application: Application) -> APIRouter:
    """Routes on one application; all but the pipeline's report ask for the token when one is set."""
    router = APIRouter(tags=["changes"])
    guarded = [Depends(_token_check(application))]

    @router.put("/models/{model}/contract", summary="Register a contract", dependencies=guarded)
    def put_contract(model: str, contract: Annotated[Contract, Body()]) -> Contract:
        """Store what a model takes and gives; registering what is in force changes nothing."""
        if contract.model != model:
            raise InvalidInput(f"the contract is for {contract.model!r}, the address for {model!r}")
        return application.contracts.register(contract)

    @router.post("/models/{model}/labels", summary="Deliver labels", dependencies=guarded)
    def post_labels(model: str, delivery: LabelsIn) -> LabelReceipt:
        """Store ground truths; when this answers they are durable. Unknown events are counted, not lost."""
        application.contracts.required(model)
        now = datetime.now(UTC)
        labels = [
            Label(label.event_id, label.label, _utc(label.labelled_at) or now) for label in delivery.labels
        ]
        return record_labels(application.store, model, labels)

    @router.post("/models/{model}/baselines", summary="Set a baseline", status_code=201, dependencies=guarded)
    def post_baseline(model: str, reference: BaselineIn) -> BaselineOut:
        """Make a baseline from rows; windows are judged against it from the next cycle on."""
        contract = application.contracts.required(model)
        baseline = baseline_from_rows(
            application.store,
            contract,
            [columns_of_rows(contract, reference.rows)],
            name=reference.name,
            source="api",
            version=reference.version,
            labelled=reference.labelled,
            correct=reference.correct,
        )
        return BaselineOut(
            baseline_id=baseline.baseline_id,
            model=model,
            version=baseline.version,
            name=baseline.name,
            created_at=baseline.created_at,
            rows=baseline.rows,
            columns=sorted(baseline.columns),
            accuracy=baseline.accuracy,
        )

    @router.post(
        "/actions/{action_id}/outcome",
        summary="Report a retrain's outcome",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": OutcomeIn.model_json_schema(),
                        "example": {
                            "status": "succeeded",
                            "run_id": "run-42",
                            "detail": {"gate": {"passed": True}, "deployed_version": "2"},
                        },
                    }
                },
            }
        },
    )
    async def post_outcome(action_id: str, request: Request) -> ActionOut:
        """Follow a pipeline run: signed as a Standard Webhook with the shared key, else 401."""
        raw = await request.body()
        verify(webhook_secret(application.settings), request.headers, raw)
        try:
            report = OutcomeIn.model_validate(orjson.loads(raw))
        except (ValidationError, orjson.JSONDecodeError) as error:
            raise InvalidInput(f"the report is wrong: {error}") from error
        outcome = {"run_id": report.run_id, "detail": report.detail}
        # The store blocks; a report is rare and small, so the thread pool takes it.
        return _action_out(
            await run_in_threadpool(application.outbox.report, action_id, report.status, outcome)
        )

    return router


def _action_out(action: Action) -> ActionOut:
    return ActionOut(
        action_id=action.action_id,
        model=action.model,
        kind=action.kind,
        state=action.state,
        attempt=action.attempt,
        outcome=dict(action.outcome) if action.outcome else None,
    )


def _token_check(application: Application) -> Any:
    token = application.settings.api_token

    def check(authorization: Annotated[str, Header()] = "") -> None:
        if token is None:
            return
        given = authorization.removeprefix("Bearer ").encode()
        if not secrets.compare_digest(given, token.get_secret_value().encode()):
            raise Unauthorized("send the API token as 'Authorization: Bearer …'")

    return check


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
