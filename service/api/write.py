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
from driftline.contracts import Contract
from driftline.errors import InvalidInput, Unauthorized
from driftline.events import Label, LabelReceipt, record_labels
from driftline.webhooks import verify, webhook_secret
from service.application import Application


class LabelIn(BaseModel):
    """A ground truth for one event."""

    model_config = ConfigDict(extra="forbid")

    event_id: str = Field(min_length=1, description="Id of the request the label is for.")
    label: str = Field(
        description="The true class as the model writes it, a number or a text: what the task asks for."
    )
    labelled_at: datetime | None = Field(default=None, description="When it was found; now when absent.")
    name: str = Field(
        default="", max_length=100, description="Empty for the truth, else the business figure it is."
    )
    propensity: float = Field(
        default=1.0, description="Probability that just this event would be labelled, above 0 and at most 1."
    )


class LabelsIn(BaseModel):
    """A delivery of labels; sending it again is harmless."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"labels": [{"event_id": "req-17", "label": "7"}]}},
    )

    labels: list[LabelIn] = Field(min_length=1, max_length=100_000)


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
    guarded = [Depends(token_check(application))]

    @router.put("/models/{model}/contract", summary="Register a contract", dependencies=guarded)
    def put_contract(model: str, contract: Annotated[Contract, Body()]) -> Contract:
        """Store what a model takes and gives; registering what is in force changes nothing."""
        if contract.model != model:
            raise InvalidInput(f"the contract is for {contract.model!r}, the address for {model!r}")
        return application.contracts.register(contract)

    @router.post("/models/{model}/labels", summary="Deliver labels", dependencies=guarded)
    def post_labels(model: str, delivery: LabelsIn) -> LabelReceipt:
        """Store ground truths; when this answers they are durable. Unknown events are counted, not lost.

        What cannot be a label by the model's contract is refused one by one; the others are stored.
        """
        contract = application.contracts.required(model)
        now = datetime.now(UTC)
        labels = [
            Label(
                label.event_id,
                label.label,
                _utc(label.labelled_at) or now,
                label.name,
                label.propensity,
                "api",
            )
            for label in delivery.labels
        ]
        return record_labels(application.store, model, labels, contract)

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


def token_check(application: Application) -> Any:
    """A dependency that asks for the API token, when one is set."""
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
